import type { Client } from "./client-address.ts";
import type { HttpRequest } from "./message.ts";
import type { HttpContext } from "./resolved.ts";
import type { RequestVisit, VisitRequest } from "./visits.ts";

type OpenVisitContext = Pick<HttpContext<never>, "options" | "cookie" | "clientAddress">;

/** Opens the visit of a request; null if the application does not collect visits. */
export function openVisit(http: OpenVisitContext, request: HttpRequest): RequestVisit | null {
  return http.options.visits?.open(new LazyVisitRequest(http, request)) ?? null;
}

/** Resolves the client once, at its first use, because only requests for documents use it. */
class LazyVisitRequest implements VisitRequest {
  readonly request: HttpRequest;
  readonly #http: OpenVisitContext;
  #client: Client | null = null;

  constructor(http: OpenVisitContext, request: HttpRequest) {
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
