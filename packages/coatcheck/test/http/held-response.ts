import { once } from "node:events";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach } from "vitest";
import { errorAnswer } from "../../src/http/error-answer.ts";
import { type HeadGuard, holdHead } from "../../src/http/node-response.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Defers the headers of a response until `before` is done. */
export function hold(response: ServerResponse, before: HeadGuard["before"]): void {
  holdHead(response, { before, failed: errorAnswer });
}

/** Starts a server that is stopped after the test. `requested` resolves when it has handled its first request. */
export async function listen(handler: RequestListener) {
  const requested = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    handler(request, response);
    requested.resolve();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}`, requested: requested.promise };
}
