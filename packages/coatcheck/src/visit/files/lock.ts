import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** SQLite's code for a file that another connection has locked. */
const SQLITE_BUSY = 5;

/** A lock that this process holds. The kernel releases it when the process dies, however it dies. */
export interface FileLock {
  release(): void;
}

/** A numbered place in a folder, whose files belong to one process at a time. */
export interface Slot extends FileLock {
  /** From 1. */
  readonly number: number;
}

/**
 * Takes the lock of a file, and creates the file if it does not exist. Never delete it: two processes could then hold
 * locks of two files with one name.
 *
 * Node has no file locks, and a process id in a file says little: ids are used again, and two containers can have the
 * same. SQLite takes a lock of the kernel, which also works between containers that share a folder.
 *
 * @returns null when another process, or another lock of this process, has it.
 */
export function tryLock(path: string): FileLock | null {
  try {
    // Open a new file only. Closing a file that SQLite has open would release SQLite's lock (POSIX.1-2024 fcntl).
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (((error as { errcode?: number }).errcode ?? 0) % 256 === SQLITE_BUSY) return null;
    throw error;
  }
  return { release: () => database.close() };
}

/**
 * Takes the lowest slot of a folder that no process holds. The caller then owns the files that the slot's previous
 * owner left.
 */
export function takeSlot(folder: string): Slot {
  for (let number = 1; ; number++) {
    const slot = trySlot(folder, number);
    if (slot) return slot;
  }
}

/** Takes a slot; returns null when a process holds it. */
export function trySlot(folder: string, number: number): Slot | null {
  const lock = tryLock(join(folder, `${number}.lock`));
  return lock && { number, release: lock.release };
}
