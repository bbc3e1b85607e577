import { type LocalTime, weekOf } from "../../facts/local-time.ts";
import { DayRollup, type DayRows } from "../../rollup/day-rollup.ts";
import { ROLLED_UP_COLUMNS, type RolledUpVisit } from "../../rollup/dimensions.ts";
import { ROLLUP_DIMENSIONS } from "../rollup-schema.ts";
import type { VisitOrderRow } from "../schema.ts";
import { columnValues, INSERT_TABLES, type InsertTable, insertSql } from "./columns.ts";
import type { PostgresSession } from "./session.ts";

/**
 * Largest number of local days from a visit's start to its end. A visit lasts at most 24 hours, but a local day can
 * have 23 hours.
 */
const MAX_DAYS_AFTER_START = 2;
/** Visits per read, and rows per insert. Other tasks can run in between: a slice takes about 10 ms. */
const SLICE_SIZE = 250;

type InTransaction = <Result>(work: (session: PostgresSession) => Promise<Result>) => Promise<Result>;

const VISIT_COLUMNS_SQL = ROLLED_UP_COLUMNS.map((name) => `v.${name}`).join(", ");

/** A day whose rollups (precomputed statistics) are out of date. */
interface DirtyDay {
  readonly tenant: string;
  readonly day: number;
  /** Ids of the day's rows in `coatcheck_dirty_bucket`. */
  readonly ids: readonly string[];
}

/**
 * Recomputes the rollups of up to `limit` days, oldest change first, each in a transaction of its own. If another
 * process recomputes the same day at the same time, the older result is dropped.
 *
 * @returns the number of recomputed days.
 */
export async function recomputeDays(
  inTransaction: InTransaction,
  time: LocalTime,
  limit: number,
): Promise<number> {
  const dirty = await inTransaction((session) =>
    session.rows<{ tenant: string; day: number; ids: string }>(
      `select tenant, day, string_agg(id::text, ',') as ids from coatcheck_dirty_bucket
       group by tenant, day order by min(id) limit $1`,
      [limit],
    ),
  );
  for (const { tenant, day, ids } of dirty) {
    const each = { tenant, day, ids: ids.split(",") };
    await inTransaction(async (session) => {
      // All reads use one snapshot, which contains every change that was listed above.
      await session.rows("set transaction isolation level repeatable read");
      const rows = await computeDay(session, time, each);
      await writeDay(session, time, each, rows);
    }).catch((error) => {
      if (error.code !== SERIALIZATION_FAILURE) throw error;
    });
  }
  return dirty.length;
}

/** SQLSTATE: another process has recomputed the day at the same time. */
const SERIALIZATION_FAILURE = "40001";

async function computeDay(
  session: PostgresSession,
  time: LocalTime,
  { tenant, day }: DirtyDay,
): Promise<DayRows> {
  const rollup = new DayRollup(tenant, day, time);
  // By default, PostgreSQL optimises a cursor for its first 10 % of rows. All rows are needed here.
  await session.rows("set local cursor_tuple_fraction = 1");
  await session.rows(
    `declare visits no scroll cursor for
     select ${VISIT_COLUMNS_SQL}, j.journey from coatcheck_visit v left join coatcheck_visit_journey j on j.visit_id = v.id
     where v.tenant = ${quoteText(tenant)} and v.local_day between ${day - MAX_DAYS_AFTER_START} and ${day} and v.last_day >= ${day}`,
  );
  for await (const slice of slicesOf(session)) {
    for (const visit of slice) rollup.addVisit(visit, visit.journey);
  }
  await session.rows("close visits");
  const orders = await session.rows<VisitOrderRow>(
    "select * from coatcheck_visit_order where tenant = $1 and local_day = $2",
    [tenant, day],
  );
  const ids = orders.flatMap(({ visit_id }) => visit_id ?? []);
  const visits = await session.rows<RolledUpVisit & { id: string }>(
    `select v.id, ${VISIT_COLUMNS_SQL} from coatcheck_visit v where v.id = any($1::text[])`,
    [ids],
  );
  const visitOf = new Map(visits.map((visit) => [visit.id, visit]));
  for (const order of orders) rollup.addOrder(order, visitOf.get(order.visit_id ?? "") ?? null);
  const events = await session.rows<{ type: string }>(
    "select type from coatcheck_backend_event where tenant = $1 and local_day = $2 and visit_id is null",
    [tenant, day],
  );
  for (const event of events) rollup.addEventWithoutVisit(event);
  return rollup.rows();
}

/** Yields the rows of the cursor. The database reads the next slice while the caller processes the current one. */
async function* slicesOf(session: PostgresSession) {
  const fetchNext = () => {
    const rows = session.rows<RolledUpVisit & { journey: string | null }>(`fetch ${SLICE_SIZE} from visits`);
    // A caller that stops early never awaits the next slice, so its error is ignored here.
    rows.catch(() => {});
    return rows;
  };
  let pending = fetchNext();
  for (;;) {
    const slice = await pending;
    const isLast = slice.length < SLICE_SIZE;
    if (!isLast) pending = fetchNext();
    yield slice;
    if (isLast) return;
  }
}

/** Quotes a text as a SQL literal, because `declare` accepts no parameters. */
function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

async function writeDay(
  session: PostgresSession,
  time: LocalTime,
  { tenant, day, ids }: DirtyDay,
  rows: DayRows,
): Promise<void> {
  const seen = await session.rows(
    "delete from coatcheck_dirty_bucket where id = any($1::bigint[]) returning id",
    [ids],
  );
  // Some changes are no longer listed: another process has already stored a newer result.
  if (seen.length < ids.length) return;
  for (const table of ["metric", "revenue", "visitor"]) {
    await session.rows(
      `delete from coatcheck_daily_${table} where tenant = $1 and day = $2 and dimension = any($3::text[])`,
      [tenant, day, ROLLUP_DIMENSIONS],
    );
  }
  await session.rows("delete from coatcheck_daily_wait where tenant = $1 and day = $2", [tenant, day]);
  await session.rows("delete from coatcheck_hourly_metric where tenant = $1 and hour >= $2 and hour < $3", [
    tenant,
    time.startOfDay(day),
    time.startOfDay(day + 1),
  ]);
  await insertRows(session, INSERT_TABLES.metric, rows.metrics);
  await insertRows(session, INSERT_TABLES.dailyRevenue, rows.revenue);
  await insertRows(session, INSERT_TABLES.dailyVisitor, rows.visitors);
  await insertRows(session, INSERT_TABLES.dailyWait, rows.waits);
  await insertRows(session, INSERT_TABLES.hour, rows.hours);
  const week = weekOf(day);
  await session.rows("delete from coatcheck_weekly_cohort where tenant = $1 and week = $2", [tenant, week]);
  await session.rows(
    `insert into coatcheck_weekly_cohort (tenant, first_week, week, visitors)
     select tenant, first_week, week, count(distinct visitor) from coatcheck_visit
     where tenant = $1 and week = $2 group by tenant, first_week, week`,
    [tenant, week],
  );
}

async function insertRows(
  session: PostgresSession,
  table: InsertTable,
  rows: readonly object[],
): Promise<void> {
  const statement = insertSql(table, "");
  for (let start = 0; start < rows.length; start += SLICE_SIZE) {
    await session.rows(statement, columnValues(table, rows.slice(start, start + SLICE_SIZE)));
  }
}
