import type { Snapshot } from "../session/store.ts";
import type { Guard } from "./guard.ts";
import type { SharedFigures } from "./metrics.ts";
import type { SharedTier } from "./shared.ts";

/** Reads the shared tier. Its copies are not trusted, and a failed read only means that the store is read instead. */
export class SharedReader {
  readonly #shared: SharedTier;
  readonly #guard: Guard;
  #hits = 0;
  #misses = 0;
  #refusals = 0;

  constructor(shared: SharedTier, guard: Guard) {
    this.#shared = shared;
    this.#guard = guard;
  }

  /** Returns a copy that passes `mayServe`, which is called when the copy has arrived; otherwise null. */
  async read(key: string, mayServe: (snapshot: Snapshot) => boolean): Promise<Snapshot | null> {
    let snapshot: Snapshot | null;
    try {
      snapshot = await this.#guard.run(() => this.#shared.get(key));
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
  figures(): SharedFigures {
    return {
      hits: this.#hits,
      misses: this.#misses,
      refusals: this.#refusals,
      ...this.#guard.figures(),
    };
  }
}
