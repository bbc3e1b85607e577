import type { LogPage, LogPosition, RevocationScope, Snapshot } from "../session/store.ts";
import { compactId } from "../session/token.ts";
import type { KnownLog } from "./known-log.ts";
import { type Lease, TimedLease } from "./lease.ts";
import type { HeldCopy, LocalTier } from "./local.ts";

/** One request to the store's revocation log. */
export interface Poll {
  /** Counts the polls of this core, from 1. */
  readonly number: number;
  /** The argument for `changes`. */
  readonly cursor: LogPosition | null;
  /** Renews the lease as of the time at which the poll was sent. */
  readonly renew: () => void;
  /** Restarts the silence limit as of the same time. */
  readonly heard: () => void;
}

/** The parts and limits of a core. */
export interface CoreParts {
  readonly lease: Lease;
  readonly log: KnownLog;
  readonly local: LocalTier;
  /** Milliseconds after which a copy is read again. Bounds how long data of another process stays unseen if its hint is lost. */
  readonly ttl: number;
  /**
   * Milliseconds without a successful poll after which this process drops all copies and starts over. The store sweeps
   * its log, so after a longer silence the items that this process missed may be gone.
   */
  readonly longestSilence: number;
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
  readonly #log: KnownLog;
  readonly #local: LocalTier;
  readonly #ttl: number;
  readonly #silence: TimedLease;
  #cursor: LogPosition | null = null;
  #polls = 0;
  /** Responses to polls with a lower number are ignored. */
  #firstPoll = 1;

  constructor({ lease, log, local, ttl, longestSilence }: CoreParts) {
    this.#lease = lease;
    this.#log = log;
    this.#local = local;
    this.#ttl = ttl;
    this.#silence = new TimedLease(longestSilence);
  }

  /** The log position that this process has read up to; 0 before the first poll. */
  get position(): LogPosition {
    return this.#cursor ?? 0;
  }

  /** The copy, if it may be served now. Allocates nothing. */
  peek(key: string, monotonic: number, wall: number): HeldCopy | undefined {
    const held = this.#local.get(key, monotonic);
    if (held === undefined) return undefined;
    const mayServe =
      this.#lease.holds(monotonic, wall) && // (1)
      monotonic - held.since <= this.#ttl &&
      !held.isOver(wall) && // Only the store can say that it has expired: another node may have seen activity.
      this.#log.spares(held);
    return mayServe ? held : undefined;
  }

  /** Whether a copy from the shared tier may be served now. That tier is not trusted, so the log decides. */
  accepts(key: string, snapshot: Snapshot, monotonic: number, wall: number): boolean {
    return this.#lease.holds(monotonic, wall) && this.#log.admits(key, snapshot);
  }

  /**
   * Caches a copy if the log allows it (3).
   *
   * @returns the cached copy, which may be a newer one; undefined if the log rejects this copy.
   */
  fill(key: string, snapshot: Snapshot, monotonic: number): HeldCopy | undefined {
    return this.#log.admits(key, snapshot) ? this.#local.fill(key, snapshot, monotonic) : undefined;
  }

  /**
   * A copy under an expired lease, for a route that declared the outage policy `degraded`. Undefined if the last renewal
   * is more than `maxAge` milliseconds ago, or if the copy is known to be revoked or expired.
   */
  degraded(key: string, maxAge: number, monotonic: number, wall: number): HeldCopy | undefined {
    const held = this.#local.get(key, monotonic);
    if (held === undefined || held.isOver(wall) || !this.#log.spares(held)) return undefined;
    return this.#lease.age(monotonic, wall) <= maxAge ? held : undefined;
  }

  /** Whether the lease is valid now. */
  isLeased(monotonic: number, wall: number): boolean {
    return this.#lease.holds(monotonic, wall);
  }

  /** Milliseconds since the newest successful poll was sent; Infinity before the first. */
  leaseAge(monotonic: number, wall: number): number {
    return this.#lease.age(monotonic, wall);
  }

  /** Call it before sending a poll. Pass its result to {@link answered} together with the response. */
  ask(monotonic: number, wall: number): Poll {
    if (this.#cursor !== null && !this.#silence.holds(monotonic, wall)) this.#startOver();
    return {
      number: ++this.#polls,
      cursor: this.#cursor,
      renew: this.#lease.ask(monotonic, wall),
      heard: this.#silence.ask(monotonic, wall),
    };
  }

  /**
   * Applies the response to a poll. Responses may come late, twice or out of order.
   *
   * @returns false if the log is behind the poll's cursor: the store has lost acknowledged commits, so positions are
   * meaningless. The lease is not renewed then.
   */
  answered(poll: Poll, page: LogPage): boolean {
    if (poll.number < this.#firstPoll) return true;
    if (poll.cursor === null) {
      // This response has a position and no items. It renews nothing: later items may already be committed.
      if (this.#cursor === null) {
        this.#cursor = page.cursor;
        this.#log.beginAt(page.cursor);
        poll.heard();
      }
      return true;
    }
    if (page.cursor < poll.cursor) return false;
    for (const item of page.items) {
      this.#log.learn(item);
      if ("session" in item) this.#local.drop(compactId(item.session), item.leastVersion); // (2)
    }
    this.#cursor = Math.max(page.cursor, this.position);
    this.#log.trim();
    this.#log.settle(poll.number);
    poll.renew();
    poll.heard();
    return true;
  }

  /** Marks a revocation of our own, or one from a hint, as pending: copies in its scope are refused until a later poll. */
  suspect(scope: RevocationScope): void {
    this.#log.suspect(scope, this.#polls);
    if ("session" in scope) this.#local.drop(compactId(scope.session));
  }

  /** Drops a copy below `leastVersion`; without it, any copy. */
  drop(key: string, leastVersion?: number): void {
    this.#local.drop(key, leastVersion);
  }

  #startOver(): void {
    this.#firstPoll = this.#polls + 1;
    this.#cursor = null;
    this.#local.clear();
    this.#log.beginAt(Number.POSITIVE_INFINITY);
  }
}
