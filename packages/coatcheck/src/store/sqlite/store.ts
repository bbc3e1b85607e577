/**
 * A session store in one SQLite file, through Node's own `node:sqlite`. It needs no server and no native build.
 * Several processes on one machine may share the file.
 *
 * @example
 * import { SessionManager } from "coatcheck";
 * import { sqliteStore } from "coatcheck/store/sqlite";
 *
 * const store = sqliteStore("./sessions.db");
 * const sessions = new SessionManager({ store, secrets: ["a long random secret"] });
 * const { token } = await sessions.create({ subject: "user-7" });
 * await sessions.close();
 *
 * @module
 */
import { type Clock, systemClock } from "../../session/clock.ts";
import { storeUnavailableError } from "../../session/errors.ts";
import { type KnownOptions, requireKnownOptions } from "../../session/known-options.ts";
import { requireFilter, requireKey, requirePage, requireScope } from "../../session/scope.ts";
import { warnOfShortDurations } from "../../session/short-durations.ts";
import type { SessionStore } from "../../session/store.ts";
import { describeValue, usageError } from "../../session/usage-error.ts";
import { listSessions } from "../sql-list.ts";
import { rowOf } from "../sql-row.ts";
import { isBusy, waitBeforeRetry } from "./busy.ts";
import { createClosedError, GroupCommit } from "./group-commit.ts";
import { createListSource } from "./list.ts";
import { IN_MEMORY, openDatabase } from "./open.ts";
import { migrate } from "./schema.ts";
import { SqliteStatements } from "./statements.ts";
import { prepareStats } from "./stats.ts";
import { prepareSweep } from "./sweep.ts";

/** Options of {@link sqliteStore}. */
export interface SqliteStoreOptions {
  /** Path of the database file. Its folder must exist. `:memory:` creates a private database in memory. */
  readonly path: string;
  /**
   * How long a call waits for another process's write lock, in milliseconds. The event loop is not blocked for that
   * time. Default: 2000.
   */
  readonly busyTimeout?: number;
  /**
   * Supplies the time of each revocation. `sweep` uses these times to find the revoked sessions to delete. Default: the
   * system clock.
   */
  readonly clock?: Clock;
}

const STORE_OPTIONS = {
  path: true,
  busyTimeout: "interval",
  clock: true,
} satisfies KnownOptions<SqliteStoreOptions>;
/** Maximum number of touches in one write. A large batch is divided, so that other tasks can run in between. */
const TOUCH_SLICE_SIZE = 50;

/** A session store whose file several processes of one machine can share. */
export interface SqliteStore extends SessionStore {
  /**
   * Returns a number that changes whenever another process commits to the file (`PRAGMA data_version`). A call takes
   * microseconds, so a cache can compare it at every request.
   *
   * @throws CoatcheckError `STORE_UNAVAILABLE` after `close`.
   */
  dataVersion(): number;
  /** Whether the database is in memory. No other connection can open such a database. */
  readonly isPrivate: boolean;
}

/**
 * Opens a session store in one SQLite file and creates the file if it does not exist. Every acknowledged write is on
 * the disk (write-ahead log, `synchronous = FULL`). Several processes on one machine may open the same file.
 *
 * @param options - the path of the file, or an object with more options.
 * @throws UsageError for an unknown option.
 * @throws CoatcheckError `STORE_UNAVAILABLE` when the file cannot be opened, is damaged, or has the schema of a newer
 * Coatcheck.
 * @example
 * const store = sqliteStore("./data/sessions.db");
 */
export function sqliteStore(options: string | SqliteStoreOptions): SqliteStore {
  const given: SqliteStoreOptions = typeof options === "string" ? { path: options } : options;
  requireKnownOptions("SQLite store options", given, STORE_OPTIONS);
  if (typeof given.path !== "string") {
    throw usageError("SQLite store options", [
      { path: "path", message: `must be a string (got ${describeValue(given.path)})` },
    ]);
  }
  const { path, busyTimeout = 2000, clock = systemClock } = given;
  const isPrivate = path === IN_MEMORY;
  warnOfShortDurations("SQLite store options", "wait", { busyTimeout });
  const database = openDatabase(path, busyTimeout, migrate);
  const statements = new SqliteStatements(database);
  const stats = prepareStats(database, path);
  const commits = new GroupCommit(database, busyTimeout);
  const sweep = prepareSweep(database, (run) => commits.run(run));
  const sweeps = new Set<Promise<number>>();
  const listSource = createListSource(database);
  let isOpen = true;

  function requireOpen(): void {
    if (!isOpen) throw createClosedError();
  }

  async function write<Result>(run: () => Result): Promise<Result> {
    requireOpen();
    return await commits.run(run);
  }

  /**
   * Retries while the file is locked. In write-ahead mode, readers meet a lock only while SQLite recovers the file or
   * its last user closes it.
   */
  async function read<Result>(run: () => Result): Promise<Awaited<Result>> {
    const since = performance.now();
    for (;;) {
      requireOpen();
      try {
        return await run();
      } catch (error) {
        if (!isBusy(error) || performance.now() - since >= busyTimeout) throw storeUnavailableError(error);
        await waitBeforeRetry();
      }
    }
  }

  return {
    get: (id) => read(() => statements.get(id)),
    async put(record, putOptions) {
      // Convert before the first `await`: the caller may change the record after this call returns.
      const row = runOrWrapError(() => rowOf(record));
      return await write(() => statements.put(row, putOptions, clock.now()));
    },
    async touch(touches) {
      requireOpen();
      const slices: Promise<void>[] = [];
      for (let start = 0; start < touches.length; start += TOUCH_SLICE_SIZE) {
        const slice = touches.slice(start, start + TOUCH_SLICE_SIZE);
        slices.push(write(() => statements.touch(slice)));
      }
      await Promise.all(slices);
    },
    async revoke(scope, reason) {
      requireScope(scope);
      return await write(() => statements.revoke(scope, reason, clock.now()));
    },
    async invalidate(key) {
      requireKey(key);
      return await write(() => statements.invalidate(key, clock.now()));
    },
    changes: (cursor) => read(() => statements.changesFrom(cursor)),
    async sweep(before, limit) {
      requireOpen();
      const sweeping = sweep(before, limit);
      sweeps.add(sweeping);
      try {
        return await sweeping;
      } finally {
        sweeps.delete(sweeping);
      }
    },
    async list(filter, page) {
      requireFilter(filter);
      requirePage(page);
      return await read(() => listSessions(listSource, filter, page));
    },
    stats: (now) => read(() => stats.read(now)),

    isPrivate,
    dataVersion: () => {
      requireOpen();
      return isPrivate ? 0 : runOrWrapError(() => statements.dataVersion());
    },

    async close() {
      if (!isOpen) return;
      isOpen = false;
      await stats.close();
      await Promise.allSettled(sweeps);
      await commits.drain();
      database.close();
    },
  };
}

function runOrWrapError<Result>(run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    throw storeUnavailableError(error);
  }
}
