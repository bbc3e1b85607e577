/** SQL statements that work in both SQLite and PostgreSQL. Parameters are written as `?`. */
import { ROLLUP_DIMENSIONS } from "./rollup-schema.ts";

/** An SQL statement with its parameters. */
export interface Statement {
  readonly sql: string;
  readonly parameters: readonly (string | number)[];
}

/** Replaces each `?` by `$1`, `$2`, …, as PostgreSQL requires. */
export function toNumberedParameters(sql: string): string {
  let count = 0;
  return sql.replaceAll("?", () => `$${++count}`);
}

/** Name of the stored setting that contains the first day whose events are all still stored. */
export const COMPLETE_FROM_SETTING = "complete-from-day";

/** Returns the statement that marks all days from `fromDay` on as changed. */
export function markAllChanged(fromDay: number): Statement {
  const days = ["visit", "visit_order", "backend_event"].map(
    (table) => `SELECT tenant, local_day AS day FROM coatcheck_${table}`,
  );
  return {
    sql: `INSERT INTO coatcheck_dirty_bucket (tenant, day) SELECT tenant, day FROM (${days.join(" UNION ")}
      UNION SELECT tenant, last_day FROM coatcheck_visit
      UNION SELECT tenant, day FROM coatcheck_daily_metric) AS d WHERE day >= ?`,
    parameters: [fromDay],
  };
}

/** Returns the statement that finds the numbers of the visitors with an id. */
export function visitorsWithId(tenant: string, visitorId: string): Statement {
  return {
    sql: "SELECT number FROM coatcheck_visitor WHERE id = ? AND tenant = ?",
    parameters: [visitorId, tenant],
  };
}

/**
 * Returns the statement that finds the numbers of the visitors in whose browsers a customer was logged in. The
 * statement reads all events.
 */
export function visitorsOfSubject(tenant: string, subject: string): Statement {
  const tables = ["visit", "visit_order", "visit_event"].map(
    (table) =>
      `SELECT visitor AS number FROM coatcheck_${table} WHERE tenant = ? AND subject = ? AND visitor IS NOT NULL`,
  );
  return { sql: tables.join(" UNION "), parameters: tables.flatMap(() => [tenant, subject]) };
}

/** Returns the statements that erase a visitor, in order. */
export function eraseVisitor(visitor: number, completeFromDay: number): Statement[] {
  const ofVisitor = (table: string) => `SELECT tenant, local_day AS day FROM ${table} WHERE visitor = ?`;
  const links = [
    "visit_id",
    "visitor",
    "session_id",
    "subject",
    ...["first_", "last_"].flatMap((prefix) =>
      ["channel", "source", "medium", "campaign"].map((name) => prefix + name),
    ),
  ];
  const visits = "SELECT id FROM coatcheck_visit WHERE visitor = ?";
  return [
    {
      sql: `INSERT INTO coatcheck_dirty_bucket (tenant, day) SELECT tenant, day FROM (
          ${ofVisitor("coatcheck_visit")} UNION ${ofVisitor("coatcheck_visit_order")}
          UNION ${ofVisitor("coatcheck_backend_event")}
          UNION SELECT tenant, last_day FROM coatcheck_visit WHERE visitor = ?
          UNION SELECT tenant, local_day + 1 FROM coatcheck_visit WHERE visitor = ? AND last_day > local_day
        ) AS d WHERE day >= ?`,
      parameters: [visitor, visitor, visitor, visitor, visitor, completeFromDay],
    },
    {
      sql: `UPDATE coatcheck_visit_order SET ${links.map((name) => `${name} = NULL`).join(", ")} WHERE visitor = ?`,
      parameters: [visitor],
    },
    { sql: `DELETE FROM coatcheck_visit_journey WHERE visit_id IN (${visits})`, parameters: [visitor] },
    { sql: `DELETE FROM coatcheck_visit_session WHERE visit_id IN (${visits})`, parameters: [visitor] },
    ...["visit", "backend_event", "visit_event"].map((table) => ({
      sql: `DELETE FROM coatcheck_${table} WHERE visitor = ?`,
      parameters: [visitor],
    })),
    { sql: "DELETE FROM coatcheck_visitor WHERE number = ?", parameters: [visitor] },
  ];
}

/** Returns the statements that read everything about a visitor. */
export function exportVisitor(visitor: number) {
  const ofVisits = (table: string) =>
    `SELECT * FROM coatcheck_${table} WHERE visit_id IN (SELECT id FROM coatcheck_visit WHERE visitor = ?)`;
  const parameters = [visitor];
  return {
    visitors: { sql: "SELECT * FROM coatcheck_visitor WHERE number = ?", parameters },
    visits: { sql: "SELECT * FROM coatcheck_visit WHERE visitor = ? ORDER BY started_at, id", parameters },
    sessions: { sql: ofVisits("visit_session"), parameters },
    journeys: { sql: ofVisits("visit_journey"), parameters },
    events: { sql: "SELECT * FROM coatcheck_visit_event WHERE visitor = ? ORDER BY at, id", parameters },
    orders: {
      sql: "SELECT * FROM coatcheck_visit_order WHERE visitor = ? ORDER BY at, order_id",
      parameters,
    },
  };
}

/**
 * Returns the statements that read everything about a customer. The statements exclude what other customers did in the
 * same browser.
 */
export function exportSubject(tenant: string, subject: string) {
  const parameters = [tenant, subject];
  const visits = "SELECT id FROM coatcheck_visit WHERE tenant = ? AND subject = ?";
  const ofVisits = (table: string) => `SELECT * FROM coatcheck_${table} WHERE visit_id IN (${visits})`;
  const own = (table: string) => `SELECT * FROM coatcheck_${table} WHERE tenant = ? AND subject = ?`;
  return {
    visitors: {
      sql: `SELECT * FROM coatcheck_visitor WHERE number IN
        (SELECT visitor FROM coatcheck_visit WHERE tenant = ? AND subject = ?)`,
      parameters,
    },
    visits: { sql: `${own("visit")} ORDER BY started_at, id`, parameters },
    sessions: { sql: ofVisits("visit_session"), parameters },
    journeys: { sql: ofVisits("visit_journey"), parameters },
    events: { sql: `${own("visit_event")} ORDER BY at, id`, parameters },
    orders: { sql: `${own("visit_order")} ORDER BY at, order_id`, parameters },
  };
}

/** Returns the statements that read a customer's totals. */
export function customerTotals(tenant: string, subject: string) {
  const parameters = [tenant, subject];
  return {
    orders: {
      sql: `SELECT currency, count(*) AS orders, sum(cast(revenue AS double precision)) AS revenue FROM coatcheck_visit_order
        WHERE tenant = ? AND subject = ? GROUP BY currency ORDER BY currency`,
      parameters,
    },
    visits: {
      sql: `SELECT count(*) AS visits, min(started_at) AS first, max(started_at) AS last FROM coatcheck_visit
        WHERE tenant = ? AND subject = ?`,
      parameters,
    },
  };
}

/**
 * Condition: the visit started before a day. The condition lists the tenants, because the index begins with the tenant.
 */
export const STARTED_BEFORE_CONDITION =
  "tenant IN (SELECT tenant FROM coatcheck_visit_tenant) AND local_day < ?";

/**
 * Conditions for the rollups (precomputed statistics) before `day`, by table. The conditions list each tenant and
 * dimension, because the tables' keys begin with them.
 */
export function conditionsForOldRollups(
  day: number,
  start: number,
): readonly { table: string; where: string; parameters: number[] }[] {
  const dimensions = ROLLUP_DIMENSIONS.map((dimension) => `'${dimension}'`).join(", ");
  const tenants = "tenant IN (SELECT tenant FROM coatcheck_visit_tenant)";
  return [
    ...["metric", "revenue", "visitor"].map((name) => ({
      table: `coatcheck_daily_${name}`,
      where: `${tenants} AND dimension IN (${dimensions}) AND day < ?`,
      parameters: [day],
    })),
    { table: "coatcheck_daily_wait", where: `${tenants} AND day < ?`, parameters: [day] },
    { table: "coatcheck_hourly_metric", where: `${tenants} AND hour < ?`, parameters: [start] },
    { table: "coatcheck_weekly_cohort", where: "week < ?", parameters: [day - 6] },
  ];
}
