import { LRUCache } from "lru-cache";
import type { Reading } from "../session/reader.ts";

/**
 * Ids of which the store said that no session, or none that is alive, is behind them. Whoever keeps knocking with one
 * costs no read of the store. Such a verdict is held for `lifetime` milliseconds only, and is still the store's own:
 * its `tier` stays what it was.
 */
export class DeadIds {
  readonly #verdicts: LRUCache<string, { readonly reading: Reading; readonly until: number }>;
  readonly #lifetime: number;
  readonly #monotonic: () => number;
  hits = 0;

  constructor(maxEntries: number, lifetime: number, monotonic: () => number) {
    // Not `max`, which would set memory aside for all of them at once.
    this.#verdicts = new LRUCache({ maxSize: maxEntries, sizeCalculation: () => 1 });
    this.#lifetime = lifetime;
    this.#monotonic = monotonic;
  }

  get(key: string): Reading | undefined {
    const verdict = this.#verdicts.get(key);
    if (verdict === undefined || this.#monotonic() > verdict.until) return undefined;
    this.hits++;
    return verdict.reading;
  }

  add(key: string, reading: Reading): void {
    this.#verdicts.set(key, { reading, until: this.#monotonic() + this.#lifetime });
  }

  forget(key: string): void {
    this.#verdicts.delete(key);
  }
}
