import { LRUCache } from "lru-cache";

const MOST_KEYS = 10_000;

/**
 * The newest version of which this process has heard, for the sessions written last, here or elsewhere. An
 * acknowledgement may come late and a hint may be faster than the new copy, when what was held has gone already: nothing
 * older may take its place. Compact id → version.
 */
export class NewestVersions {
  readonly #versions = new LRUCache<string, number>({ maxSize: MOST_KEYS, sizeCalculation: () => 1 });

  heard(key: string, version: number): void {
    if (version > this.of(key)) this.#versions.set(key, version);
  }

  /** 0 for a session of which nothing was heard. */
  of(key: string): number {
    return this.#versions.get(key) ?? 0;
  }
}
