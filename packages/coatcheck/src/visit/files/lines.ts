import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from "node:fs";

const NEWLINE = 10;
/** Bytes per read. */
const CHUNK_BYTES = 256 * 1024;

/** Complete lines of a file. */
export interface Lines {
  /** The lines with their newlines. */
  readonly bytes: Buffer;
  readonly count: number;
}

/**
 * Reads up to `limit` complete lines. A last line without a newline is incomplete: the process that wrote it was
 * interrupted.
 *
 * @param offset where to begin, in bytes.
 */
export function readLines(file: number, offset: number, limit: number): Lines {
  const chunks: Buffer[] = [];
  let count = 0;
  let size = 0;
  let complete = 0;
  while (count < limit) {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    const chunk = buffer.subarray(0, readSync(file, buffer, 0, CHUNK_BYTES, offset + size));
    if (chunk.length === 0) break;
    for (let at = chunk.indexOf(NEWLINE); at >= 0 && count < limit; at = chunk.indexOf(NEWLINE, at + 1)) {
      count++;
      complete = size + at + 1;
    }
    chunks.push(chunk);
    size += chunk.length;
  }
  return { bytes: Buffer.concat(chunks).subarray(0, complete), count };
}

/** Counts the complete lines of a file. */
export function countLines(path: string): number {
  const file = openSync(path, "r");
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    let lines = 0;
    for (let position = 0; ; ) {
      const size = readSync(file, buffer, 0, CHUNK_BYTES, position);
      if (size === 0) return lines;
      const chunk = buffer.subarray(0, size);
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) lines++;
      position += size;
    }
  } finally {
    closeSync(file);
  }
}

/**
 * Removes an incomplete last line, which a crash during a write leaves behind. No other process may write to the
 * file.
 *
 * @returns the size after the repair, bytes.
 */
export function repairLastLine(path: string): number {
  const file = openSync(path, "r+");
  try {
    const size = fstatSync(file).size;
    let complete = 0;
    for (let end = size; end > 0 && complete === 0; end -= CHUNK_BYTES) {
      const start = Math.max(0, end - CHUNK_BYTES);
      const buffer = Buffer.alloc(end - start);
      readSync(file, buffer, 0, buffer.length, start);
      const last = buffer.lastIndexOf(NEWLINE);
      if (last >= 0) complete = start + last + 1;
    }
    if (complete < size) ftruncateSync(file, complete);
    return complete;
  } finally {
    closeSync(file);
  }
}
