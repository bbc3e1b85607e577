import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";
import {
  createUpstream,
  type Upstream,
  type UpstreamOptions,
  type UpstreamState,
} from "../../src/gateway/index.ts";

/** A request that the test upstream received. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly cookie: string;
  readonly token: string;
  readonly body: string;
}

export interface TestServer {
  readonly origin: string;
  readonly received: ReceivedRequest[];
  /** The number of connections opened so far. */
  readonly connections: () => number;
}

/** Starts a real HTTP server on a free port, and closes it at the end of the test. */
export async function startServer(
  handle: (request: IncomingMessage, response: ServerResponse, seen: ReceivedRequest) => unknown,
): Promise<TestServer> {
  const received: ReceivedRequest[] = [];
  let connections = 0;
  const listener: RequestListener = async (request, response) => {
    const entry = {
      method: request.method ?? "",
      path: request.url ?? "",
      cookie: request.headers.cookie ?? "",
      token: String(request.headers["x-csrf-token"] ?? ""),
      body: await text(request),
    };
    received.push(entry);
    await handle(request, response, entry);
  };
  const server = createServer(listener);
  server.on("connection", () => connections++);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, received, connections: () => connections };
}

export const GATEWAY_SECRET = "a secret of the gateway's tests";

/** Connects to an upstream, and closes the connections at the end of the test. By default, the gateway sends no CSRF token
 * and does not retry requests. */
export function connectUpstream(origin: string, options: Partial<UpstreamOptions> = {}): Upstream {
  const upstream = createUpstream({
    baseUrl: origin,
    csrf: null,
    secrets: [GATEWAY_SECRET],
    timeout: 5000,
    retries: 0,
    ...options,
  });
  onTestFinished(() => upstream.close());
  return upstream;
}

/** Creates an `UpstreamState` in memory. `swap()` is atomic, because it awaits nothing. */
export function createMemoryState(sessionId = crypto.randomUUID()): UpstreamState & { text: string | null } {
  return {
    sessionId,
    text: null,
    async read() {
      return this.text;
    },
    async swap(expected, next) {
      if (this.text === expected) this.text = next;
      return this.text;
    },
  };
}

/** Sends a JSON response. */
export function sendJson(
  response: ServerResponse,
  value: unknown,
  headers: Record<string, string | string[]> = {},
) {
  response.writeHead(200, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
}
