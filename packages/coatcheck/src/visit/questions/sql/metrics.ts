import { sql } from "kysely";
import { NO_PREVIOUS_DAY } from "../../sink/rollup-schema.ts";
import { DIMENSION_COLUMNS } from "./columns.ts";
import { allOf, type Sql } from "./dialect.ts";
import { type ChangedDays, pageViewFigures, visitFigures } from "./facts.ts";
import { type Grouping, selectFigures } from "./figures.ts";
import { orderFigures } from "./orders.ts";
import { isInRange, isOfTenant, type Scope } from "./scope.ts";

/**
 * Selects rows `m`. Their sums by `key` are the statistics of a scope.
 *
 * Without filters, the rows are rollups (precomputed statistics). Days whose rollup is out of date are computed from
 * the visits. With filters or hours, all days are computed from the visits.
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
      : [...selectRollups(scope, grouping), ...facts("changed")];
  return sql`(${sql.join(parts, sql` union all `)}) m`;
}

/** Condition: the rollup `m` is up to date. */
export function isUpToDate(): Sql<boolean> {
  return sql`not exists (select 1 from coatcheck_dirty_bucket b where b.tenant = m.tenant and b.day = m.day)`;
}

function selectRollups(scope: Scope, grouping: Exclude<Grouping, { by: "hour" }>): Sql[] {
  const isByDay = grouping.by === "day";
  const dimension = isByDay ? "" : DIMENSION_COLUMNS[grouping.dimension];
  const key = isByDay ? sql`m.day` : sql`m.value`;
  const where = allOf([
    isOfTenant(scope, "m.tenant"),
    sql`m.dimension = ${dimension}`,
    isInRange(scope, "m.day"),
    isUpToDate(),
  ]);
  const from = sql.lit(scope.days.fromDay);
  const named = ["visits", "engaged", "converted", "visible_time", "single_request", "page_views", "orders"];
  const isNew = sql`m.previous_day = ${sql.lit(NO_PREVIOUS_DAY)}`;
  const sumWhere = (condition: Sql, column: string) =>
    sql`sum(case when ${condition} then ${sql.ref(column)} else 0 end)`;
  // Rows that count the visitors whose visit is their first in the range. For a dimension, only these rows are read,
  // because a dimension can have many values.
  const isFirst = sql`m.previous_day < ${from}`;
  return [
    selectFigures(
      key,
      Object.fromEntries(named.map((name) => [name, sql`sum(${sql.ref(`m.${name}`)})`])),
      sql`from coatcheck_daily_metric m where ${where} group by 1`,
    ),
    selectFigures(
      key,
      {
        visitors: sumWhere(isFirst, "m.visitors"),
        ...(isByDay && {
          day_visitors: sql`sum(m.visitors)`,
          new_visitors: sumWhere(isNew, "m.visitors"),
          returning_visitors: sumWhere(isFirst, "m.returning_visitors"),
        }),
      },
      sql`from coatcheck_daily_visitor m where ${where} and ${isByDay ? sql`true` : isFirst} group by 1`,
    ),
  ];
}
