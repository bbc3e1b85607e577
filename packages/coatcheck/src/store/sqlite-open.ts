import { closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { CoatcheckError } from "../session/errors.ts";
import { isBusy } from "./sqlite-busy.ts";
import { migrate } from "./sqlite-schema.ts";

/** A database in memory, which no other connection sees. */
export const IN_MEMORY = ":memory:";

/** How long one call waits for another process's write, milliseconds: the event loop stands still meanwhile. */
const HELD_UP_FOR = 5;

/** What is kept of the file in memory, KiB; SQLite's own 2 MB hold some 1,500 sessions. */
const CACHE_SIZE = 32_768;

/**
 * Opens a session database, made when there is none: readable by its owner alone, in write-ahead mode, each commit on
 * the disk before it is acknowledged. Another process's lock is waited for up to `patience` milliseconds here; the
 * connection's own calls fail with it after {@link HELD_UP_FOR}.
 *
 * @throws CoatcheckError `STORE_UNAVAILABLE` with SQLite's or the system's error as `cause`.
 */
export function openDatabase(path: string, patience: number): DatabaseSync {
  let database: DatabaseSync | null = null;
  try {
    // Made here, because SQLite would make it readable by everybody; its -wal and -shm files take the same mode.
    if (path !== IN_MEMORY) closeSync(openSync(path, "a", 0o600));
    database = new DatabaseSync(path, { timeout: patience });
    writeAhead(database, patience);
    database.exec("PRAGMA synchronous = FULL");
    migrate(database);
    database.exec(`PRAGMA busy_timeout = ${HELD_UP_FOR}; PRAGMA cache_size = -${CACHE_SIZE}`);
    return database;
  } catch (error) {
    database?.close();
    throw error instanceof CoatcheckError ? error : openingFailed(error);
  }
}

/**
 * Two processes that make a file at the same moment both change its mode, and there SQLite waits for nobody: each would
 * wait for the other (https://sqlite.org/wal.html#activating_and_configuring_wal_mode).
 */
function writeAhead(database: DatabaseSync, patience: number): void {
  const deadline = performance.now() + patience;
  const never = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    try {
      database.exec("PRAGMA journal_mode = WAL");
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) throw error;
    }
    Atomics.wait(never, 0, 0, HELD_UP_FOR);
  }
}

function openingFailed(cause: unknown): CoatcheckError {
  return new CoatcheckError(
    "STORE_UNAVAILABLE",
    `The session database could not be opened: ${whatIs(cause)}.`,
    {
      cause,
    },
  );
}

/** SQLite's primary result codes (https://sqlite.org/rescode.html) and the system's, as far as somebody can act on them. */
function whatIs(error: unknown): string {
  const { code, errcode } = error as { code?: string; errcode?: number };
  if (code === "ENOENT") return "its folder does not exist";
  if (code === "EISDIR") return "its path is a folder's";
  if (code === "EACCES" || code === "EROFS" || code === "EPERM") return "this process may not write to it";
  switch ((errcode ?? 0) & 0xff) {
    case 5:
    case 6:
      return "another process keeps it locked";
    case 8:
      return "this process may not write to it, or to its folder";
    case 11:
    case 26:
      return "the file is damaged, or no SQLite database";
    case 13:
      return "the disk is full";
    default:
      return "see the cause";
  }
}
