import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** SQLite's code for a file that another connection has locked. */
const SQLITE_BUSY = 5;

/** A lock that this process holds. The operating system releases it when the process ends, even after a crash. */
export interface FileLock {
  release(): void;
}

/** A numbered lock file in a folder. The files of a slot belong to one process at a time. */
export interface Slot extends FileLock {
  /** Starts at 1. */
  readonly number: number;
}

/**
 * Acquires the lock of a file, and creates the file if it does not exist. Never delete the file: two processes could
 * then hold the locks of two files with the same name. Node has no file locks, and a process id in a file is
 * unreliable: ids are reused, and two containers can have the same id. So the file is opened as a SQLite database:
 * SQLite locks it with the operating system, which also works between containers that share a folder.
 *
 * @returns null if another process, or another lock of this process, holds it.
 */
export function tryLock(path: string): FileLock | null {
  try {
    // Open and close the file only if it is new: closing a file that SQLite has open would release SQLite's lock
    // (POSIX.1-2024 fcntl).
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
 * Acquires the free slot with the lowest number in a folder. The caller then owns the files that the slot's previous
 * owner left.
 */
export function takeSlot(folder: string): Slot {
  for (let number = 1; ; number++) {
    const slot = tryTakeSlot(folder, number);
    if (slot) return slot;
  }
}

/** Acquires a slot; returns null if a process holds it. */
export function tryTakeSlot(folder: string, number: number): Slot | null {
  const lock = tryLock(join(folder, `${number}.lock`));
  return lock && { number, release: lock.release };
}
