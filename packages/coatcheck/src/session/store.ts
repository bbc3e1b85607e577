import type { RevokeReason, SessionRecord, SessionState, SessionType } from "./record.ts";

/**
 * A place in the store's revocation log. A copy read at position `p` reflects every log item whose position is
 * below `p`; items at `p` or above may be missing from it. Positions only grow.
 */
export type LogPosition = number;

/** A record together with the log position it was read at, which is what makes a cached copy checkable. */
export interface Snapshot {
  readonly record: SessionRecord;
  readonly position: LogPosition;
}

/** What a revocation reaches. `except` spares one session: "log out my other devices". */
export type RevocationScope =
  | { readonly session: string }
  | { readonly subject: string; readonly except?: string }
  | { readonly tenant: string }
  | { readonly everyone: true };

/**
 * What caches must learn. An item about one session refuses copies below `leastVersion`; an item about many
 * refuses every matching copy that was read at or before `position`.
 */
export type LogItem =
  | { readonly position: LogPosition; readonly session: string; readonly leastVersion: number }
  | { readonly position: LogPosition; readonly scope: Exclude<RevocationScope, { session: string }> };

/** One answer of {@link SessionStore.changes}. */
export interface LogPage {
  readonly items: readonly LogItem[];
  /** Pass it to the next call. Also the position up to which the log is now known. */
  readonly cursor: LogPosition;
}

/** How `put` decides. */
export interface PutOptions {
  /** 0: no session of this id may exist. n: it must be active and at version n. */
  readonly expectedVersion: number;
  /**
   * `privilege` (a new secret, subject, tenant or elevation) also appends to the log, in the same atomic step,
   * because caches elsewhere must stop answering with the old copy. `data` does not.
   */
  readonly change: "data" | "privilege";
  /**
   * At most this many live sessions of the record's subject, the record included, at `now`. Decided in the same
   * atomic step, so that two logins at once cannot both slip through.
   */
  readonly limit?: { readonly most: number; readonly now: number };
}

/** `conflict`: the expected version was not there. `over-limit`: the subject has as many sessions as it may. */
export type PutOutcome = "stored" | "conflict" | "over-limit";

/** One recorded activity. */
export interface Touch {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly lastSeenAt: number;
}

/** Which sessions `list` returns; every given field must match. */
export interface SessionFilter {
  readonly subject?: string;
  readonly tenant?: string;
  readonly visitorId?: string;
  readonly parentId?: string;
  readonly owner?: string;
  readonly type?: SessionType;
  readonly state?: SessionState;
  /** Only sessions that neither timeout has ended at this time, epoch milliseconds. */
  readonly liveAt?: number;
}

/** Which part of a list. */
export interface PageRequest {
  /** 1 to 1000. */
  readonly limit: number;
  /** The `next` of the page before; absent for the first. Anything else is `VALIDATION_FAILED`. */
  readonly cursor?: string;
}

/** Newest first, by `createdAt` then `id`, both descending. */
export interface Page {
  readonly records: readonly SessionRecord[];
  /** Null on the last page. */
  readonly next: string | null;
}

/** Counts over what is stored now, in seed words: `total` rows, `active` of them live. */
export interface StoreStats {
  readonly total: number;
  readonly active: number;
  readonly authenticated: number;
  /** Epoch milliseconds of the oldest and newest live session's creation; null when there is none. */
  readonly oldest: number | null;
  readonly newest: number | null;
}

/**
 * Where sessions are kept. Every method is required.
 *
 * - **Missing** means: no row of that id. `get` answers null, `put` with an expected version answers `conflict`.
 * - **Expired** rows are still rows: `get` returns them, and the caller judges the timeouts, wherever a copy came
 *   from. They go when `sweep` takes them.
 * - **Revoked** rows stay, as tombstones, until `sweep` takes them. Nothing makes them active again.
 * - **Malformed** ids are ids that no row has.
 * - **Concurrent** calls behave as if they ran one after the other (linearizable at the primary).
 * - An acknowledged write survives the death of the process.
 * - What the store cannot do throws `STORE_UNAVAILABLE` with the driver's error as `cause`; nothing else does.
 */
export interface SessionStore {
  /** Primary read: never a replica, never a cache. */
  get(id: string): Promise<Snapshot | null>;

  /**
   * Creates or replaces one record, compare-and-set on `version`: the stored one must be `expectedVersion`, and
   * active. The record's own `version` is `expectedVersion + 1`. Creating and updating never turn into each other,
   * so a slow request cannot revive what was revoked or swept meanwhile. `lastSeenAt` becomes the greater of stored
   * and given, because a touch may have passed since the record was read.
   */
  put(record: SessionRecord, options: PutOptions): Promise<PutOutcome>;

  /**
   * Records activity: `lastSeenAt` becomes the greater of stored and given. Only active rows move, `version` does
   * not, missing ids are passed over. May be lost in a crash: sessions then end early, never late.
   */
  touch(touches: readonly Touch[]): Promise<void>;

  /**
   * Ends sessions for good: `state` revoked, `reason` set, `version + 1`, one log item, all in one atomic step.
   * Resolves at commit.
   *
   * @returns how many active sessions it ended; 0 when none was left, which is no error.
   */
  revoke(scope: RevocationScope, reason: RevokeReason): Promise<number>;

  /** Newest first, keyset paging: stable while rows come and go. */
  list(filter: SessionFilter, page: PageRequest): Promise<Page>;

  /** Counts as of `now`, epoch milliseconds. */
  stats(now: number): Promise<StoreStats>;

  /**
   * The log from `cursor` on; null answers no items and where the log stands now.
   *
   * LAW: every revocation acknowledged before this call began is in this or an earlier answer. Items may come
   * twice; they never go missing, whatever order transactions commit in.
   */
  changes(cursor: LogPosition | null): Promise<LogPage>;

  /**
   * Deletes up to `limit` rows that ended before `before` (revoked, or past a timeout; epoch milliseconds), and log
   * items that old. Safe on every node at once: each row is counted by one caller.
   *
   * @returns how many rows it deleted.
   */
  sweep(before: number, limit: number): Promise<number>;

  /** Finishes what was accepted, then lets go of files and connections. Calling it twice is no error. */
  close(): Promise<void>;
}
