import { LRUCache } from "lru-cache";
import type { Snapshot } from "../session/store.ts";
import type { Guard } from "./guard.ts";
import type { SharedFigures } from "./metrics.ts";
import type { SharedTier } from "./shared.ts";

const MOST_EXPECTED = 10_000;

/** Reads the shared tier. Nothing it says is believed, and its outage is no reason for anything but asking the store. */
export class SharedReader {
  readonly #shared: SharedTier;
  readonly #guard: Guard;
  /** Compact id → the newest version of which this process has heard. */
  readonly #expected = new LRUCache<string, number>({ maxSize: MOST_EXPECTED, sizeCalculation: () => 1 });
  #hits = 0;
  #misses = 0;
  #refusals = 0;

  constructor(shared: SharedTier, guard: Guard) {
    this.#shared = shared;
    this.#guard = guard;
  }

  /** A version was written, here or elsewhere. A copy below it is refused: the hint may be faster than the new copy. */
  expect(key: string, version: number): void {
    if (version > (this.#expected.get(key) ?? 0)) this.#expected.set(key, version);
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
    if (snapshot.record.version < (this.#expected.get(key) ?? 0) || !mayAnswer(snapshot)) {
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
