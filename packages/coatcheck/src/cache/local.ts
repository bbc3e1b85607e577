import { LRUCache } from "lru-cache";
import { HeldSession } from "../session/held.ts";
import type { Snapshot } from "../session/store.ts";

/** How much the local tier may hold; what was not asked for longest goes first. */
export interface LocalLimits {
  readonly maxEntries: number;
  /** Bytes of memory, estimated from the records' contents. */
  readonly maxBytes: number;
}

/** A session in this process's memory. */
export class HeldCopy extends HeldSession {
  /** Monotonic milliseconds at which it was filled, rounded down: it is never held for younger than it is. */
  declare readonly since: number;
  /** Monotonic milliseconds at which it was last said to be in use. */
  declare usedAt: number;

  constructor(snapshot: Snapshot, now: number) {
    super(snapshot);
    this.since = Math.floor(now);
    this.usedAt = this.since;
  }
}

/** Milliseconds to which the order of use is kept: moving a copy through the list costs more than finding it. */
const USE_GRAIN = 5000;

/** The tier in this process's memory: compact id → copy, bounded by entries and by bytes. Decides nothing. */
export class LocalTier {
  /** In the order of their use. */
  readonly #copies: LRUCache<string, HeldCopy>;
  /** The same, to be found in: twice as fast. */
  readonly #byKey = new Map<string, HeldCopy>();
  readonly #maxEntries: number;

  constructor({ maxEntries, maxBytes }: LocalLimits) {
    this.#maxEntries = maxEntries;
    this.#copies = new LRUCache({
      // Without `max`, for whose every entry it would set memory aside at once: 8 ms and 2 MB before the first session.
      maxSize: maxBytes,
      dispose: (_copy, key) => this.#byKey.delete(key),
      onInsert: (copy, key) => this.#byKey.set(key, copy),
    });
  }

  get entries(): number {
    return this.#copies.size;
  }

  get bytes(): number {
    return this.#copies.calculatedSize;
  }

  /** `now`: monotonic milliseconds. */
  get(key: string, now: number): HeldCopy | undefined {
    const copy = this.#byKey.get(key);
    if (copy !== undefined && now - copy.usedAt > USE_GRAIN) {
      copy.usedAt = Math.floor(now);
      this.#copies.get(key);
    }
    return copy;
  }

  has(key: string): boolean {
    return this.#byKey.has(key);
  }

  /**
   * Holds a copy, deeply frozen, unless a newer version is held already, which is then returned instead. Activity seen
   * here outlives the copy it was seen on.
   */
  fill(key: string, snapshot: Snapshot, now: number): HeldCopy {
    const held = this.#byKey.get(key);
    if (held !== undefined && isNewer(held, snapshot)) return held;
    freeze(snapshot.record);
    const copy = new HeldCopy(snapshot, now);
    if (held !== undefined) copy.inherit(held);
    this.#copies.set(key, copy, { size: ENTRY_BYTES + weigh(snapshot.record) });
    if (this.#copies.size > this.#maxEntries) this.#copies.pop();
    return copy;
  }

  /** Drops a copy below `leastVersion`. */
  drop(key: string, leastVersion = Number.POSITIVE_INFINITY): void {
    const held = this.#byKey.get(key);
    if (held !== undefined && held.record.version < leastVersion) this.#copies.delete(key);
  }

  clear(): void {
    this.#copies.clear();
  }
}

function isNewer(held: Snapshot, snapshot: Snapshot): boolean {
  if (held.record.version !== snapshot.record.version) return held.record.version > snapshot.record.version;
  return held.position > snapshot.position;
}

/** What is handed to every request must not be changed by one of them. */
function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const part of Object.values(value)) freeze(part);
}

/** The entry's share of lru-cache's arrays and of both maps, its key, and the copy itself. */
const ENTRY_BYTES = 300;

/** About how many bytes of memory a value takes in V8 (8-byte pointers, strings of one byte a character). */
function weigh(value: unknown): number {
  if (typeof value === "string") return 16 + value.length;
  if (typeof value === "number") return 12;
  if (typeof value !== "object" || value === null) return 0;
  let bytes = 24;
  for (const part of Object.values(value)) bytes += 8 + weigh(part);
  return bytes;
}
