import type { DatabaseSync } from "node:sqlite";
import type { Kysely } from "kysely";
import type { Page, PageRequest, SessionFilter, StoreStats } from "../session/store.ts";
import { pageOf, readPageRequest } from "./page.ts";
import { FILTERS, isIllFormed, recordOf } from "./row.ts";
import type { Tables } from "./sqlite-schema.ts";
import { hourOf, IS_ACTIVE } from "./sqlite-statements.ts";

/** One page of sessions, newest first. */
export async function listSessions(
  kysely: Kysely<Tables>,
  filter: SessionFilter,
  page: PageRequest,
): Promise<Page> {
  const { limit, after } = readPageRequest(page);
  if (Object.values(filter).some(isIllFormed)) return { records: [], next: null };
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
  return pageOf(rows.map(recordOf), limit);
}

/**
 * Prepares `stats`, which counts the sessions as of `now` (epoch milliseconds). An index covers the query, except for
 * the sessions that end within the current hour.
 */
export function statsOn(database: DatabaseSync): (now: number) => StoreStats {
  const count = database.prepare(
    `SELECT (SELECT count(*) FROM session) AS total, count(*) AS active,
       count(*) FILTER (WHERE type = 'authenticated') AS authenticated,
       min(created_at) AS oldest, max(created_at) AS newest
     FROM session WHERE end_hour >= ${hourOf("?1")} AND ${IS_ACTIVE}
       AND (end_hour > ${hourOf("?1")} OR ends_at > ?1)`,
  );
  return (now) => {
    const row = count.get(now);
    return {
      total: Number(row?.total),
      active: Number(row?.active),
      authenticated: Number(row?.authenticated),
      oldest: timeOrNull(row?.oldest),
      newest: timeOrNull(row?.newest),
    };
  };
}

function timeOrNull(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
