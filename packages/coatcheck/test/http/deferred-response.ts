import { once } from "node:events";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { errorResponse } from "../../src/http/error-response.ts";
import { deferHeaders, type HeadersHook } from "../../src/http/node/hold-response.ts";

/** Holds back the headers of a response until `beforeSend` has finished. */
export function deferHeadersUntil(response: ServerResponse, beforeSend: HeadersHook["beforeSend"]): void {
  deferHeaders(response, { beforeSend, onFailure: errorResponse });
}

/**
 * Starts a server, which is stopped after the test. `requested` resolves when the handler has run for the first
 * request.
 */
export async function startServer(handler: RequestListener) {
  const requested = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    handler(request, response);
    requested.resolve();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}`, requested: requested.promise };
}
