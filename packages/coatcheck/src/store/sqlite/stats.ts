import type { DatabaseSync } from "node:sqlite";
import type { StoreStats } from "../../session/store.ts";
import { hourOf, IS_ACTIVE } from "./statements.ts";

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
