import type { LogPage, LogPosition, RevocationScope, Snapshot } from "../session/store.ts";
import { compactId } from "../session/token.ts";
import type { InvalidatedKeys } from "./invalidated-keys.ts";
import { type Lease, TimedLease } from "./lease.ts";
import type { CacheEntry, LocalTier } from "./local.ts";
import type { RevocationLog } from "./revocation-log.ts";

/** One request to the store's revocation log. */
export interface Poll {
  /** Number of the poll: 1 for the first poll of this core. */
  readonly pollNumber: number;
  /** The cursor to pass to the store's `changes()`. */
  readonly cursor: LogPosition | null;
  /** Renews the lease. Its duration starts at the time at which the poll was sent. */
  readonly renewLease: () => void;
  /** Restarts the time limit `maxTimeWithoutPoll` at the time at which the poll was sent. */
  readonly restartPollTimeLimit: () => void;
}

/** The objects that a {@link CacheCore} uses, and its limits. */
export interface CoreDependencies {
  readonly lease: Lease;
  readonly log: RevocationLog;
  /** The invalidated keys: those that the log has returned, and those that are pending. */
  readonly keys: InvalidatedKeys;
  readonly local: LocalTier;
  /**
   * Milliseconds after which a copy is read again. If the hint about another process's write is lost, this process
   * serves the older data for at most this long.
   */
  readonly ttl: number;
  /**
   * Milliseconds without a successful poll after which this process drops all copies and starts over. The store sweeps
   * its log, so after a longer silence it may have deleted items that this process has not read.
   */
  readonly maxTimeWithoutPoll: number;
}

/**
 * The leased cache, without timers, sockets or clocks, so that a simulator can play every failure against it.
 *
 * Guarantee: once a revocation was acknowledged longer ago than the staleness bound, the cache serves no copy that the
 * revocation covers. The proof has three steps:
 *
 * 1. A copy is served only while the lease is valid, which means that the newest successful poll was sent within the
 *    bound. Its response contained every revocation that was acknowledged before the poll was sent (see
 *    `SessionStore.changes`).
 * 2. Each revocation in a response drops the copies in its scope.
 * 3. The revocation also rejects copies in its scope that arrive later.
 *
 * Times are milliseconds: `monotonic` from an arbitrary start, `wall` since the epoch.
 */
export class CacheCore {
  readonly #lease: Lease;
  readonly #log: RevocationLog;
  readonly #keys: InvalidatedKeys;
  readonly #local: LocalTier;
  readonly #ttl: number;
  readonly #pollTimeLimit: TimedLease;
  #cursor: LogPosition | null = null;
  #polls = 0;
  /** Responses to polls with a lower number are ignored. */
  #firstPoll = 1;

  constructor({ lease, log, keys, local, ttl, maxTimeWithoutPoll }: CoreDependencies) {
    this.#lease = lease;
    this.#log = log;
    this.#keys = keys;
    this.#local = local;
    this.#ttl = ttl;
    this.#pollTimeLimit = new TimedLease(maxTimeWithoutPoll);
  }

  /** The log position up to which this process has read; 0 before the first poll. */
  get position(): LogPosition {
    return this.#cursor ?? 0;
  }

  /** Returns the copy if it may be served now. Allocates no memory. */
  get(key: string, monotonic: number, wall: number): CacheEntry | undefined {
    const cached = this.#local.get(key, monotonic);
    if (cached === undefined) return undefined;
    const mayServe =
      this.#lease.isValid(monotonic, wall) && // (1)
      monotonic - cached.cachedAt <= this.#ttl &&
      !cached.hasExpired(wall) && // Only the store can say that it has expired: another node may have seen activity.
      this.#log.allows(cached);
    return mayServe ? cached : undefined;
  }

  /**
   * Whether a copy from the shared tier may be served now. The log decides, because that tier may hold outdated copies.
   */
  allowsShared(key: string, snapshot: Snapshot, monotonic: number, wall: number): boolean {
    return this.#lease.isValid(monotonic, wall) && this.#log.allowsFill(key, snapshot);
  }

  /**
   * Caches a copy if the log allows it (step 3 of the proof).
   *
   * @returns the cached copy, which may be a newer one; undefined if the log rejects this copy.
   */
  fill(key: string, snapshot: Snapshot, monotonic: number): CacheEntry | undefined {
    return this.#log.allowsFill(key, snapshot) ? this.#local.fill(key, snapshot, monotonic) : undefined;
  }

  /**
   * Returns a copy although the lease has expired, for a route with the outage policy `degraded`. Returns undefined if
   * the last renewal is more than `maxAge` milliseconds ago, or if the copy is known to be revoked or expired.
   */
  getStale(key: string, maxAge: number, monotonic: number, wall: number): CacheEntry | undefined {
    const cached = this.#local.get(key, monotonic);
    if (cached === undefined || cached.hasExpired(wall) || !this.#log.allows(cached)) return undefined;
    return this.#lease.age(monotonic, wall) <= maxAge ? cached : undefined;
  }

  /** Whether the lease is valid now. */
  isLeased(monotonic: number, wall: number): boolean {
    return this.#lease.isValid(monotonic, wall);
  }

  /** Milliseconds since the newest successful poll was sent; Infinity before the first. */
  leaseAge(monotonic: number, wall: number): number {
    return this.#lease.age(monotonic, wall);
  }

  /** Call it before sending a poll. Pass its result to {@link applyPage} together with the response. */
  startPoll(monotonic: number, wall: number): Poll {
    if (this.#cursor !== null && !this.#pollTimeLimit.isValid(monotonic, wall)) this.#startOver();
    return {
      pollNumber: ++this.#polls,
      cursor: this.#cursor,
      renewLease: this.#lease.beginRenewal(monotonic, wall),
      restartPollTimeLimit: this.#pollTimeLimit.beginRenewal(monotonic, wall),
    };
  }

  /**
   * Applies the response to a poll. Responses may come late, twice or out of order.
   *
   * @returns false if the log is behind the poll's cursor: the store has lost acknowledged commits, so positions are
   * meaningless. The lease is not renewed then.
   */
  applyPage(poll: Poll, page: LogPage): boolean {
    if (poll.pollNumber < this.#firstPoll) return true;
    if (poll.cursor === null) {
      // The first response has a position and no items. It does not renew the lease, because revocations after that
      // position may already be committed.
      if (this.#cursor === null) {
        this.#cursor = page.cursor;
        this.#log.startAt(page.cursor);
        this.#keys.startAt(page.cursor);
        poll.restartPollTimeLimit();
      }
      return true;
    }
    if (page.cursor < poll.cursor) return false;
    for (const item of page.items) {
      this.#keys.apply(item);
      if ("key" in item) continue;
      this.#log.apply(item);
      if ("session" in item) this.#local.drop(compactId(item.session), item.minVersion); // (2)
    }
    this.#cursor = Math.max(page.cursor, this.position);
    this.#log.trim();
    this.#log.clearPending(poll.pollNumber);
    this.#keys.trim();
    this.#keys.clearPending(poll.pollNumber);
    poll.renewLease();
    poll.restartPollTimeLimit();
    return true;
  }

  /**
   * Refuses the copies in the scope of a revocation until a later poll returns the revocation's log item. For
   * revocations by this process or from a hint.
   */
  markPending(scope: RevocationScope): void {
    this.#log.markPending(scope, this.#polls);
    if ("session" in scope) this.#local.drop(compactId(scope.session));
  }

  /**
   * Refuses the copies with this key until a poll has returned the log item of the invalidation. Call it for an
   * invalidation by this process and for a hint. `position`: the position of that log item; null if unknown.
   */
  markKeyPending(key: string, position: LogPosition | null): void {
    this.#keys.markPending(key, position, this.#polls);
  }

  /** Drops the copy if its version is below `minVersion`. Default: drops every version. */
  drop(key: string, minVersion?: number): void {
    this.#local.drop(key, minVersion);
  }

  #startOver(): void {
    this.#firstPoll = this.#polls + 1;
    this.#cursor = null;
    this.#local.clear();
    this.#log.startAt(Number.POSITIVE_INFINITY);
    this.#keys.startAt(Number.POSITIVE_INFINITY);
  }
}
