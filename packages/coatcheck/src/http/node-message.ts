import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpSessions } from "./core.ts";
import type { HttpRequest, ResponseHead } from "./message.ts";
import { holdHead } from "./node-response.ts";
import type { RequestSession } from "./request-session.ts";

/** Opens the session of a request to a Node server: once it is asked for, the response's headers wait for its commit. */
export function openNodeSession<Data>(
  http: HttpSessions<Data>,
  request: IncomingMessage,
  response: ServerResponse,
): RequestSession<Data> {
  const session: RequestSession<Data> = http.open(new NodeRequest(request), () =>
    holdHead(response, {
      before: () => session.commit(new NodeHead(response)),
      failed: (error) => session.failed(error),
    }),
  );
  return session;
}

/** A request of `node:http`, and of the frameworks on top of it. */
class NodeRequest implements HttpRequest {
  readonly #request: IncomingMessage & { readonly originalUrl?: string };

  constructor(request: IncomingMessage) {
    this.#request = request;
  }

  get method(): string {
    return this.#request.method ?? "GET";
  }

  get url(): string {
    return this.#request.originalUrl ?? this.#request.url ?? "/";
  }

  get address(): string | undefined {
    return this.#request.socket.remoteAddress;
  }

  get encrypted(): boolean {
    return "encrypted" in this.#request.socket;
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  }
}

/** The headers of a `ServerResponse` that has not left. */
class NodeHead implements ResponseHead {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  get(name: string): string | null {
    const value = this.#response.getHeader(name);
    if (value === undefined) return null;
    return Array.isArray(value) ? value.join(", ") : String(value);
  }

  set(name: string, value: string): void {
    this.#response.setHeader(name, value);
  }

  append(name: string, value: string): void {
    this.#response.appendHeader(name, value);
  }
}
