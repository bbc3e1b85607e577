import type { IncomingMessage } from "node:http";
import { startLocalServer } from "./local-server.ts";

/**
 * Starts a server on another origin. Allows all cross-origin requests, tries to plant a CSRF token, and records
 * requests.
 */
export async function startOtherOrigin() {
  const headers: IncomingMessage["headers"][] = [];
  const lines: string[] = [];
  const { port, close } = await startLocalServer(async (request, response) => {
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
  return { origin: `http://127.0.0.1:${port}`, headers, lines, close };
}
