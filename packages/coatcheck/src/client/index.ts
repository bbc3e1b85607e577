export type { Clock } from "./clock.ts";
export { createSessionManager } from "./create-client.ts";
export { type CsrfNames, XSRF_NAMES } from "./csrf.ts";
export type { Devices } from "./devices.ts";
export { SessionError, type SessionErrorCode } from "./error.ts";
export type { SessionMetrics } from "./metrics.ts";
export type { Revalidate, SessionManagerOptions } from "./options.ts";
export type { Scope } from "./scope.ts";
export type { LogoutOptions, SessionManager } from "./session-client.ts";
export type {
  AnonymousState,
  AuthenticatedState,
  NoneState,
  PendingState,
  SessionMeta,
  SessionState,
} from "./state.ts";
export { followEvents } from "./stream.ts";
export type * from "./wire.ts";
