import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { pipeline, Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { isJsonObject } from "../../session/json.ts";
import type { RequestSession } from "../request-session.ts";
import { sessionOf } from "../session-of.ts";
import { type RouteRequest, readText } from "./request.ts";

/** A request with the properties that Express adds. */
type IncomingRequest = IncomingMessage & {
  readonly originalUrl?: string;
  readonly baseUrl?: string;
  readonly body?: unknown;
};

/** Adapts a `node:http` request, or the request of a framework on top of it, to the session endpoints. */
export class NodeRequest<Data> implements RouteRequest<Data> {
  readonly #request: IncomingRequest;

  constructor(request: IncomingRequest) {
    this.#request = request;
  }

  get method(): string {
    return this.#request.method ?? "GET";
  }

  get url(): string {
    return this.#request.originalUrl ?? this.#request.url ?? "/";
  }

  /** The path of the Express router that handles the request; empty at the root. */
  get mountPath(): string {
    return this.#request.baseUrl ?? "";
  }

  get session(): RequestSession<Data> {
    return sessionOf<Data>(this.#request);
  }

  header(name: string): string | undefined {
    return headerValue(this.#request.headers, name);
  }

  async body(): Promise<unknown> {
    const { body, readableDidRead } = this.#request;
    // A body parser of Express 4 sets an empty object if it skips a content type, such as the one of a beacon.
    const isSkipped = !readableDidRead && isJsonObject(body) && Object.keys(body).length === 0;
    if (body !== undefined && !isSkipped) return body;
    // Do not destroy the stream if reading stops early, because the connection is needed for the response.
    return (await readText(this.#request.iterator({ destroyOnReturn: false }))) || body;
  }
}

/** Returns the value of a header. Several lines are joined with a comma. */
export function headerValue(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "object" ? value.join(", ") : value;
}

/** Sends a fetch response over `node:http`. Cancels the body if the client disconnects or has disconnected. */
export function sendResponse(source: Response, response: ServerResponse): void {
  if (response.destroyed) {
    void source.body?.cancel();
    return;
  }
  response.statusCode = source.status;
  for (const [name, value] of source.headers) response.appendHeader(name, value);
  if (source.body === null) response.end();
  else pipeline(Readable.fromWeb(source.body as ReadableStream), response, () => undefined);
}
