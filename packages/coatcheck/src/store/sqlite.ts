import { type Clock, systemClock } from "../session/clock.ts";
import { storeUnavailable } from "../session/errors.ts";
import type { SessionStore } from "../session/store.ts";
import { rowOf } from "./row.ts";
import { isBusy, untilNextTry } from "./sqlite-busy.ts";
import { closedStore, GroupCommit } from "./sqlite-commits.ts";
import { kyselyOn } from "./sqlite-dialect.ts";
import { listSessions, statsOn } from "./sqlite-list.ts";
import { openDatabase } from "./sqlite-open.ts";
import { SqliteStatements } from "./sqlite-statements.ts";
import { sweepOn } from "./sqlite-sweep.ts";

/** How to open a session database. */
export interface SqliteStoreOptions {
  /** The file; its folder must exist. `:memory:` keeps everything in this process. */
  readonly path: string;
  /** How long a call waits for another process's write, milliseconds; others go on meanwhile. 2000 unless given. */
  readonly busyTimeout?: number;
  /** Dates revocations for the sweep. */
  readonly clock?: Clock;
}

/** A session store that other processes of the host may share. */
export interface SqliteStore extends SessionStore {
  /**
   * A number that differs from the one before when another process has committed in between. It costs microseconds,
   * so it can be asked at every request.
   *
   * @throws CoatcheckError `STORE_UNAVAILABLE` after `close`.
   */
  dataVersion(): number;
}

/**
 * Sessions in one SQLite file, through Node's own `node:sqlite`: no server, no native build, and every acknowledged
 * write on the disk. Several processes of one host may open the same file.
 *
 * @throws CoatcheckError `STORE_UNAVAILABLE` when the file cannot be opened, is damaged, or belongs to a newer program.
 * @example
 * const store = sqliteStore("./data/sessions.db");
 */
export function sqliteStore(options: string | SqliteStoreOptions): SqliteStore {
  const {
    path,
    busyTimeout = 2000,
    clock = systemClock,
  } = typeof options === "string" ? { path: options } : options;
  const database = openDatabase(path, busyTimeout);
  const statements = new SqliteStatements(database);
  const sweep = sweepOn(database);
  const stats = statsOn(database);
  const commits = new GroupCommit(database, busyTimeout);
  const kysely = kyselyOn(database);
  let isOpen = true;

  function requireOpen(): void {
    if (!isOpen) throw closedStore();
  }

  async function write<Result>(run: () => Result): Promise<Result> {
    requireOpen();
    return await commits.run(run);
  }

  /** A reader seldom meets a lock in write-ahead mode: while the file is recovered, or closed by its last user. */
  async function read<Result>(run: () => Result): Promise<Awaited<Result>> {
    const since = performance.now();
    for (;;) {
      requireOpen();
      try {
        return await run();
      } catch (error) {
        if (!isBusy(error) || performance.now() - since >= busyTimeout) throw storeUnavailable(error);
        await untilNextTry();
      }
    }
  }

  return {
    get: (id) => read(() => statements.get(id)),
    async put(record, putOptions) {
      // Before it waits, because the caller may do what it likes with the record meanwhile.
      const row = attempt(() => rowOf(record));
      return await write(() => statements.put(row, putOptions, clock.now()));
    },
    touch: (touches) => write(() => statements.touch(touches)),
    revoke: (scope, reason) => write(() => statements.revoke(scope, reason, clock.now())),
    changes: (cursor) => read(() => statements.changesFrom(cursor)),
    sweep: (before, limit) => write(() => sweep(before, limit)),
    list: (filter, page) => read(() => listSessions(kysely, filter, page)),
    stats: (now) => read(() => stats(now)),

    dataVersion: () => {
      requireOpen();
      return attempt(() => statements.dataVersion());
    },

    async close() {
      if (!isOpen) return;
      isOpen = false;
      await commits.drain();
      database.close();
    },
  };
}

function attempt<Result>(run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    throw storeUnavailable(error);
  }
}
