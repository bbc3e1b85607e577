import type { IncomingMessage, ServerResponse } from "node:http";
import type { MaybePromise } from "../../session/maybe-promise.ts";
import { runOutside } from "../../session/mutex.ts";
import type { ErrorResponse } from "../error-response.ts";
import type { HttpSessions } from "../http-sessions.ts";
import type { HttpRequest, ResponseHeaders } from "../message.ts";
import type { RequestSession } from "../request-session.ts";
import { deferHeaders, type HeadersHook } from "./hold-response.ts";

/**
 * Opens the session handle of a `node:http` request. Loading the session defers the response headers until its commit.
 *
 * @param response omitted for a request of the server's `upgrade` event. Without a response no headers can be set, so
 *   the handler must call `save()` to store changes of the session, and no new token can be issued.
 */
export function openNodeSession<Data>(
  http: HttpSessions<Data>,
  request: IncomingMessage,
  response?: ServerResponse,
): RequestSession<Data> {
  return new NodeExchange(http, request, response).session;
}

/**
 * Adapts a request of `node:http`, or of a framework on top of it, to the core. Also commits the session before the
 * response headers are sent.
 */
class NodeExchange<Data> implements HttpRequest, HeadersHook {
  readonly session: RequestSession<Data>;
  readonly #request: IncomingMessage & { readonly originalUrl?: string };

  constructor(http: HttpSessions<Data>, request: IncomingMessage, response: ServerResponse | undefined) {
    this.#request = request;
    // For an upgrade, do not set headers on the response: the WebSocket library sends the headers, and Socket.IO passes
    // an object that only resembles a response.
    const sender = isUpgrade(request) ? undefined : response;
    this.session = http.open(this, () => sender !== undefined && deferHeaders(sender, this));
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
    const { headers } = this.#request;
    // HTTP/2 sends the host in a pseudo-header (RFC 9113 §8.3.1).
    const value = headers[name] ?? (name === "host" ? headers[":authority"] : undefined);
    return typeof value === "object" ? value.join(", ") : value;
  }

  beforeSend(headers: ResponseHeaders, status: number): MaybePromise<void> {
    // The application may end the response inside the function that it passes to `update()`. Inside that function,
    // `commit()` throws to prevent a deadlock. The function does not await this commit, so run the commit as if outside
    // of it.
    return runOutside(() => this.session.commit(headers, status));
  }

  onFailure(error: unknown): ErrorResponse {
    return this.session.failed(error);
  }
}

/**
 * Whether Node emitted the request as `upgrade`. False for an `Upgrade` header that the server ignores, such as `h2c`.
 */
function isUpgrade(request: IncomingMessage & { readonly upgrade?: boolean }): boolean {
  return request.upgrade === true;
}
