/**
 * Server-side sessions: create, open, change and revoke them. The application checks the password. The {@link
 * SessionManager} saves the session in a store, issues its token, and enforces timeouts and revocation. Stores, caches
 * and framework adapters have separate import paths.
 *
 * @example
 * ```ts
 * import { SessionManager } from "coatcheck";
 * import { memoryStore } from "coatcheck/store/memory";
 *
 * const sessions = new SessionManager({ store: memoryStore(), secrets: ["a long secret of your own"] });
 * const { record, token } = await sessions.create({ subject: "user-7" });
 * const session = await sessions.resume(token);
 * if (session.refusal === null) console.log(session.subject); // user-7
 * await sessions.revoke({ session: record.id }, "logout");
 * console.log((await sessions.resume(token)).refusal); // revoked
 * ```
 *
 * @module
 */

export type {
  BindingAction,
  BindingPolicy,
  BindingRules,
  ClientChange,
  Difference,
  RequestClient,
  UnusualLogin,
} from "./session/binding.ts";
export { type Clock, type Schedule, systemClock, systemSchedule } from "./session/clock.ts";
export type { IssuedSession } from "./session/dependencies.ts";
export { CoatcheckError, ERROR_STATUS, type ErrorCode, errorBody, type Fault } from "./session/errors.ts";
export type { RefusalReason, SessionEvents } from "./session/events.ts";
export type { ImpersonateOptions } from "./session/impersonations.ts";
export type { JsonObject, JsonValue } from "./session/json.ts";
export { SessionManager, type SessionManagerOptions } from "./session/manager.ts";
export type { AuthenticatedSession, StoredSession } from "./session/narrowed.ts";
export { compareNewestFirst, type PagePosition, pageOf, readPageRequest } from "./session/page.ts";
export type { PlainSession } from "./session/plain-session.ts";
export { DEFAULT_POLICY, type SessionPolicy } from "./session/policy.ts";
export {
  type ClientInfo,
  isLive,
  isSessionId,
  type RevokeReason,
  type SessionRecord,
} from "./session/record.ts";
export type { Actor, RecordedActor } from "./session/recorded-actor.ts";
export type { RecordedBinding } from "./session/recorded-binding.ts";
export type { Conversion, RecordedVisit, VisitSource } from "./session/recorded-visit.ts";
export type { Refusal } from "./session/resumer.ts";
export type { DataOptions } from "./session/schema.ts";
export { requireFilter, requireKey, requireScope } from "./session/scope.ts";
export { Session } from "./session/session.ts";
export type { Impersonation } from "./session/session-info.ts";
export type { ConvertedOrder, SessionVisit, Tracked } from "./session/session-visit.ts";
export type {
  LogItem,
  LogPage,
  LogPosition,
  Page,
  PageRequest,
  PutOptions,
  PutOutcome,
  RevocationScope,
  SessionFilter,
  SessionStore,
  Snapshot,
  StoreStats,
  Touch,
} from "./session/store.ts";
export type { AuthenticateOptions, CreateOptions } from "./session/transitions.ts";
export { UsageError } from "./session/usage-error.ts";
