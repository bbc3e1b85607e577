import { closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { CoatcheckError } from "../../session/errors.ts";
import { isBusy } from "./busy.ts";

/** SQLite's name for a private database in memory. */
export const IN_MEMORY = ":memory:";

/**
 * How long one call waits for another process's write lock, in milliseconds. SQLite blocks the event loop for this
 * time, so it is short; the store retries asynchronously.
 */
const BUSY_TIMEOUT = 5;

/** Page cache of a connection, in KiB. SQLite's default of 2 MB holds about 1,500 sessions. */
const CACHE_SIZE = 32_768;

/**
 * Opens a database in write-ahead mode and brings its schema up to date with `migrate`. Creates the file if it does not
 * exist, readable by its owner alone. Each commit is on the disk before it is acknowledged.
 *
 * Opening waits up to `timeout` milliseconds for another process's lock. Later calls on the connection fail with
 * SQLITE_BUSY after {@link BUSY_TIMEOUT} milliseconds, and the caller retries them.
 *
 * @throws CoatcheckError `STORE_UNAVAILABLE` with SQLite's or the operating system's error as `cause`.
 */
export function openDatabase(
  path: string,
  timeout: number,
  migrate: (database: DatabaseSync) => void,
): DatabaseSync {
  let database: DatabaseSync | null = null;
  try {
    // Create the file here: SQLite would make it readable by all users. The -wal and -shm files get the same mode.
    if (path !== IN_MEMORY) closeSync(openSync(path, "a", 0o600));
    database = new DatabaseSync(path, { timeout });
    enableWriteAheadLog(database, timeout);
    database.exec("PRAGMA synchronous = FULL");
    migrate(database);
    database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}; PRAGMA cache_size = -${CACHE_SIZE}`);
    return database;
  } catch (error) {
    database?.close();
    throw error instanceof CoatcheckError ? error : createOpenError(error);
  }
}

/**
 * Switches the file to write-ahead mode, with retries. When two processes create the file at the same moment, each of
 * them tries to turn its read lock into a write lock. SQLite's busy timeout does not apply there, because each process
 * would wait for the other (https://sqlite.org/wal.html#activating_and_configuring_wal_mode).
 */
function enableWriteAheadLog(database: DatabaseSync, timeout: number): void {
  const deadline = performance.now() + timeout;
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    try {
      database.exec("PRAGMA journal_mode = WAL");
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) throw error;
    }
    Atomics.wait(sleeper, 0, 0, BUSY_TIMEOUT);
  }
}

function createOpenError(cause: unknown): CoatcheckError {
  return new CoatcheckError("STORE_UNAVAILABLE", `Cannot open the session database: ${reasonFor(cause)}.`, {
    cause,
  });
}

/**
 * Explains the failures that an operator can fix, by the operating system's error code or SQLite's primary result
 * code (https://sqlite.org/rescode.html).
 */
function reasonFor(error: unknown): string {
  const { code, errcode } = error as { code?: string; errcode?: number };
  if (code === "ENOENT") return "its folder does not exist";
  if (code === "EISDIR") return "its path is a folder";
  if (code === "EACCES" || code === "EROFS" || code === "EPERM")
    return "this process has no permission to write the file";
  switch ((errcode ?? 0) & 0xff) {
    case 5:
    case 6:
      return "another process holds its lock";
    case 8:
      return "this process has no permission to write the file or its folder";
    case 11:
    case 26:
      return "the file is damaged or is not a SQLite database";
    case 13:
      return "the disk is full";
    default:
      return "see the cause of this error";
  }
}
