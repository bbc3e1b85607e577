import type { JsonObject } from "../session/json.ts";
import { RequestSession } from "./request-session.ts";

/**
 * Makes the handle the request's `session`. Throws `TypeError` when that is another library's: it has taken hold of the
 * response as well, and would look for its own session at the end.
 */
export function attach<Data>(request: object, session: RequestSession<Data>): RequestSession<Data> {
  const owner = request as { session?: unknown };
  if (owner.session && !(owner.session instanceof RequestSession)) {
    throw new TypeError("request.session is another session layer's: mount only one of the two.");
  }
  owner.session = session;
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
