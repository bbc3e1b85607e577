import { LRUCache } from "lru-cache";
import { CachedSession } from "../session/cached-session.ts";
import type { Snapshot } from "../session/store.ts";

/** Limits of the local tier. Above them, the least recently used copies are dropped. */
export interface LocalLimits {
  readonly maxEntries: number;
  /** Estimated bytes of memory. */
  readonly maxBytes: number;
}

/** A copy in the local tier. */
export class CacheEntry extends CachedSession {
  /** Monotonic time at which the copy was cached. Rounded down, so that the copy never seems newer than it is. */
  declare readonly cachedAt: number;
  /** Monotonic time at which the copy was last moved to the front of the LRU list. */
  declare usedAt: number;

  constructor(snapshot: Snapshot, now: number) {
    super(snapshot);
    this.cachedAt = Math.floor(now);
    this.usedAt = this.cachedAt;
  }
}

/**
 * Minimum milliseconds between two moves of a copy to the front of the LRU list, because a move costs more than a
 * lookup.
 */
const MIN_LRU_MOVE_INTERVAL = 5000;

/**
 * The tier in this process's memory: compact id → copy, bounded by entries and by bytes. It does not decide whether a
 * copy may be served.
 */
export class LocalTier {
  /** The copies in LRU order, for eviction. */
  readonly #copies: LRUCache<string, CacheEntry>;
  /** The same copies, for lookups, because a plain Map is twice as fast as the LRU cache. */
  readonly #byKey = new Map<string, CacheEntry>();
  readonly #maxEntries: number;

  constructor({ maxEntries, maxBytes }: LocalLimits) {
    this.#maxEntries = maxEntries;
    this.#copies = new LRUCache({
      // Not the option `max`: with it, lru-cache would allocate memory for all entries at once (8 ms and 2 MB before
      // the first session).
      maxSize: maxBytes,
      dispose: (_copy, key) => this.#byKey.delete(key),
      onInsert: (copy, key) => this.#byKey.set(key, copy),
    });
  }

  /** Number of copies. */
  get entries(): number {
    return this.#copies.size;
  }

  /** Estimated bytes of memory. */
  get bytes(): number {
    return this.#copies.calculatedSize;
  }

  /** Returns a copy and marks it as recently used. `now` in monotonic milliseconds. */
  get(key: string, now: number): CacheEntry | undefined {
    const copy = this.#byKey.get(key);
    if (copy !== undefined && now - copy.usedAt > MIN_LRU_MOVE_INTERVAL) {
      copy.usedAt = Math.floor(now);
      this.#copies.get(key);
    }
    return copy;
  }

  has(key: string): boolean {
    return this.#byKey.has(key);
  }

  /**
   * Caches a deeply frozen copy, unless a newer one is cached already. The new copy inherits the last activity of the
   * copy that it replaces.
   *
   * @returns the copy that is cached now.
   */
  fill(key: string, snapshot: Snapshot, now: number): CacheEntry {
    const cached = this.#byKey.get(key);
    if (cached !== undefined && isNewer(cached, snapshot)) return cached;
    deepFreeze(snapshot.record);
    const copy = new CacheEntry(snapshot, now);
    if (cached !== undefined) copy.inheritActivity(cached);
    this.#copies.set(key, copy, { size: ENTRY_BYTES + estimateBytes(snapshot.record) });
    if (this.#copies.size > this.#maxEntries) this.#copies.pop();
    return copy;
  }

  /** Drops the copy if its version is below `minVersion`. Default: drops every version. */
  drop(key: string, minVersion = Number.POSITIVE_INFINITY): void {
    const cached = this.#byKey.get(key);
    if (cached !== undefined && cached.record.version < minVersion) this.#copies.delete(key);
  }

  clear(): void {
    this.#copies.clear();
  }
}

function isNewer(cached: Snapshot, snapshot: Snapshot): boolean {
  if (cached.record.version !== snapshot.record.version)
    return cached.record.version > snapshot.record.version;
  return cached.position > snapshot.position;
}

/** Makes a record immutable, because several requests share it. */
function deepFreeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const part of Object.values(value)) deepFreeze(part);
}

/**
 * Fixed memory of one copy in bytes: its share of lru-cache's arrays and of the two maps, its key, and the object
 * itself.
 */
export const ENTRY_BYTES = 300;

/** Estimated bytes that a value takes in V8 (8-byte pointers, one byte per character). */
export function estimateBytes(value: unknown): number {
  if (typeof value === "string") return 16 + value.length;
  if (typeof value === "number") return 12;
  if (typeof value !== "object" || value === null) return 0;
  let bytes = 24;
  for (const name of Object.keys(value)) bytes += 8 + estimateBytes(Reflect.get(value, name));
  return bytes;
}
