import type { VisitEventRow } from "../schema.ts";
import type { PostgresSession } from "./session.ts";

/**
 * Largest difference between the times of two reports of the same event, in milliseconds. The time is part of the
 * table's key, so the key alone does not find the earlier report.
 */
const MAX_REPETITION_AGE = 48 * 3_600_000;

/** The conditions by which an index of `coatcheck_visit_event` finds events. */
const VISITOR_CONDITION = "visitor = w.key";
const SESSION_CONDITION = "visitor is null and session_id = w.key";

/** Returns the ids of the given rows whose event is already stored with another time. */
export async function findRepeatedIds(
  session: PostgresSession,
  rows: readonly VisitEventRow[],
): Promise<ReadonlySet<string>> {
  const reported = rows.filter(({ id, order_id }) => order_id === null && mayBeRepeated(id));
  const visitors = Map.groupBy(reported, ({ visitor }) => visitor);
  const orphans = Map.groupBy(visitors.get(null) ?? [], ({ session_id }) => session_id);
  visitors.delete(null);
  return new Set([
    ...(await findRepeated(session, visitors, { type: "bigint", condition: VISITOR_CONDITION })),
    ...(await findRepeated(session, orphans, { type: "text", condition: SESSION_CONDITION })),
  ]);
}

/**
 * Returns whether an event may arrive again with another time. An event with a UUID v7 was created by the server, and
 * its time never changes. All other ids are derived from the message of a client or backend, which may be repeated.
 */
function mayBeRepeated(id: string): boolean {
  return id[14] !== "7";
}

async function findRepeated(
  session: PostgresSession,
  groups: ReadonlyMap<number | string | null, readonly VisitEventRow[]>,
  { type, condition }: { readonly type: string; readonly condition: string },
): Promise<string[]> {
  if (groups.size === 0) return [];
  const times = [...groups.values()].map((rows) => rows.map(({ at }) => at));
  const from = times.map((each) => each.reduce(minOf) - MAX_REPETITION_AGE);
  const to = times.map((each) => each.reduce(maxOf) + MAX_REPETITION_AGE);
  const ids = [...groups.values()].flatMap((rows) => rows.map(({ id }) => id));
  const found = await session.rows<{ id: string }>(
    `select e.id from unnest($1::${type}[], $2::bigint[], $3::bigint[]) as w (key, since, until)
     cross join lateral (select id from coatcheck_visit_event
       where ${condition} and at between w.since and w.until and at between $4 and $5 and id = any($6::text[])
       offset 0) e`,
    [[...groups.keys()], from, to, from.reduce(minOf), to.reduce(maxOf), ids],
  );
  return found.map(({ id }) => id);
}

function minOf(left: number, right: number): number {
  return Math.min(left, right);
}

function maxOf(left: number, right: number): number {
  return Math.max(left, right);
}
