import type { LogItem, LogPage, LogPosition } from "../session/store.ts";
import type { PostgresDatabase } from "./postgres-database.ts";
import {
  type DurablePosition,
  isFlushed,
  positionOf,
  type Standing,
  timelineStart,
  transactionOf,
} from "./postgres-position.ts";
import { CHANGES, FLUSH } from "./postgres-statements.ts";

/** The item's columns are null in the one row of an answer without items. */
interface LogRow extends Standing {
  readonly position: number | null;
  readonly session: string | null;
  readonly least_version: number | null;
  readonly scope: string | null;
}

/**
 * The log from `cursor` on. A cursor of another timeline, or of data that a backup has replaced, says nothing about what
 * the poller missed: one item about everyone tells it to trust no copy that it has.
 */
export async function readLog(
  database: PostgresDatabase,
  cursor: LogPosition | null,
  durable: DurablePosition,
): Promise<LogPage> {
  const rows = await database.rows<LogRow>(CHANGES, [cursor === null ? null : transactionOf(cursor)]);
  const standing = standingOf(rows);
  const position = positionOf(standing);
  if (!isFlushed(standing)) {
    await database.rows(FLUSH, []);
    durable.flushed(position);
  }
  const next = durable.at(standing);
  if (cursor === null) return { items: [], cursor: next };
  const start = timelineStart(standing);
  if (cursor >= start && cursor <= position) return { items: itemsOf(rows), cursor: next };
  const everything = itemsOf(await database.rows<LogRow>(CHANGES, [0]));
  const replaced: LogItem = { position: Math.max(cursor, start), scope: { everyone: true } };
  return { items: [replaced, ...everything], cursor: next };
}

function itemsOf(rows: readonly LogRow[]): LogItem[] {
  return rows.flatMap((row) => (row.position === null ? [] : itemOf(row, positionOf(row, row.position))));
}

function itemOf({ session, least_version, scope }: LogRow, position: LogPosition): LogItem {
  if (session !== null) return { position, session, leastVersion: Number(least_version) };
  return { position, scope: JSON.parse(scope ?? "") };
}

function standingOf([row]: readonly LogRow[]): LogRow {
  if (!row) throw new Error("The log always says where it stands.");
  return row;
}
