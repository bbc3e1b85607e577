import type { SessionManager, StoreStats } from "coatcheck";

/** A count is reused for this many times its own duration. */
const REUSE_FACTOR = 10;

/**
 * Cached session counts for endpoints that anyone may call. Counting millions of rows is slow, so each count is reused
 * for ten times as long as it took. Counting therefore takes at most a tenth of the store's time, and a small store
 * counts at nearly every call.
 */
export class CachedStats {
  readonly #manager: SessionManager;
  readonly #monotonic: () => number;
  #counting: Promise<StoreStats> | null = null;
  /** Monotonic milliseconds; null while a count is running. */
  #validUntil: number | null = null;

  /** @param monotonic returns milliseconds that never decrease. */
  constructor(manager: SessionManager, monotonic: () => number) {
    this.#manager = manager;
    this.#monotonic = monotonic;
  }

  /**
   * Returns the latest count, or starts a new one. Concurrent callers share it.
   *
   * @throws CoatcheckError `STORE_UNAVAILABLE`
   */
  async read(): Promise<StoreStats> {
    const isValid = this.#validUntil === null || this.#monotonic() < this.#validUntil;
    if (this.#counting === null || !isValid) this.#counting = this.#count();
    return await this.#counting;
  }

  async #count(): Promise<StoreStats> {
    this.#validUntil = null;
    const startedAt = this.#monotonic();
    try {
      return await this.#manager.stats();
    } finally {
      const endedAt = this.#monotonic();
      this.#validUntil = endedAt + REUSE_FACTOR * (endedAt - startedAt);
    }
  }
}
