import type { DatabaseSync, SQLInputValue, SQLOutputValue } from "node:sqlite";
import { type LocalTime, weekOf } from "../../facts/local-time.ts";
import { DayRollup, type DayRows } from "../../rollup/day-rollup.ts";
import { ROLLED_UP_COLUMNS, type RolledUpVisit } from "../../rollup/dimensions.ts";
import {
  HOURLY_COLUMNS,
  METRIC_COLUMNS,
  REVENUE_COLUMNS,
  VISITOR_COLUMNS,
  WAIT_COLUMNS,
} from "../columns.ts";
import { ROLLUP_DIMENSIONS } from "../rollup-schema.ts";
import type { BackendEventRow, VisitOrderRow, VisitRow } from "../schema.ts";

/**
 * Largest number of local days from a visit's start to its end. A visit lasts at most 24 hours, but a local day can
 * have 23 hours.
 */
const MAX_DAYS_AFTER_START = 2;

const VISIT_COLUMNS_SQL = ROLLED_UP_COLUMNS.map((name) => `v.${name}`).join(", ");

/** A day whose rollups (precomputed statistics) are out of date. */
interface DirtyDay {
  readonly tenant: string;
  readonly day: number;
  /** The newest id among the day's rows in `coatcheck_dirty_bucket`, and the number of these rows. */
  readonly newest: number;
  readonly rows: number;
}

/**
 * Recomputes the rollups of up to `limit` days, oldest change first, each in a transaction of its own. If another
 * process recomputes the same day at the same time, the older result is dropped.
 *
 * @returns the number of recomputed days.
 */
export function recomputeDays(database: DatabaseSync, time: LocalTime, limit: number): number {
  const dirty = database
    .prepare(
      `SELECT tenant, day, max(id) AS newest, count(*) AS rows FROM coatcheck_dirty_bucket
       GROUP BY tenant, day ORDER BY min(id) LIMIT ?`,
    )
    .all(limit) as unknown as DirtyDay[];
  for (const each of dirty) {
    const rows = inTransaction(database, "BEGIN", () => computeDay(database, time, each));
    inTransaction(database, "BEGIN IMMEDIATE", () => writeDay(database, time, each, rows));
  }
  return dirty.length;
}

function computeDay(database: DatabaseSync, time: LocalTime, { tenant, day }: DirtyDay): DayRows {
  const rollup = new DayRollup(tenant, day, time);
  const visits = database.prepare(
    `SELECT ${VISIT_COLUMNS_SQL}, j.journey FROM coatcheck_visit v LEFT JOIN coatcheck_visit_journey j ON j.visit_id = v.id
     WHERE v.tenant = ? AND v.local_day BETWEEN ? AND ? AND v.last_day >= ?`,
  );
  visits.setReturnArrays(true);
  for (const row of visits.iterate(tenant, day - MAX_DAYS_AFTER_START, day, day)) {
    const values = row as unknown as SQLOutputValue[];
    rollup.addVisit(visitOfValues(values), values.at(-1) as string | null);
  }
  const visitOf = database.prepare("SELECT * FROM coatcheck_visit WHERE id = ?");
  const orders = database.prepare("SELECT * FROM coatcheck_visit_order WHERE tenant = ? AND local_day = ?");
  for (const row of orders.iterate(tenant, day)) {
    const order = row as unknown as VisitOrderRow;
    const visit = order.visit_id === null ? undefined : visitOf.get(order.visit_id);
    rollup.addOrder(order, (visit as unknown as VisitRow | undefined) ?? null);
  }
  const events = database.prepare(
    "SELECT type FROM coatcheck_backend_event WHERE tenant = ? AND local_day = ? AND visit_id IS NULL",
  );
  for (const row of events.iterate(tenant, day)) {
    rollup.addEventWithoutVisit(row as unknown as BackendEventRow);
  }
  return rollup.rows();
}

/** A visit in which each column is null. */
const EMPTY_VISIT: Readonly<Record<string, SQLOutputValue>> = Object.fromEntries(
  ROLLED_UP_COLUMNS.map((name) => [name, null]),
);

/**
 * Creates a visit from its values. Objects that `node:sqlite` creates are hash tables, which take longer to read, and
 * an object that gets one member after another takes longer to create than a copy.
 */
function visitOfValues(values: readonly SQLOutputValue[]): RolledUpVisit {
  const visit = { ...EMPTY_VISIT };
  let index = 0;
  for (const name of ROLLED_UP_COLUMNS) visit[name] = values[index++] as SQLOutputValue;
  return visit as unknown as RolledUpVisit;
}

function writeDay(database: DatabaseSync, time: LocalTime, dirty: DirtyDay, rows: DayRows): void {
  const { tenant, day, newest } = dirty;
  const seen = database
    .prepare("DELETE FROM coatcheck_dirty_bucket WHERE tenant = ? AND day = ? AND id <= ?")
    .run(tenant, day, newest);
  // Some changes are no longer listed: another process has already stored a newer result.
  if (Number(seen.changes) < dirty.rows) return;
  for (const table of ["metric", "revenue", "visitor"]) {
    const clear = database.prepare(
      `DELETE FROM coatcheck_daily_${table} WHERE tenant = ? AND dimension = ? AND day = ?`,
    );
    for (const dimension of ROLLUP_DIMENSIONS) clear.run(tenant, dimension, day);
  }
  database.prepare("DELETE FROM coatcheck_daily_wait WHERE tenant = ? AND day = ?").run(tenant, day);
  database
    .prepare("DELETE FROM coatcheck_hourly_metric WHERE tenant = ? AND hour >= ? AND hour < ?")
    .run(tenant, time.startOfDay(day), time.startOfDay(day + 1));
  insertRows(database, "coatcheck_daily_metric", METRIC_COLUMNS, rows.metrics);
  insertRows(database, "coatcheck_daily_revenue", REVENUE_COLUMNS, rows.revenue);
  insertRows(database, "coatcheck_daily_visitor", VISITOR_COLUMNS, rows.visitors);
  insertRows(database, "coatcheck_daily_wait", WAIT_COLUMNS, rows.waits);
  insertRows(database, "coatcheck_hourly_metric", HOURLY_COLUMNS, rows.hours);
  const week = weekOf(day);
  database.prepare("DELETE FROM coatcheck_weekly_cohort WHERE tenant = ? AND week = ?").run(tenant, week);
  database
    .prepare(
      `INSERT INTO coatcheck_weekly_cohort (tenant, first_week, week, visitors)
       SELECT tenant, first_week, week, count(DISTINCT visitor) FROM coatcheck_visit
       WHERE tenant = ? AND week = ? GROUP BY first_week`,
    )
    .run(tenant, week);
}

function insertRows<Row extends object>(
  database: DatabaseSync,
  table: string,
  columns: readonly (keyof Row & string)[],
  rows: readonly Row[],
): void {
  const insert = database.prepare(
    `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
  );
  for (const row of rows) insert.run(...columns.map((name) => row[name] as SQLInputValue));
}

function inTransaction<Result>(database: DatabaseSync, begin: string, run: () => Result): Result {
  database.exec(begin);
  try {
    const result = run();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}
