import type { DocumentCount, VisitEvent } from "../event.ts";
import { lineOf, parseLine, type SinkItem } from "../sink/line.ts";
import type { EventBatch } from "../sink.ts";
import type { Spill } from "./spill.ts";

/**
 * Maximum number of entries per write to the spill (the queue's files on disk). It limits how long a write blocks the
 * event loop.
 */
const SPILL_CHUNK_ENTRIES = 100;

/** A waiting event or count, with the caller's callbacks. */
export interface BacklogEntry {
  readonly item: SinkItem;
  /** Called when the item is in the sink or on disk. */
  readonly resolve?: () => void;
  readonly reject?: (error: unknown) => void;
}

/** The oldest entries of a backlog, as one batch for the sink. */
export interface NextBatch {
  readonly batch: EventBatch;
  /**
   * How many entries to remove after the sink has stored the batch. Greater than the batch's size if a line was
   * damaged.
   */
  readonly entryCount: number;
}

/** Limits of a {@link Backlog}. */
export interface BacklogOptions {
  /** The queue's files on disk. Null: entries that exceed the memory limit are dropped. */
  readonly spill: Spill | null;
  /** Maximum number of entries in memory. */
  readonly maxEntries: number;
  /** Called with the errors of the spill's files. */
  readonly onError: (error: unknown) => void;
}

/**
 * The entries that wait for the sink: first the lines in the spill (the files on disk), then the entries in memory.
 * When memory is full, its oldest entries are appended to the spill. The order therefore never changes, not even
 * while a sink writes the first entries.
 */
export class Backlog {
  readonly #options: BacklogOptions;
  readonly #memory: BacklogEntry[] = [];
  /** Whether the last write to the spill failed because the spill was full. Prevents a new attempt for every event. */
  #isSpillStuck = false;

  constructor(options: BacklogOptions) {
    this.#options = options;
  }

  /** Number of entries in memory and on disk. */
  get size(): number {
    return this.memorySize + this.spilledSize;
  }

  get memorySize(): number {
    return this.#memory.length;
  }

  /** Number of entries on disk. */
  get spilledSize(): number {
    return this.#options.spill?.lines ?? 0;
  }

  get isFull(): boolean {
    return this.#memory.length >= this.#options.maxEntries;
  }

  get hasSpill(): boolean {
    return this.#options.spill !== null;
  }

  /** Adds the newest entry. Returns false if neither memory nor disk has space. */
  push(entry: BacklogEntry): boolean {
    if (this.isFull && !this.#isSpillStuck) this.#spillChunk();
    if (this.isFull) return false;
    this.#memory.push(entry);
    return true;
  }

  /** Returns the oldest entries, at most `limit`. They stay in the backlog. */
  firstBatch(limit: number): NextBatch {
    const { spill } = this.#options;
    if (!spill || spill.lines === 0) {
      const items = this.#memory.slice(0, limit).map(({ item }) => item);
      return { batch: batchOf(items), entryCount: items.length };
    }
    const { bytes, count } = spill.peek(limit);
    const lines = bytes.toString().split("\n").slice(0, count);
    return { batch: batchOf(lines.flatMap((line) => parseLine(line) ?? [])), entryCount: count };
  }

  /** Removes the oldest entries, after the sink has stored them. */
  removeFirst(count: number): void {
    const fromSpill = Math.min(count, this.spilledSize);
    if (fromSpill > 0) this.#options.spill?.remove(fromSpill);
    this.#isSpillStuck = false;
    const removed = this.#memory.splice(0, count - fromSpill);
    for (const { resolve } of removed) resolve?.();
  }

  /**
   * Moves about `limit` of the oldest entries from memory to the spill.
   *
   * @returns whether more entries can be moved. False if memory is empty or the disk accepts nothing.
   */
  spillMemory(limit: number): boolean {
    this.#isSpillStuck = false;
    const end = Math.max(0, this.memorySize - limit);
    while (this.memorySize > end && this.#spillChunk());
    return this.memorySize > 0 && this.hasSpill && !this.#isSpillStuck;
  }

  /** Returns when the oldest entry was received, epoch milliseconds; null if the backlog is empty. */
  oldestAt(): number | null {
    const { events, counts } = this.firstBatch(1).batch;
    return events[0]?.receivedAt ?? counts[0]?.hour ?? null;
  }

  /** Removes all entries from memory and returns them. */
  clearMemory(): readonly BacklogEntry[] {
    return this.#memory.splice(0);
  }

  /** Moves the oldest entries from memory to the spill. Returns whether any were moved. */
  #spillChunk(): boolean {
    const { spill, onError } = this.#options;
    if (!spill) return false;
    try {
      const chunk = this.#memory.slice(0, SPILL_CHUNK_ENTRIES);
      const spilled = this.#memory.splice(0, spill.append(chunk.map(writeLine)));
      if (spilled.some(({ resolve }) => resolve)) this.#syncSpill(spill, spilled);
      this.#isSpillStuck = spilled.length === 0;
    } catch (error) {
      this.#isSpillStuck = true;
      onError(error);
    }
    return !this.#isSpillStuck;
  }

  #syncSpill(spill: Spill, entries: readonly BacklogEntry[]): void {
    spill.sync().then(
      () => {
        for (const { resolve } of entries) resolve?.();
      },
      (error) => {
        for (const { reject } of entries) reject?.(error);
      },
    );
  }
}

/**
 * Returns the line of an entry. An item that cannot be written as JSON gets a damaged line, because the number of
 * entries must not change.
 */
function writeLine({ item, reject }: BacklogEntry): string {
  try {
    return lineOf(item);
  } catch (error) {
    reject?.(error);
    return "null\n";
  }
}

function batchOf(items: readonly SinkItem[]): EventBatch {
  const events: VisitEvent[] = [];
  const counts: DocumentCount[] = [];
  for (const item of items) {
    if (item.kind === "event") events.push(item.event);
    else counts.push(item.count);
  }
  return { events, counts };
}
