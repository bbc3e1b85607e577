import type { RequestClient } from "../session/binding.ts";
import type { Client } from "./client-address.ts";
import type { HttpRequest } from "./message.ts";

/** The request that a {@link ClientBinding} reads. */
export interface BindingRequest {
  readonly request: HttpRequest;
  /** Finds the client's address, as reported by the trusted proxies. */
  readonly client: () => Client;
}

/** Binds sessions to the client that logged in. `createBinding` of `coatcheck/device` implements it. */
export interface ClientBinding {
  /** Describes the client of a request. Called once for each request that loads its session. */
  open(request: BindingRequest): RequestClient;
}
