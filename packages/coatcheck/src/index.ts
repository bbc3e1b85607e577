/**
 * Server-side sessions: create, open, change and revoke them. The application checks the password; the
 * {@link SessionManager} keeps the session in a store, issues its token, and enforces timeouts and revocation. Stores,
 * caches and framework adapters have import paths of their own.
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

export type { CachedSession } from "./session/cached-session.ts";
export { type Clock, type Schedule, systemClock, systemSchedule } from "./session/clock.ts";
export type { Commit, CommitState } from "./session/commit.ts";
export type { IssuedSession, MergeData } from "./session/dependencies.ts";
export {
  CoatcheckError,
  ERROR_STATUS,
  type ErrorBody,
  type ErrorCode,
  type ErrorDetails,
  errorBody,
  type Fault,
} from "./session/errors.ts";
export { type RefusalReason, SessionEmitter, type SessionEvents } from "./session/events.ts";
export type { JsonArray, JsonObject, JsonValue } from "./session/json.ts";
export { SessionManager, type SessionManagerOptions } from "./session/manager.ts";
export { applyMergePatch, diffMergePatch } from "./session/patch.ts";
export {
  type Activity,
  DEFAULT_POLICY,
  type SessionLimit,
  type SessionPolicy,
  type Timeouts,
} from "./session/policy.ts";
export type { ReadOptions, ReadResult, SessionReader, Tier } from "./session/reader.ts";
export {
  type ClientInfo,
  endsAt,
  isLive,
  isSessionId,
  type RevokeReason,
  type SessionRecord,
  type SessionState,
  type SessionType,
} from "./session/record.ts";
export type { Refusal } from "./session/resumer.ts";
export type { DataOptions, Migration } from "./session/schema.ts";
export { type MaybePromise, Session } from "./session/session.ts";
export type { Assurance } from "./session/start.ts";
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
export { compactId, type RandomSource, SecretRing } from "./session/token.ts";
export type { AuthenticateOptions, CreateOptions } from "./session/transitions.ts";
