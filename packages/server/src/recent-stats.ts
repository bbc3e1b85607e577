import type { SessionManager, StoreStats } from "coatcheck";

/** For how many times as long as it took an answer stands. */
const REST = 10;

/**
 * The counts for whoever may ask, which is everybody. Counting millions of rows takes its time, so an answer stands for
 * ten times as long as it took, and asking takes a tenth of the store's time at most; a small store counts each time.
 */
export class RecentStats {
  readonly #manager: SessionManager;
  readonly #monotonic: () => number;
  #counting: Promise<StoreStats> | null = null;
  /** Null while the count is under way. */
  #standsUntil: number | null = null;

  /** @param monotonic milliseconds that only grow. */
  constructor(manager: SessionManager, monotonic: () => number) {
    this.#manager = manager;
    this.#monotonic = monotonic;
  }

  /** Throws `STORE_UNAVAILABLE`. */
  async read(): Promise<StoreStats> {
    const stands = this.#standsUntil === null || this.#monotonic() < this.#standsUntil;
    if (this.#counting === null || !stands) this.#counting = this.#count();
    return await this.#counting;
  }

  async #count(): Promise<StoreStats> {
    this.#standsUntil = null;
    const began = this.#monotonic();
    try {
      return await this.#manager.stats();
    } finally {
      const ended = this.#monotonic();
      this.#standsUntil = ended + REST * (ended - began);
    }
  }
}
