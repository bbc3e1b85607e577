import { sql } from "kysely";
import { NEVER } from "../../sink/rollup-schema.ts";
import { COLUMNS } from "./columns.ts";
import { all, type Sql } from "./dialect.ts";
import { type ChangedDays, pageViewFigures, visitFigures } from "./facts.ts";
import { figures, type Grouping } from "./figures.ts";
import { orderFigures } from "./orders.ts";
import { isInRange, isOfTenant, type Scope } from "./scope.ts";

/**
 * The rows `m` whose sums by `key` are the figures of a scope.
 *
 * Without filters they are rollups, but for days that have changed since the rollup was computed; those are computed from
 * the facts of the visits. With filters, or by hour, all are.
 */
export function metricRows(scope: Scope, grouping: Grouping): Sql {
  const facts = (days: ChangedDays) => [
    ...visitFigures(scope, grouping, days),
    ...pageViewFigures(scope, grouping, days),
    ...orderFigures(scope, grouping, days),
  ];
  const parts =
    scope.filters.length > 0 || grouping.by === "hour"
      ? facts("all")
      : [...rollups(scope, grouping), ...facts("changed")];
  return sql`(${sql.join(parts, sql` union all `)}) m`;
}

/** Condition on a rollup `m`: it is up to date. */
export function isUpToDate(): Sql<boolean> {
  return sql`not exists (select 1 from coatcheck_dirty_bucket b where b.tenant = m.tenant and b.day = m.day)`;
}

function rollups(scope: Scope, grouping: Exclude<Grouping, { by: "hour" }>): Sql[] {
  const isByDay = grouping.by === "day";
  const dimension = isByDay ? "" : COLUMNS[grouping.dimension];
  const key = isByDay ? sql`m.day` : sql`m.value`;
  const where = all([
    isOfTenant(scope, "m.tenant"),
    sql`m.dimension = ${dimension}`,
    isInRange(scope, "m.day"),
    isUpToDate(),
  ]);
  const column = (name: string) => sql.ref(`m.${name}`);
  const named = ["visits", "engaged", "converted", "visible_time", "single_request", "page_views", "orders"];
  const from = sql.lit(scope.days.fromDay);
  return [
    figures(
      key,
      Object.fromEntries(named.map((name) => [name, column(name)])),
      sql`from coatcheck_daily_metric m where ${where}`,
    ),
    figures(
      key,
      {
        visitors: sql`case when m.previous_day < ${from} then m.visitors else 0 end`,
        day_visitors: sql`m.visitors`,
        new_visitors: sql`case when m.previous_day = ${sql.lit(NEVER)} then m.visitors else 0 end`,
      },
      sql`from coatcheck_daily_visitor m where ${where}`,
    ),
  ];
}
