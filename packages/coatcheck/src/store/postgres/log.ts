import type { LogItem, LogPage, LogPosition } from "../../session/store.ts";
import { logItemOfScope } from "../sql-row.ts";
import type { PostgresDatabase } from "./database.ts";
import {
  type DurablePosition,
  isFlushed,
  type LogHead,
  positionOf,
  timelineStart,
  transactionOf,
} from "./position.ts";
import { FLUSH_LOG, READ_LOG } from "./statements.ts";

/** A log item with the end of the log. The item's columns are null when there are no items. */
interface LogRow extends LogHead {
  readonly position: number | null;
  readonly session: string | null;
  readonly min_version: number | null;
  readonly scope: string | null;
}

/**
 * Reads the log from `cursor` on. If the cursor belongs to another timeline, or is beyond the end of the log because a
 * backup was restored, the log does not show which items the poller missed. The result then starts with a revocation of
 * everyone, which makes the poller drop all of its copies.
 */
export async function readLog(
  database: PostgresDatabase,
  cursor: LogPosition | null,
  durablePosition: DurablePosition,
): Promise<LogPage> {
  const rows = await database.rows<LogRow>(READ_LOG, [cursor === null ? null : transactionOf(cursor)]);
  const head = logHeadOf(rows);
  const position = positionOf(head);
  if (!isFlushed(head)) {
    await database.rows(FLUSH_LOG, []);
    durablePosition.markFlushed(position);
  }
  const next = durablePosition.at(head);
  if (cursor === null) return { items: [], cursor: next };
  const start = timelineStart(head);
  if (cursor >= start && cursor <= position) return { items: logItemsOf(rows), cursor: next };
  const allItems = logItemsOf(await database.rows<LogRow>(READ_LOG, [0]));
  const dropAllCopies: LogItem = { position: Math.max(cursor, start), scope: { everyone: true } };
  return { items: [dropAllCopies, ...allItems], cursor: next };
}

function logItemsOf(rows: readonly LogRow[]): LogItem[] {
  return rows.flatMap((row) => (row.position === null ? [] : logItemOf(row, positionOf(row, row.position))));
}

function logItemOf({ session, min_version, scope }: LogRow, position: LogPosition): LogItem {
  if (session !== null) return { position, session, minVersion: Number(min_version) };
  return logItemOfScope(position, scope ?? "");
}

function logHeadOf([row]: readonly LogRow[]): LogRow {
  if (!row)
    throw new Error("Unexpected PostgreSQL result: the query for the end of the log returned no row.");
  return row;
}
