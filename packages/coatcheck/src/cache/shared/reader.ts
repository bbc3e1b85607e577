import type { Snapshot } from "../../session/store.ts";
import type { CircuitBreaker } from "../circuit-breaker.ts";
import type { SharedMetrics } from "../metrics/snapshot.ts";
import type { SharedTier } from "./tier.ts";

/**
 * Reads the shared tier. Its copies are checked against the log. If a read fails, the caller reads the store instead.
 */
export class SharedReader {
  readonly #shared: SharedTier;
  readonly #breaker: CircuitBreaker;
  #hits = 0;
  #misses = 0;
  #refusals = 0;

  constructor(shared: SharedTier, breaker: CircuitBreaker) {
    this.#shared = shared;
    this.#breaker = breaker;
  }

  /** Reads a copy. Returns null if there is none, or if `mayServe` rejects the copy after it has arrived. */
  async read(key: string, mayServe: (snapshot: Snapshot) => boolean): Promise<Snapshot | null> {
    let snapshot: Snapshot | null;
    try {
      snapshot = await this.#breaker.run(() => this.#shared.get(key));
    } catch {
      return null;
    }
    if (snapshot === null) {
      this.#misses++;
      return null;
    }
    if (!mayServe(snapshot)) {
      this.#refusals++;
      return null;
    }
    this.#hits++;
    return snapshot;
  }

  /** Metrics of the shared tier. */
  metrics(): SharedMetrics {
    return {
      hits: this.#hits,
      misses: this.#misses,
      refusals: this.#refusals,
      ...this.#breaker.metrics(),
    };
  }
}
