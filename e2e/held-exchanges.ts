import { type IncomingMessage, request } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { buffer } from "node:stream/consumers";

/** A request that the proxy holds back, and its response. */
export interface HeldExchange {
  /** Forwards the request to the server, even if the browser has aborted it. Resolves when the response has arrived. */
  forward(): Promise<void>;
  /** Sends the response to the browser. */
  respond(): void;
  /** Closes the connection without a response. */
  drop(): void;
}

/** Holds back the requests with one method and path, in the order received. */
export class HeldExchanges {
  readonly #waiting: ((exchange: HeldExchange) => void)[] = [];
  readonly #received: HeldExchange[] = [];

  add(exchange: HeldExchange): void {
    const receive = this.#waiting.shift();
    if (receive) receive(exchange);
    else this.#received.push(exchange);
  }

  /** Resolves to the next exchange when its request arrives. */
  next(): Promise<HeldExchange> {
    const exchange = this.#received.shift();
    if (exchange) return Promise.resolve(exchange);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

/** Sends a request with this body to the site. Resolves when the response's headers have arrived. */
type SendRequest = (body: Buffer) => Promise<IncomingMessage>;

/** Reads a request, and holds back the request and its response until the test releases them. */
export async function holdExchange(
  incoming: Http2ServerRequest,
  outgoing: Http2ServerResponse,
  send: SendRequest,
): Promise<HeldExchange> {
  const requestBody = await buffer(incoming);
  let response: IncomingMessage;
  let responseBody: Buffer;
  return {
    async forward() {
      response = await send(requestBody);
      responseBody = await buffer(response);
    },
    respond() {
      outgoing.writeHead(response.statusCode ?? 502, http2Headers(response));
      outgoing.end(responseBody);
    },
    drop: () => outgoing.stream.close(),
  };
}

/** Returns the headers of a response without the headers that HTTP/2 forbids. */
export function http2Headers(response: IncomingMessage): IncomingMessage["headers"] {
  const { connection: _, "keep-alive": __, "transfer-encoding": ___, ...fields } = response.headers;
  return fields;
}

/** Sends a request with this body over HTTP/1.1. */
export function sendBody(
  url: string,
  options: { method: string; headers: Record<string, string | string[] | undefined> },
  body: Buffer,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(url, options, resolve).on("error", reject).end(body);
  });
}
