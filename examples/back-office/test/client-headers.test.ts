import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { createHeaderReplacer } from "../src/client-headers.ts";

/** Returns the headers of a request from `address` as Next.js gets them. */
function headersAfter(
  trustProxy: Parameters<typeof createHeaderReplacer>[0],
  address: string,
  sent: Readonly<Record<string, string>>,
) {
  const request = new IncomingMessage(
    Object.defineProperty(new Socket(), "remoteAddress", { value: address }),
  );
  Object.assign(request.headers, { host: "office.example", ...sent });
  createHeaderReplacer(trustProxy)(request);
  return request.headers;
}

const FORGED_HEADERS = {
  "x-forwarded-for": "192.0.2.1",
  "x-forwarded-proto": "https",
  "x-forwarded-host": "evil.example",
  forwarded: "for=192.0.2.1",
};

describe("clientHeaders()", () => {
  it("ignores forwarding headers from untrusted senders, and forwards the connection's address instead", () => {
    expect(headersAfter(false, "::ffff:203.0.113.7", FORGED_HEADERS)).toEqual({
      host: "office.example",
      "x-forwarded-for": "203.0.113.7",
      "x-forwarded-proto": "http",
      "x-forwarded-host": "office.example",
    });
  });

  it("keeps the addresses that trusted proxies report, and drops the addresses that the client has sent", () => {
    const sent = {
      "x-forwarded-for": "192.0.2.1, 203.0.113.7",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "office.example",
    };
    const expected = { ...sent, "x-forwarded-for": "203.0.113.7", host: "office.example" };
    expect(headersAfter(1, "10.0.0.9", sent)).toEqual(expected);
    expect(headersAfter(["10.0.0.0/8"], "10.0.0.9", sent)).toEqual(expected);
    expect(headersAfter(["10.0.0.0/8"], "198.51.100.4", sent)["x-forwarded-for"]).toBe("198.51.100.4");
  });
});
