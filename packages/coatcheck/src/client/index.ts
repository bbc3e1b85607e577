/**
 * The session client for browsers. It calls the session endpoints, stores the session in nanostores atoms, sends the
 * CSRF token, and shares its state with the browser's other tabs. It needs no framework.
 *
 * @example
 * ```ts
 * import { createSessionClient, followEvents } from "coatcheck/client";
 *
 * const client = createSessionClient<{ name: string }>();
 * client.$session.subscribe(({ status, user }) => {
 *   document.title = status === "authenticated" ? `Shop of ${user.name}` : "Shop";
 * });
 * await client.getSession();
 * followEvents(client);
 * ```
 *
 * @module
 */

export type * from "../wire.ts";
export type { ClientClock } from "./clock.ts";
export { createSessionClient } from "./create-client.ts";
export { type CsrfNames, XSRF_NAMES } from "./csrf.ts";
export type { Debug, DebugEvent } from "./debug.ts";
export type { Devices } from "./devices.ts";
export { SessionError, type SessionErrorCode } from "./error.ts";
export type { SessionMetrics } from "./metrics.ts";
export type { Revalidate, SessionClientOptions } from "./options.ts";
export type { Scope } from "./scope.ts";
export type { LogoutOptions, SessionClient } from "./session-client.ts";
export type {
  AnonymousState,
  AuthenticatedState,
  ClientState,
  NoneState,
  PendingState,
  SessionMeta,
} from "./state.ts";
export { followEvents } from "./stream.ts";
