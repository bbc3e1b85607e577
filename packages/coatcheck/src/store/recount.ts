import type { StoreStats } from "../session/store.ts";

/**
 * Up to this many sessions, every call waits for a new count. Decided by number and not by time, so that a busy machine
 * changes no result.
 */
export const EXACT_UP_TO = 1000;
/** The oldest count that is returned, in milliseconds. */
const MAX_AGE = 60_000;
/** A count is reused for ten times as long as it took, so that counting takes at most a tenth of the time. */
const REUSE_FACTOR = 10;
/** A new count begins at this age at the latest, in milliseconds, so that callers once a minute never wait for one. */
const MAX_REUSE_AGE = 30_000;

interface Count {
  readonly stats: StoreStats;
  /** When it began and how long it took, in monotonic milliseconds. */
  readonly startedAt: number;
  readonly duration: number;
}

/** Options of {@link Recount}. */
export interface RecountOptions {
  /** Counts the sessions as of `now`, epoch milliseconds. */
  count(now: number): Promise<StoreStats>;
  /** Returns milliseconds that never decrease. Default: `performance.now()`. */
  monotonic?(): number;
}

/**
 * Counts the sessions of a store, one count at a time, because anyone may ask a service for its health.
 *
 * Counting takes time in proportion to the number of sessions. For a large store, a call returns the last count at once,
 * and a newer one is made for the next call. A call waits only if the last count is more than a minute old, because no
 * call came for so long.
 */
export class Recount {
  readonly #count: (now: number) => Promise<StoreStats>;
  readonly #monotonic: () => number;
  #last: Count | null = null;
  #running: Promise<StoreStats> | null = null;
  /** The count after the running one, for the calls that came since that began. */
  #next: Promise<StoreStats> | null = null;

  constructor({ count, monotonic = () => performance.now() }: RecountOptions) {
    this.#count = count;
    this.#monotonic = monotonic;
  }

  /**
   * Returns counts as of `now` (epoch milliseconds) for a small store, and counts of the last minute for a large one.
   *
   * @throws the error of the count that the caller waited for.
   */
  async read(now: number): Promise<StoreStats> {
    const last = this.#last;
    if (last === null || last.stats.total <= EXACT_UP_TO) return await this.#countAfter(now);
    const age = this.#monotonic() - last.startedAt;
    if (age < Math.min(last.duration * REUSE_FACTOR, MAX_REUSE_AGE)) return last.stats;
    const running = this.#running ?? this.#start(now);
    if (age > MAX_AGE) return await running;
    // A failure is reported to the callers that come after the last count has become too old.
    running.catch(() => {});
    return last.stats;
  }

  /** Returns a count that begins after this call. */
  async #countAfter(now: number): Promise<StoreStats> {
    if (this.#running === null) return await this.#start(now);
    this.#next ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#next = null;
        return this.#start(now);
      });
    return await this.#next;
  }

  #start(now: number): Promise<StoreStats> {
    this.#running = this.#run(now).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #run(now: number): Promise<StoreStats> {
    const startedAt = this.#monotonic();
    const stats = await this.#count(now);
    this.#last = { stats, startedAt, duration: this.#monotonic() - startedAt };
    return stats;
  }
}
