import type { RevokeReason, SessionRecord, SessionState, SessionType } from "./record.ts";

/**
 * A position in the store's revocation log. A copy read at position `p` reflects every log item below `p`; it may not
 * reflect items at `p` or above. Positions never decrease.
 */
export type LogPosition = number;

/**
 * A record and the log position at which it was read. Caches compare the position with later log items. A store that
 * cannot read both at the same moment must read the position first. A position that is newer than the record would hide
 * a revocation.
 */
export interface Snapshot {
  readonly record: SessionRecord;
  readonly position: LogPosition;
}

/**
 * The sessions that a revocation ends: exactly one of `session`, `subject`, `tenant` and `everyone`. `except` excludes
 * one session, for "log out my other devices". `requireScope` checks that exactly one is given.
 */
export type RevocationScope =
  | { readonly session: string }
  | { readonly subject: string; readonly except?: string }
  | { readonly tenant: string }
  | { readonly everyone: true };

/**
 * An item of the revocation log. An item for one session invalidates its cached copies with a version below
 * `minVersion`. An item for a scope invalidates every matching copy that was read at or before `position`. An item for
 * a key invalidates cached copies of the application's own data under that key, and no session.
 */
export type LogItem =
  | { readonly position: LogPosition; readonly session: string; readonly minVersion: number }
  | { readonly position: LogPosition; readonly scope: Exclude<RevocationScope, { session: string }> }
  | { readonly position: LogPosition; readonly key: string };

/** The result of one call of {@link SessionStore.changes}. */
export interface LogPage {
  readonly items: readonly LogItem[];
  /** The position up to which the log has been read, never below the given cursor. Pass it to the next call. */
  readonly cursor: LogPosition;
}

/** Conditions and effects of {@link SessionStore.put}. */
export interface PutOptions {
  /** 0: no session with this id may exist. A higher number: the session must be active and have this version. */
  readonly expectedVersion: number;
  /**
   * `privilege` (a new secret, subject, tenant or elevation) also appends to the revocation log in the same atomic
   * step, because caches on other nodes must stop serving the old copy. The item's `minVersion` is the new version.
   * `data` appends nothing.
   */
  readonly change: "data" | "privilege";
  /**
   * The most live sessions that the record's subject may have at `now` (epoch milliseconds), including this record.
   * Checked in the same atomic step, so that two concurrent logins cannot both pass the check. If the version also
   * conflicts, the result is `conflict`.
   */
  readonly sessionLimit?: { readonly max: number; readonly now: number };
}

/**
 * `conflict`: the stored version was not the expected version. `over-limit`: the subject has reached its session limit.
 */
export type PutOutcome = "stored" | "conflict" | "over-limit";

/** The latest activity of a session. */
export interface Touch {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly lastSeenAt: number;
}

/**
 * Selects sessions for {@link SessionStore.list}. Every field that is present must match, and must have a value:
 * `{ subject: undefined }` would select everyone's sessions. `requireFilter` rejects such a filter.
 */
export interface SessionFilter {
  readonly subject?: string;
  readonly tenant?: string;
  readonly visitorId?: string;
  readonly parentId?: string;
  readonly owner?: string;
  readonly type?: SessionType;
  readonly state?: SessionState;
  /**
   * Selects sessions that are active now, and whose two timeouts both end later than this time, epoch milliseconds.
   * Excludes revoked sessions, even for a time before their revocation.
   */
  readonly liveAt?: number;
}

/** Selects one page of a list. */
export interface PageRequest {
  /** The most sessions on the page, 1 to 1000. */
  readonly limit: number;
  /** The `next` of the previous page; absent for the first page. A malformed cursor throws `VALIDATION_FAILED`. */
  readonly cursor?: string;
}

/** One page of sessions, newest first: by `createdAt`, then `id`, both descending. */
export interface Page {
  readonly records: readonly SessionRecord[];
  /** The cursor of the next page; null on the last page. */
  readonly next: string | null;
}

/**
 * Counts of the stored sessions. `total`: all rows. `active`: live sessions. `authenticated`: live sessions that are
 * logged in.
 */
export interface StoreStats {
  readonly total: number;
  readonly active: number;
  readonly authenticated: number;
  /** When the oldest and the newest live session were created, epoch milliseconds; null without live sessions. */
  readonly oldest: number | null;
  readonly newest: number | null;
  /** The time of these counts, epoch milliseconds. */
  readonly countedAt: number;
}

/**
 * Stores sessions. Every method is required.
 *
 * - **Missing**: no row has the id. `get` returns null; `put` with an expected version above 0 returns `conflict`.
 * - **Expired**: the row still exists. `get` returns it, and the caller checks the timeouts, as it does for every copy.
 *   `sweep` deletes it later.
 * - **Revoked**: the row stays as a tombstone until `sweep` deletes it. It never becomes active again.
 * - **Malformed**: an id that `isSessionId` rejects is treated like a missing id, even if the database would match it,
 *   such as an id in upper case.
 * - **Unchanged**: `get` and `list` return every field as `put` received it, including the order of names in JSON
 *   objects. A caller cannot change the stored record through an object that it has passed in or received.
 * - **Exact**: subjects, tenants, owners and visitor ids are equal only if all their characters are: case, accents,
 *   Unicode normalization and blanks are significant. The default collations of MySQL and SQL Server ignore some of
 *   these.
 * - **Invalid**: `revoke` and `list` throw `VALIDATION_FAILED` for an undefined, empty or unknown field of a scope,
 *   filter or page, as `requireScope`, `requireFilter` and `readPageRequest` do; `invalidate` throws it for a key that
 *   `requireKey` rejects.
 * - **Concurrent**: calls are linearizable at the primary: they behave as if they ran one after the other.
 * - **Durable**: an acknowledged write survives a crash of the process.
 * - **Failures**: an operation that the store cannot perform throws `STORE_UNAVAILABLE`, with the driver's error as
 *   `cause`.
 */
export interface SessionStore {
  /** Reads one session from the primary, never from a replica or a cache. */
  get(id: string): Promise<Snapshot | null>;

  /**
   * Creates or replaces one record by compare-and-set: the stored version must be `expectedVersion`, and the stored
   * record must be active. The new record's `version` is `expectedVersion + 1`. An update never creates a record, so a
   * slow request cannot revive a session that was revoked or deleted. `lastSeenAt` becomes the later of the stored and
   * the new value, because a touch may have been written since the record was read. Copies the record before it returns
   * the promise, so the caller may change its object at once.
   */
  put(record: SessionRecord, options: PutOptions): Promise<PutOutcome>;

  /**
   * Records activity: `lastSeenAt` becomes the later of the stored and the new value. Changes active rows only, keeps
   * `version`, and ignores missing ids. A crash may lose touches: then sessions end too early, but never too late. A
   * call is not atomic: a store may write many touches in several steps, and a call that fails may have written some of
   * them.
   */
  touch(touches: readonly Touch[]): Promise<void>;

  /**
   * Revokes active sessions permanently: sets `state` and `reason`, increments `version`, and appends one log item, in
   * one atomic step. Changes no other field. Resolves at commit. The step also stores the time of the revocation, from
   * a clock of the store or of the database. `sweep` needs it; records do not contain it.
   *
   * @returns the number of active sessions that it revoked. If it is 0 for one session or a subject, no log item is
   *   appended.
   */
  revoke(scope: RevocationScope, reason: RevokeReason): Promise<number>;

  /**
   * Appends one log item for a key, in one atomic step. Resolves at commit. Changes no session. Invalidates data of the
   * application that the caches of every node keep beside the sessions.
   *
   * @param key any string of 1 to 512 characters. `changes` returns it unchanged, including lone surrogates and NUL.
   * @returns the position of the item, as `changes` will return it.
   */
  invalidate(key: string): Promise<LogPosition>;

  /** Lists sessions, newest first. Uses keyset paging, so inserts and deletes do not shift later pages. */
  list(filter: SessionFilter, page: PageRequest): Promise<Page>;

  /**
   * Counts the sessions at `now`, epoch milliseconds. A store that counts slowly may return counts that are up to a
   * minute old, and then counts again in the background; `countedAt` is the time of the returned counts. With up to a
   * thousand sessions, every call waits for a new count.
   */
  stats(now: number): Promise<StoreStats>;

  /**
   * Reads the revocation log from `cursor` on. For a null cursor it returns no items and the present end of the log.
   *
   * Invariant: every revocation acknowledged before this call began is in this result or an earlier one. Items may be
   * repeated but never omitted, whatever order transactions commit in.
   */
  changes(cursor: LogPosition | null): Promise<LogPage>;

  /**
   * Deletes up to `limit` rows whose session ended before the time `before` (epoch milliseconds), and all log items
   * appended before that time. A revoked session ended when `revoke` was called. Any other session ended at the earlier
   * of its two timeouts. Log positions keep growing even if the log was emptied. Nodes may sweep concurrently: each row
   * is counted by one caller only. A call is not atomic: it deletes in small steps, so that other calls can run in
   * between. Rows that a failed call has deleted stay deleted.
   *
   * @returns the number of deleted rows.
   */
  sweep(before: number, limit: number): Promise<number>;

  /**
   * Finishes the accepted calls, then closes files and connections. Later calls throw `STORE_UNAVAILABLE`. May be
   * called more than once.
   */
  close(): Promise<void>;
}
