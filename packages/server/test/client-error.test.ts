import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { sendClientError } from "../src/client-error.ts";

test.each([
  ["ERR_HTTP_REQUEST_TIMEOUT", "HTTP/1.1 408 Request Timeout", "took too long"],
  ["HPE_HEADER_OVERFLOW", "HTTP/1.1 413 Content Too Large", "too large"],
  ["HPE_INVALID_METHOD", "HTTP/1.1 400 Bad Request", "Malformed"],
])("sendClientError responds to %s with %s", async (code, line, message) => {
  const server = createServer((socket) => sendClientError(Object.assign(new Error(code), { code }), socket));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const response = await text(connect((server.address() as AddressInfo).port, "127.0.0.1"));
  expect(response.split("\r\n")[0]).toBe(line);
  expect(JSON.parse(response.split("\r\n\r\n")[1] ?? "").error.message).toContain(message);
  server.close();
});
