import type { JsonObject } from "../session/json.ts";
import { RequestSession } from "./request-session.ts";

/**
 * Sets `request.session` to the session handle. If visits are collected, also sets `request.visit` and
 * `request.visitorId`.
 *
 * @throws TypeError when another session library has set `request.session`. That library would look for its own session
 *   when the response ends.
 */
export function attachSession<Data>(request: object, session: RequestSession<Data>): RequestSession<Data> {
  const owner = request as { session?: unknown; visit?: unknown; visitorId?: unknown };
  if (owner.session && !(owner.session instanceof RequestSession)) {
    throw new TypeError(
      "request.session belongs to another session middleware: mount coatcheck() or the other one, not both.",
    );
  }
  owner.session = session;
  if (session.visit !== null) {
    owner.visit = session.visit;
    owner.visitorId = session.visit.visitorId;
  }
  return session;
}

/**
 * Returns the session handle of a request, typed.
 *
 * @throws TypeError when no adapter is mounted before the caller.
 * @example
 * const session = await sessionOf<Cart>(request).load();
 */
export function sessionOf<Data = JsonObject>(request: object): RequestSession<Data> {
  const session: unknown = (request as { session?: unknown } | null | undefined)?.session;
  if (session instanceof RequestSession) return session;
  throw new TypeError("This request has no session: mount coatcheck() before the handlers that use it.");
}
