import { LRUCache } from "lru-cache";
import type { HeldSession } from "../session/reader.ts";
import type { SessionRecord } from "../session/record.ts";
import type { LogPosition, Snapshot } from "../session/store.ts";

/** How much the local tier may hold; what was not asked for longest goes first. */
export interface LocalLimits {
  readonly maxEntries: number;
  /** Bytes of memory, estimated from the records' contents. */
  readonly maxBytes: number;
}

/**
 * A session in this process's memory. A class, so that a million of them share one shape. Its fields are declared only:
 * one that begins as `undefined` would have V8 allocate every number that is written to it later.
 */
export class HeldCopy implements HeldSession {
  declare readonly record: SessionRecord;
  declare readonly position: LogPosition;
  declare lastSeenAt: number;
  declare touchedAt: number;
  /** Monotonic milliseconds at which it was filled. */
  declare readonly since: number;
  /** Monotonic milliseconds at which it was last said to be in use. */
  declare usedAt: number;

  constructor({ record, position }: Snapshot, since: number) {
    this.record = record;
    this.position = position;
    this.lastSeenAt = record.lastSeenAt;
    this.touchedAt = record.lastSeenAt;
    this.since = since;
    this.usedAt = since;
  }
}

/** Milliseconds to which the order of use is kept: moving a copy through the list costs more than finding it. */
const USE_GRAIN = 5000;

/** lru-cache writes into the options of each call; one object of ours saves an allocation per hit. */
const NO_OPTIONS = {};

/** The tier in this process's memory: compact id → copy, bounded by entries and by bytes. Decides nothing. */
export class LocalTier {
  readonly #copies: LRUCache<string, HeldCopy>;

  constructor(limits: LocalLimits) {
    this.#copies = new LRUCache({ max: limits.maxEntries, maxSize: limits.maxBytes });
  }

  get entries(): number {
    return this.#copies.size;
  }

  get bytes(): number {
    return this.#copies.calculatedSize;
  }

  /** `now`: monotonic milliseconds. */
  get(key: string, now: number): HeldCopy | undefined {
    const copy = this.#copies.peek(key, NO_OPTIONS);
    if (copy !== undefined && now - copy.usedAt > USE_GRAIN) {
      copy.usedAt = now;
      this.#copies.get(key, NO_OPTIONS);
    }
    return copy;
  }

  has(key: string): boolean {
    return this.#copies.has(key);
  }

  /**
   * Holds a copy, deeply frozen, unless a newer version is held already, which is then returned instead. Activity seen
   * here outlives the copy it was seen on.
   */
  fill(key: string, snapshot: Snapshot, now: number): HeldCopy {
    const held = this.#copies.peek(key);
    if (held !== undefined && isNewer(held, snapshot)) return held;
    freeze(snapshot.record);
    const copy = new HeldCopy(snapshot, now);
    if (held !== undefined) {
      copy.lastSeenAt = Math.max(copy.lastSeenAt, held.lastSeenAt);
      copy.touchedAt = Math.max(copy.touchedAt, held.touchedAt);
    }
    this.#copies.set(key, copy, { size: ENTRY_BYTES + weigh(snapshot.record) });
    return copy;
  }

  /** Drops a copy below `leastVersion`. */
  drop(key: string, leastVersion = Number.POSITIVE_INFINITY): void {
    const held = this.#copies.peek(key);
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

/** The entry's share of lru-cache's arrays and map, its key, and the copy itself. */
const ENTRY_BYTES = 240;

/** About how many bytes of memory a value takes in V8 (8-byte pointers, strings of one byte a character). */
function weigh(value: unknown): number {
  if (typeof value === "string") return 16 + value.length;
  if (typeof value === "number") return 12;
  if (typeof value !== "object" || value === null) return 0;
  let bytes = 24;
  for (const part of Object.values(value)) bytes += 8 + weigh(part);
  return bytes;
}
