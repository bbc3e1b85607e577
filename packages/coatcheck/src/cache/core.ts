import type { LogPage, LogPosition, RevocationScope, Snapshot } from "../session/store.ts";
import { compactId } from "../session/token.ts";
import type { KnownLog } from "./known-log.ts";
import { type Lease, TimedLease } from "./lease.ts";
import type { HeldCopy, LocalTier } from "./local.ts";

/** A question to the store's log, on its way. */
export interface Poll {
  readonly number: number;
  /** What to ask `changes` with. */
  readonly cursor: LogPosition | null;
  /** Renews the lease, from the moment at which the poll was sent. */
  readonly renew: () => void;
  /** Ends the silence, from the same moment. */
  readonly heard: () => void;
}

/** What a core is made of. */
export interface CoreParts {
  readonly lease: Lease;
  readonly log: KnownLog;
  readonly local: LocalTier;
  /** Milliseconds after which a copy is read again, so that data written elsewhere is seen even if a hint was lost. */
  readonly ttl: number;
  /**
   * Milliseconds without an answered poll after which this process begins anew, with nothing held. The store sweeps its
   * log: who slept for longer than it is kept would never hear what happened meanwhile.
   */
  readonly longestSilence: number;
}

/**
 * The leased cache, without timers, sockets or clocks, so that a simulator can drive it through every failure.
 *
 * Its promise: a copy that answers at a request reflects every revocation acknowledged more than the lease's bound
 * before. Why: a copy answers only under a lease (1), which a poll sent within the bound has renewed; that poll brought
 * every revocation acknowledged before it was sent (the law of `changes`); each of these dropped the copies it reached
 * (2), and keeps out those that come late (3).
 *
 * Times are milliseconds; `monotonic` from an arbitrary start, `wall` since the epoch.
 */
export class CacheCore {
  readonly #lease: Lease;
  readonly #log: KnownLog;
  readonly #local: LocalTier;
  readonly #ttl: number;
  readonly #silence: TimedLease;
  #cursor: LogPosition | null = null;
  #polls = 0;
  /** Answers to polls before this one are of no use any more. */
  #firstPoll = 1;

  constructor({ lease, log, local, ttl, longestSilence }: CoreParts) {
    this.#lease = lease;
    this.#log = log;
    this.#local = local;
    this.#ttl = ttl;
    this.#silence = new TimedLease(longestSilence);
  }

  /** The log position known here; 0 before the first poll. */
  get position(): LogPosition {
    return this.#cursor ?? 0;
  }

  /** The copy that may answer at this very moment. Allocates nothing. */
  peek(key: string, monotonic: number, wall: number): HeldCopy | undefined {
    const held = this.#local.get(key, monotonic);
    if (held === undefined) return undefined;
    const mayAnswer =
      this.#lease.holds(monotonic, wall) && // (1)
      monotonic - held.since <= this.#ttl &&
      !held.isOver(wall) && // The store alone may say that it has ended: another node may have seen activity.
      this.#log.spares(held);
    return mayAnswer ? held : undefined;
  }

  /** Whether a copy from the shared tier may answer at this very moment: nothing about that tier is believed. */
  accepts(key: string, snapshot: Snapshot, monotonic: number, wall: number): boolean {
    return this.#lease.holds(monotonic, wall) && this.#log.admits(key, snapshot);
  }

  /** Holds a copy, if the log allows it (3). Returns what is held now, undefined when this one must not be. */
  fill(key: string, snapshot: Snapshot, monotonic: number): HeldCopy | undefined {
    return this.#log.admits(key, snapshot) ? this.#local.fill(key, snapshot, monotonic) : undefined;
  }

  /**
   * A held copy whose lease has lapsed by at most `maxAge` milliseconds in all, for a route that declared that it would
   * rather have that than nothing. What is known to be revoked stays refused.
   */
  degraded(key: string, maxAge: number, monotonic: number, wall: number): HeldCopy | undefined {
    const held = this.#local.get(key, monotonic);
    if (held === undefined || held.isOver(wall) || !this.#log.spares(held)) return undefined;
    return this.#lease.age(monotonic, wall) <= maxAge ? held : undefined;
  }

  /** Whether anything held may answer now. */
  isLeased(monotonic: number, wall: number): boolean {
    return this.#lease.holds(monotonic, wall);
  }

  leaseAge(monotonic: number, wall: number): number {
    return this.#lease.age(monotonic, wall);
  }

  /** Call it before sending a poll, and {@link answered} with the same poll and its answer. */
  ask(monotonic: number, wall: number): Poll {
    if (this.#cursor !== null && !this.#silence.holds(monotonic, wall)) this.#beginAnew();
    return {
      number: ++this.#polls,
      cursor: this.#cursor,
      renew: this.#lease.ask(monotonic, wall),
      heard: this.#silence.ask(monotonic, wall),
    };
  }

  /**
   * A poll was answered; polls may be answered late, twice or out of order.
   *
   * @returns false when the log went back behind what is known: the store has lost acknowledged commits, no position
   * means anything any more, and the lease is left to lapse.
   */
  answered(poll: Poll, page: LogPage): boolean {
    if (poll.number < this.#firstPoll) return true;
    if (poll.cursor === null) {
      // Says where the log stands, brings no items, and renews nothing: some that are above may be committed already.
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

  /** Something was revoked, by us or by what a hint says: nothing that it reaches answers until the log has told all. */
  suspect(scope: RevocationScope): void {
    this.#log.suspect(scope, this.#polls);
    if ("session" in scope) this.#local.drop(compactId(scope.session));
  }

  drop(key: string, leastVersion?: number): void {
    this.#local.drop(key, leastVersion);
  }

  #beginAnew(): void {
    this.#firstPoll = this.#polls + 1;
    this.#cursor = null;
    this.#local.clear();
    this.#log.beginAt(Number.POSITIVE_INFINITY);
  }
}
