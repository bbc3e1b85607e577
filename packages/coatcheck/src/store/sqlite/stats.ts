import type { DatabaseSync } from "node:sqlite";
import type { StoreStats } from "../../session/store.ts";
import { MAX_EXACT_SESSIONS, Recount } from "../recount.ts";
import { CountThread } from "./count-thread.ts";
import { IN_MEMORY } from "./open.ts";
import { hourOf, IS_ACTIVE } from "./statements.ts";

/**
 * Counts the sessions as of `?1`, epoch milliseconds. An index covers the query, except for the sessions that end
 * within the current hour.
 */
const COUNT_SESSIONS = `
  SELECT (SELECT count(*) FROM session) AS total, count(*) AS active,
    count(*) FILTER (WHERE type = 'authenticated') AS authenticated,
    min(created_at) AS oldest, max(created_at) AS newest
  FROM session WHERE end_hour >= ${hourOf("?1")} AND ${IS_ACTIVE}
    AND (end_hour > ${hourOf("?1")} OR ends_at > ?1)`;

/** Counts the sessions in one database. */
export interface SqliteStats {
  /**
   * Returns counts as of `now` (epoch milliseconds) for a small store, and counts that are up to a minute old for a
   * large one.
   */
  read(now: number): Promise<StoreStats>;
  /** Ends the thread that counts. Rejects a count that is running. */
  close(): Promise<void>;
}

/** Prepares the counting. A large database is counted in another thread, so that the event loop is not blocked. */
export function prepareStats(database: DatabaseSync, path: string): SqliteStats {
  // The query takes constant time. Its result is never lower than the number of rows.
  const highestRow = database.prepare("SELECT coalesce(max(rowid), 0) AS row FROM session");
  const count = database.prepare(COUNT_SESSIONS);
  const thread = new CountThread(path, COUNT_SESSIONS);

  const recount = new Recount({
    async count(now) {
      const isSmall = path === IN_MEMORY || Number(highestRow.get()?.row) <= MAX_EXACT_SESSIONS;
      return statsOf(isSmall ? count.get(now) : await thread.count(now), now);
    },
  });
  return { read: (now) => recount.read(now), close: () => thread.close() };
}

function statsOf(row: Record<string, unknown> | undefined, countedAt: number): StoreStats {
  return {
    total: Number(row?.total),
    active: Number(row?.active),
    authenticated: Number(row?.authenticated),
    oldest: timeOrNull(row?.oldest),
    newest: timeOrNull(row?.newest),
    countedAt,
  };
}

function timeOrNull(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
