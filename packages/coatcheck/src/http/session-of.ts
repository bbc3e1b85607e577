import type { JsonObject } from "../session/json.ts";
import { RequestSession } from "./request-session.ts";

/** Makes the handle the request's `session`. */
export function attach<Data>(request: object, session: RequestSession<Data>): RequestSession<Data> {
  (request as { session?: unknown }).session = session;
  return session;
}

/**
 * The request's handle, typed. Throws `TypeError` when no adapter is mounted before the handler that asks.
 *
 * @example
 * const session = await sessionOf<Cart>(request).load();
 */
export function sessionOf<Data = JsonObject>(request: object): RequestSession<Data> {
  const session: unknown = Reflect.get(request, "session");
  if (session instanceof RequestSession) return session;
  throw new TypeError("This request has no session: mount coatcheck() before the handlers that use it.");
}
