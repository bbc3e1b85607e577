import type { Snapshot } from "../session/store.ts";
import type { Guard } from "./guard.ts";
import type { SharedFigures } from "./metrics.ts";
import type { SharedTier } from "./shared.ts";

/** Reads the shared tier. Nothing it says is believed, and its outage is no reason for anything but asking the store. */
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

  /** A copy that `mayAnswer`, judged when it is there; else null. */
  async read(key: string, mayAnswer: (snapshot: Snapshot) => boolean): Promise<Snapshot | null> {
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
    if (!mayAnswer(snapshot)) {
      this.#refusals++;
      return null;
    }
    this.#hits++;
    return snapshot;
  }

  figures(): SharedFigures {
    return {
      hits: this.#hits,
      misses: this.#misses,
      refusals: this.#refusals,
      ...this.#guard.figures(),
    };
  }
}
