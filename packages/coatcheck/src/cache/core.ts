import type { LogPage, LogPosition, RevocationScope, Snapshot } from "../session/store.ts";
import { compactId } from "../session/token.ts";
import type { InvalidatedKeys } from "./invalidated-keys.ts";
import { type Lease, TimedLease } from "./lease.ts";
import type { CacheEntry, LocalTier } from "./local.ts";
import type { RevocationLog } from "./revocation-log.ts";

/** One request to the store's revocation log. */
export interface Poll {
  /** Counts the polls of this core, from 1. */
  readonly number: number;
  /** The argument for `changes`. */
  readonly cursor: LogPosition | null;
  /** Renews the lease as of the time at which the poll was sent. */
  readonly renewLease: () => void;
  /** Restarts the silence limit as of the same time. */
  readonly endSilence: () => void;
}

/** The parts and limits of a core. */
export interface CoreDependencies {
  readonly lease: Lease;
  readonly log: RevocationLog;
  /** The log's items about keys. */
  readonly keys: InvalidatedKeys;
  readonly local: LocalTier;
  /** Milliseconds after which a copy is read again. Bounds how long data of another process stays unseen if its hint is lost. */
  readonly ttl: number;
  /**
   * Milliseconds without a successful poll after which this process drops all copies and starts over. The store sweeps
   * its log, so after a longer silence the items that this process missed may be gone.
   */
  readonly maxSilence: number;
}

/**
 * The leased cache, without timers, sockets or clocks, so that a simulator can drive it through every failure.
 *
 * Guarantee: a served copy reflects every revocation that was acknowledged more than the lease's bound before the
 * request. The argument has three parts:
 *
 * 1. A copy is served only under a lease, which was renewed by a poll sent within the bound. That poll returned every
 *    revocation acknowledged before it was sent (the law of `SessionStore.changes`).
 * 2. Each revocation in the response drops the copies in its scope.
 * 3. It also rejects matching copies that arrive later.
 *
 * Times are milliseconds: `monotonic` from an arbitrary start, `wall` since the epoch.
 */
export class CacheCore {
  readonly #lease: Lease;
  readonly #log: RevocationLog;
  readonly #keys: InvalidatedKeys;
  readonly #local: LocalTier;
  readonly #ttl: number;
  readonly #silence: TimedLease;
  #cursor: LogPosition | null = null;
  #polls = 0;
  /** Responses to polls with a lower number are ignored. */
  #firstPoll = 1;

  constructor({ lease, log, keys, local, ttl, maxSilence }: CoreDependencies) {
    this.#lease = lease;
    this.#log = log;
    this.#keys = keys;
    this.#local = local;
    this.#ttl = ttl;
    this.#silence = new TimedLease(maxSilence);
  }

  /** The log position that this process has read up to; 0 before the first poll. */
  get position(): LogPosition {
    return this.#cursor ?? 0;
  }

  /** The copy, if it may be served now. Allocates nothing. */
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

  /** Whether a copy from the shared tier may be served now. That tier is not trusted, so the log decides. */
  allowsShared(key: string, snapshot: Snapshot, monotonic: number, wall: number): boolean {
    return this.#lease.isValid(monotonic, wall) && this.#log.allowsFill(key, snapshot);
  }

  /**
   * Caches a copy if the log allows it (3).
   *
   * @returns the cached copy, which may be a newer one; undefined if the log rejects this copy.
   */
  fill(key: string, snapshot: Snapshot, monotonic: number): CacheEntry | undefined {
    return this.#log.allowsFill(key, snapshot) ? this.#local.fill(key, snapshot, monotonic) : undefined;
  }

  /**
   * A copy under an expired lease, for a route that declared the outage policy `degraded`. Undefined if the last renewal
   * is more than `maxAge` milliseconds ago, or if the copy is known to be revoked or expired.
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
    if (this.#cursor !== null && !this.#silence.isValid(monotonic, wall)) this.#startOver();
    return {
      number: ++this.#polls,
      cursor: this.#cursor,
      renewLease: this.#lease.beginRenewal(monotonic, wall),
      endSilence: this.#silence.beginRenewal(monotonic, wall),
    };
  }

  /**
   * Applies the response to a poll. Responses may come late, twice or out of order.
   *
   * @returns false if the log is behind the poll's cursor: the store has lost acknowledged commits, so positions are
   * meaningless. The lease is not renewed then.
   */
  applyPage(poll: Poll, page: LogPage): boolean {
    if (poll.number < this.#firstPoll) return true;
    if (poll.cursor === null) {
      // This response has a position and no items. It renews nothing: later items may already be committed.
      if (this.#cursor === null) {
        this.#cursor = page.cursor;
        this.#log.startAt(page.cursor);
        this.#keys.startAt(page.cursor);
        poll.endSilence();
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
    this.#log.clearPending(poll.number);
    this.#keys.trim();
    this.#keys.clearPending(poll.number);
    poll.renewLease();
    poll.endSilence();
    return true;
  }

  /** Marks a revocation of our own, or one from a hint, as pending: copies in its scope are refused until a later poll. */
  markPending(scope: RevocationScope): void {
    this.#log.markPending(scope, this.#polls);
    if ("session" in scope) this.#local.drop(compactId(scope.session));
  }

  /** Marks a key as invalidated, by this process or according to a hint. Its log item, at `position`, arrives with a later poll. */
  markKeyPending(key: string, position: LogPosition | null): void {
    this.#keys.markPending(key, position, this.#polls);
  }

  /** Drops a copy below `minVersion`; without it, any copy. */
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
