import {
  closeSync,
  fsync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { countLines, type Lines, readLines, repairLastLine } from "../files/lines.ts";
import { type Slot, takeSlot, tryTakeSlot } from "../files/lock.ts";

/**
 * Size at which a segment file is complete and the next segment begins, in bytes. Disk space is freed by deleting whole
 * segments.
 */
const SEGMENT_BYTES = 8 * 1024 * 1024;
/** Matches `<slot>-<number>.ndjson`. */
const SEGMENT_NAME_PATTERN = /^(\d+)-(\d+)\.ndjson$/;

const fsyncAsync = promisify(fsync);

/** Options of the spill, which stores events on disk while the sink does not accept them. */
export interface SpillOptions {
  /**
   * A folder that contains nothing else, on a local disk. It is created with mode 0700. Several processes may share
   * it: each writes its own files, and a new process delivers the files of a process that has died.
   */
  readonly path: string;
  /** Disk space for this process, in bytes. Events that exceed it are dropped. Default: 256 MiB. */
  readonly maxBytes?: number;
}

interface Segment {
  readonly path: string;
  bytes: number;
  lineCount: number;
}

/** The segment to which lines are appended. */
interface OpenSegment {
  readonly segment: Segment;
  readonly fileDescriptor: number;
  isNameOnDisk: boolean;
  /** Number of fsync calls in progress. The file must stay open until they finish. */
  runningSyncs: number;
  isEnded: boolean;
}

/**
 * A queue of lines in the files of a folder, oldest first. When `append` returns, the lines are in the operating
 * system's cache and survive a crash of the process; after `sync` they also survive a power failure.
 *
 * A segment file is deleted when all of its lines were removed. Until then, a restart reads its removed lines again.
 */
export class Spill {
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #slots: Slot[] = [];
  readonly #segments: Segment[] = [];
  #nextNumber = 1;
  #bytes = 0;
  #lines = 0;
  /** Position in the first segment, bytes. */
  #offset = 0;
  #reader: number | null = null;
  #openSegment: OpenSegment | null = null;

  /** Opens the folder, and adopts the segments of processes that have died. */
  constructor(options: Required<SpillOptions>) {
    this.#folder = options.path;
    this.#maxBytes = options.maxBytes;
    // With a relative path in a deleted working directory, `mkdirSync` never returns.
    mkdirSync(resolve(this.#folder), { recursive: true, mode: 0o700 });
    this.#slots.push(takeSlot(this.#folder));
    try {
      this.#adoptSegments();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Number of lines that have not been removed. */
  get lines(): number {
    return this.#lines;
  }

  /**
   * Appends lines, which must end with a newline.
   *
   * @returns how many lines fit within the size limit.
   * @throws the error of the file system; in that case no line is stored.
   */
  append(lines: readonly string[]): number {
    const room = this.#maxBytes - this.#bytes;
    let fitting = lines;
    let bytes = Buffer.from(lines.join(""));
    if (bytes.length > room) {
      fitting = linesWithin(lines, room);
      bytes = Buffer.from(fitting.join(""));
    }
    if (fitting.length === 0) return 0;
    const tail = this.#openLastSegment();
    try {
      for (let written = 0; written < bytes.length; )
        written += writeSync(tail.fileDescriptor, bytes, written);
    } catch (error) {
      this.#abandonWrite(tail);
      throw error;
    }
    const { segment } = tail;
    segment.bytes += bytes.length;
    segment.lineCount += fitting.length;
    this.#bytes += bytes.length;
    this.#lines += fitting.length;
    return fitting.length;
  }

  /** Writes the lines of the last `append` to the disk (fsync). Call it before the next `append`. */
  async sync(): Promise<void> {
    const tail = this.#openSegment;
    if (!tail) return;
    tail.runningSyncs++;
    try {
      await fsyncAsync(tail.fileDescriptor);
      if (!tail.isNameOnDisk) await syncFolder(this.#folder);
      tail.isNameOnDisk = true;
    } finally {
      tail.runningSyncs--;
      closeFileIfEnded(tail);
    }
  }

  /** Returns the oldest lines, at most `limit`. It returns fewer at the end of a segment. */
  peek(limit: number): Lines {
    return readLines(this.#openReader(), this.#offset, Math.min(limit, this.#segments[0]?.lineCount ?? 0));
  }

  /** Removes the oldest lines. `count` must not exceed {@link lines}. */
  remove(count: number): void {
    for (let left = count; left > 0; ) {
      const segment = this.#segments[0];
      if (!segment) return;
      const removed = Math.min(left, segment.lineCount);
      if (removed < segment.lineCount) {
        this.#offset += readLines(this.#openReader(), this.#offset, removed).bytes.length;
        segment.lineCount -= removed;
      } else {
        this.#deleteFirstSegment(segment);
      }
      this.#lines -= removed;
      left -= removed;
    }
  }

  /** Closes the files and releases the locks. The lines stay on disk for the next process. */
  close(): void {
    this.#closeReader();
    this.#endLastSegment();
    for (const slot of this.#slots.splice(0)) slot.release();
  }

  /** Adds the segments of this process's slot and of every slot without a process, oldest first. */
  #adoptSegments(): void {
    const [ownSlot] = this.#slots;
    const segmentFiles = readdirSync(this.#folder).flatMap((name) => {
      const [, slot, number] = SEGMENT_NAME_PATTERN.exec(name) ?? [];
      return slot && number ? [{ name, slot: Number(slot), number: Number(number) }] : [];
    });
    const heldSlots = new Set(this.#slots.map(({ number }) => number));
    for (const number of new Set(segmentFiles.map(({ slot }) => slot))) {
      const slot = heldSlots.has(number) ? null : tryTakeSlot(this.#folder, number);
      if (!slot) continue;
      this.#slots.push(slot);
      heldSlots.add(number);
    }
    const adoptedFiles = segmentFiles.filter(({ slot }) => heldSlots.has(slot));
    for (const { name } of adoptedFiles.toSorted(
      (left, right) => left.slot - right.slot || left.number - right.number,
    )) {
      const path = join(this.#folder, name);
      const bytes = repairLastLine(path);
      const lines = countLines(path);
      if (lines === 0) {
        unlinkSync(path);
        continue;
      }
      this.#segments.push({ path, bytes, lineCount: lines });
      this.#bytes += bytes;
      this.#lines += lines;
    }
    const numbers = adoptedFiles.filter(({ slot }) => slot === ownSlot?.number).map(({ number }) => number);
    this.#nextNumber = Math.max(0, ...numbers) + 1;
  }

  #openLastSegment(): OpenSegment {
    if (this.#openSegment && this.#openSegment.segment.bytes < SEGMENT_BYTES) return this.#openSegment;
    this.#endLastSegment();
    const name = `${this.#slots[0]?.number}-${String(this.#nextNumber++).padStart(8, "0")}.ndjson`;
    const segment: Segment = { path: join(this.#folder, name), bytes: 0, lineCount: 0 };
    const file = openSync(segment.path, "ax", 0o600);
    this.#segments.push(segment);
    this.#openSegment = {
      segment,
      fileDescriptor: file,
      isNameOnDisk: false,
      runningSyncs: 0,
      isEnded: false,
    };
    return this.#openSegment;
  }

  /** Closes the last segment, so that the next line begins a new one. */
  #endLastSegment(): void {
    if (!this.#openSegment) return;
    this.#openSegment.isEnded = true;
    closeFileIfEnded(this.#openSegment);
    this.#openSegment = null;
  }

  /**
   * Removes the incomplete lines of a failed write. Also closes the segment, so that `peek` stops at its last complete
   * line if the removal fails.
   */
  #abandonWrite({ segment, fileDescriptor }: OpenSegment): void {
    try {
      ftruncateSync(fileDescriptor, segment.bytes);
    } catch {
      // If this fails, the next process repairs the file: it delivers complete lines and removes an incomplete one.
    }
    this.#endLastSegment();
    if (segment.lineCount > 0) return;
    this.#segments.pop();
    if (this.#segments.length === 0) this.#closeReader();
    unlinkSync(segment.path);
  }

  #openReader(): number {
    const segment = this.#segments[0];
    if (!segment) throw new RangeError("Cannot read from the spill files: they contain no lines.");
    this.#reader ??= openSync(segment.path, "r");
    return this.#reader;
  }

  #closeReader(): void {
    if (this.#reader !== null) closeSync(this.#reader);
    this.#reader = null;
    this.#offset = 0;
  }

  #deleteFirstSegment(segment: Segment): void {
    this.#closeReader();
    this.#segments.shift();
    this.#bytes -= segment.bytes;
    if (this.#openSegment?.segment === segment) this.#endLastSegment();
    unlinkSync(segment.path);
  }
}

/** Returns the first lines, as many as fit into `room` bytes. */
function linesWithin(lines: readonly string[], room: number): readonly string[] {
  let left = room;
  const end = lines.findIndex((line) => {
    left -= Buffer.byteLength(line);
    return left < 0;
  });
  return lines.slice(0, end < 0 ? lines.length : end);
}

function closeFileIfEnded({ isEnded, runningSyncs, fileDescriptor }: OpenSegment): void {
  if (isEnded && runningSyncs === 0) closeSync(fileDescriptor);
}

/** Makes the names of new files durable (fsync of the folder). */
async function syncFolder(path: string): Promise<void> {
  const folder = openSync(path, "r");
  try {
    await fsyncAsync(folder);
  } finally {
    closeSync(folder);
  }
}
