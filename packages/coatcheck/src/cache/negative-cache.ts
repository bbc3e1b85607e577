import { LRUCache } from "lru-cache";
import type { ReadResult } from "../session/reader.ts";

/**
 * Remembers for `lifetime` milliseconds that a session is missing or ended, so that repeated lookups skip the store. A
 * cached result keeps the `tier` of the original read.
 */
export class NegativeCache {
  readonly #entries: LRUCache<string, { readonly reading: ReadResult; readonly until: number }>;
  readonly #lifetime: number;
  readonly #monotonic: () => number;
  /** Number of lookups that skipped the store. */
  hits = 0;

  /** `lifetime` in milliseconds; `monotonic` returns monotonic milliseconds. */
  constructor(maxEntries: number, lifetime: number, monotonic: () => number) {
    // Not the option `max`: with it, lru-cache would allocate memory for all entries at once.
    this.#entries = new LRUCache({ maxSize: maxEntries, sizeCalculation: () => 1 });
    this.#lifetime = lifetime;
    this.#monotonic = monotonic;
  }

  get(key: string): ReadResult | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#monotonic() > entry.until) return undefined;
    this.hits++;
    return entry.reading;
  }

  add(key: string, reading: ReadResult): void {
    this.#entries.set(key, { reading, until: this.#monotonic() + this.#lifetime });
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }
}
