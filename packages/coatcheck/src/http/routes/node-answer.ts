import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { pipeline, Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import type { RequestSession } from "../request-session.ts";
import { sessionOf } from "../session-of.ts";
import { type RouteRequest, readText } from "./request.ts";

/** What Express adds to a request. */
type Incoming = IncomingMessage & { readonly originalUrl?: string; readonly body?: unknown };

/** A request to a Node server, and to the frameworks that leave it as it is. */
export class NodeRequest<Data> implements RouteRequest<Data> {
  readonly #request: Incoming;

  constructor(request: Incoming) {
    this.#request = request;
  }

  get method(): string {
    return this.#request.method ?? "GET";
  }

  get url(): string {
    return this.#request.originalUrl ?? this.#request.url ?? "/";
  }

  get session(): RequestSession<Data> {
    return sessionOf<Data>(this.#request);
  }

  header(name: string): string | undefined {
    return headerOf(this.#request.headers, name);
  }

  async body(): Promise<unknown> {
    // Leaving the loop early must not take the connection down, which has an answer to carry.
    return this.#request.body ?? (await readText(this.#request.iterator({ destroyOnReturn: false })));
  }
}

/** One value, whatever number of lines it came in. */
export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "object" ? value.join(", ") : value;
}

/** Sends the answer; when the client goes away, or has gone already, the body is told. */
export function send(answer: Response, response: ServerResponse): void {
  if (response.destroyed) {
    void answer.body?.cancel();
    return;
  }
  response.statusCode = answer.status;
  for (const [name, value] of answer.headers) response.appendHeader(name, value);
  if (answer.body === null) response.end();
  else pipeline(Readable.fromWeb(answer.body as ReadableStream), response, () => undefined);
}
