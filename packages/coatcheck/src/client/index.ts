export type { ClientClock } from "./clock.ts";
export { createSessionClient } from "./create-client.ts";
export { type CsrfNames, XSRF_NAMES } from "./csrf.ts";
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
export type * from "./wire.ts";
