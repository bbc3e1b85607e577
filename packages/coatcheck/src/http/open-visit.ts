import type { Client } from "./client-address.ts";
import type { HttpRequest } from "./message.ts";
import type { HttpContext } from "./resolved.ts";
import type { RequestVisit, VisitRequest } from "./visits.ts";

type Context = Pick<HttpContext<never>, "options" | "cookie" | "clientAddress">;

/** Opens the visit of a request; null if the application does not collect visits. */
export function openVisit(http: Context, request: HttpRequest): RequestVisit | null {
  return http.options.visits?.open(new LazyVisitRequest(http, request)) ?? null;
}

/** Resolves the client once, at its first use, because only requests for documents use it. */
class LazyVisitRequest implements VisitRequest {
  readonly request: HttpRequest;
  readonly #http: Context;
  #client: Client | null = null;

  constructor(http: Context, request: HttpRequest) {
    this.#http = http;
    this.request = request;
  }

  get client(): Client {
    this.#client ??= this.#http.clientAddress.resolve(this.request);
    return this.#client;
  }

  get secure(): boolean {
    return this.#http.cookie.secure;
  }
}
