import type { StoreStats } from "../session/store.ts";

/**
 * Number of sessions up to which every call waits for a new count. A fixed number and not a duration, so that the
 * result does not depend on how busy the machine is.
 */
export const MAX_EXACT_SESSIONS = 1000;
/** Maximum age of a count that is returned, in milliseconds. */
const MAX_RETURNED_AGE = 60_000;
/** A count is reused for ten times its duration, so that counting takes up at most a tenth of the time. */
const REUSE_FACTOR = 10;
/**
 * Maximum age at which a count is reused without starting a new one, in milliseconds. A caller that requests a count
 * once a minute therefore never waits.
 */
const MAX_AGE_WITHOUT_RECOUNT = 30_000;

interface FinishedCount {
  readonly stats: StoreStats;
  /** Monotonic time in milliseconds. */
  readonly startedAt: number;
  /** Milliseconds that counting took. */
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
 * Counts the sessions of a store for health checks, which may arrive at any rate. Only one count runs at a time.
 *
 * Counting takes time in proportion to the number of sessions. For a large store, a call returns the last count at once
 * and starts a new count for the next call. A call waits only if no call has started a count for more than a minute.
 */
export class Recount {
  readonly #count: (now: number) => Promise<StoreStats>;
  readonly #monotonic: () => number;
  #lastCount: FinishedCount | null = null;
  #runningCount: Promise<StoreStats> | null = null;
  /** The next count, shared by all calls that arrived after the running count had started. */
  #nextCount: Promise<StoreStats> | null = null;

  constructor({ count, monotonic = () => performance.now() }: RecountOptions) {
    this.#count = count;
    this.#monotonic = monotonic;
  }

  /**
   * Returns counts as of `now` (epoch milliseconds) for a small store, and counts that are up to a minute old for a
   * large one.
   *
   * @throws the error of the count that the caller waited for.
   */
  async read(now: number): Promise<StoreStats> {
    const last = this.#lastCount;
    if (last === null || last.stats.total <= MAX_EXACT_SESSIONS) return await this.#countAfter(now);
    const age = this.#monotonic() - last.startedAt;
    if (age < Math.min(last.duration * REUSE_FACTOR, MAX_AGE_WITHOUT_RECOUNT)) return last.stats;
    const running = this.#runningCount ?? this.#startCount(now);
    if (age > MAX_RETURNED_AGE) return await running;
    // Ignore a failure now. Once the last count is too old, callers wait for a new count and get its error.
    running.catch(() => {});
    return last.stats;
  }

  /** Returns a count that begins after this call. */
  async #countAfter(now: number): Promise<StoreStats> {
    if (this.#runningCount === null) return await this.#startCount(now);
    this.#nextCount ??= this.#runningCount
      .catch(() => {})
      .then(() => {
        this.#nextCount = null;
        return this.#startCount(now);
      });
    return await this.#nextCount;
  }

  #startCount(now: number): Promise<StoreStats> {
    this.#runningCount = this.#run(now).finally(() => {
      this.#runningCount = null;
    });
    return this.#runningCount;
  }

  async #run(now: number): Promise<StoreStats> {
    const startedAt = this.#monotonic();
    const stats = await this.#count(now);
    this.#lastCount = { stats, startedAt, duration: this.#monotonic() - startedAt };
    return stats;
  }
}
