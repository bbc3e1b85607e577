import { expressionBuilder } from "kysely";
import { type Clock, systemClock } from "../session/clock.ts";
import { storeUnavailable } from "../session/errors.ts";
import type { SessionFilter, SessionStore, StoreStats } from "../session/store.ts";
import { encodeCursor, readPageRequest } from "./page.ts";
import { recordOf } from "./row.ts";
import { closedStore, GroupCommit } from "./sqlite-commits.ts";
import { kyselyOn } from "./sqlite-dialect.ts";
import { openDatabase } from "./sqlite-open.ts";
import type { Tables } from "./sqlite-schema.ts";
import { SqliteStatements } from "./sqlite-statements.ts";
import { sweepOn } from "./sqlite-sweep.ts";

/** How to open a session database. */
export interface SqliteStoreOptions {
  /** The file; its folder must exist. `:memory:` keeps everything in this process. */
  readonly path: string;
  /** How long to wait for another process's write, milliseconds; waiting holds this process up. 2000 unless given. */
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

const FILTERS = [
  ["subject", "subject"],
  ["tenant", "tenant"],
  ["visitorId", "visitor_id"],
  ["parentId", "parent_id"],
  ["owner", "owner"],
  ["type", "type"],
  ["state", "state"],
] as const satisfies readonly (readonly [keyof SessionFilter, string])[];

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
  const commits = new GroupCommit(database);
  const kysely = kyselyOn(database);
  let isOpen = true;

  function requireOpen(): void {
    if (!isOpen) throw closedStore();
  }

  async function write<Result>(run: () => Result): Promise<Result> {
    requireOpen();
    return await commits.run(run);
  }

  async function read<Result>(run: () => Result): Promise<Awaited<Result>> {
    requireOpen();
    try {
      return await run();
    } catch (error) {
      throw storeUnavailable(error);
    }
  }

  return {
    get: (id) => read(() => statements.get(id)),
    put: (record, putOptions) => write(() => statements.put(record, putOptions, clock.now())),
    touch: (touches) => write(() => statements.touch(touches)),
    revoke: (scope, reason) => write(() => statements.revoke(scope, reason, clock.now())),
    changes: (cursor) => read(() => statements.changesFrom(cursor)),
    sweep: (before, limit) => write(() => sweep(before, limit)),

    list: (filter, page) =>
      read(async () => {
        const { limit, after } = readPageRequest(page);
        let query = kysely.selectFrom("session_now").selectAll();
        for (const [name, column] of FILTERS) {
          const value = filter[name];
          if (value !== undefined) query = query.where(column, "=", value);
        }
        const { liveAt } = filter;
        if (liveAt !== undefined) query = query.where("state", "=", "active").where("ends_at", ">", liveAt);
        if (after) {
          query = query.where((is) =>
            is(is.refTuple("created_at", "id"), "<", is.tuple(after.createdAt, after.id)),
          );
        }
        const rows = await query
          .orderBy("created_at", "desc")
          .orderBy("id", "desc")
          .limit(limit + 1)
          .execute();
        const records = rows.slice(0, limit).map(recordOf);
        const last = records.at(-1);
        return { records, next: last && rows.length > limit ? encodeCursor(last) : null };
      }),

    stats: (now) =>
      read(async (): Promise<StoreStats> => {
        const isLive = expressionBuilder<Tables, "session_now">()
          .and({ state: "active" })
          .and("ends_at", ">", now);
        const counts = await kysely
          .selectFrom("session_now")
          .select(({ fn }) => [
            fn.countAll<number>().as("total"),
            fn.countAll<number>().filterWhere(isLive).as("active"),
            fn
              .countAll<number>()
              .filterWhere(isLive)
              .filterWhere("type", "=", "authenticated")
              .as("authenticated"),
            fn.min("created_at").filterWhere(isLive).as("oldest"),
            fn.max("created_at").filterWhere(isLive).as("newest"),
          ])
          .executeTakeFirstOrThrow();
        // SQLite's rows have no prototype.
        return { ...counts };
      }),

    dataVersion: () => {
      requireOpen();
      return statements.dataVersion();
    },

    async close() {
      if (!isOpen) return;
      isOpen = false;
      commits.flush();
      database.close();
    },
  };
}
