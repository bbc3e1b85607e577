import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** Starts a server on another origin that allows every cross-origin request, tries to plant a token, and records what it receives. */
export async function startOtherOrigin() {
  const headers: IncomingMessage["headers"][] = [];
  const lines: string[] = [];
  const server = createServer((request, response) => {
    headers.push(request.headers);
    lines.push(`${request.method} ${request.url}`);
    response.writeHead(200, {
      "content-type": "application/json",
      "access-control-allow-origin": request.headers.origin ?? "*",
      "access-control-allow-credentials": "true",
      "access-control-allow-headers": "x-csrf-token, content-type",
      "access-control-allow-methods": "POST",
      "access-control-expose-headers": "x-csrf-token",
      "x-csrf-token": "planted",
    });
    response.end(JSON.stringify({ success: true, data: { csrf_token: "planted" } }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    headers,
    lines,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
