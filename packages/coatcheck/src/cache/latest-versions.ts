import { LRUCache } from "lru-cache";

const MAX_KEYS = 10_000;

/**
 * The latest known version of each recently written session: compact id → version. A write's acknowledgement may arrive
 * late, and a hint may arrive before the new copy. The known version prevents an older copy from being cached then,
 * even if the newer copy is no longer cached.
 */
export class LatestVersions {
  readonly #versions = new LRUCache<string, number>({ maxSize: MAX_KEYS, sizeCalculation: () => 1 });

  /** Records a version unless a later one is known. */
  record(key: string, version: number): void {
    if (version > this.get(key)) this.#versions.set(key, version);
  }

  /** The latest known version; 0 if none is known. */
  get(key: string): number {
    return this.#versions.get(key) ?? 0;
  }
}
