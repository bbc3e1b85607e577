import { sql } from "kysely";
import { DIMENSION_COLUMNS } from "./columns.ts";
import { allOf, type Sql, sumOf } from "./dialect.ts";
import type { ChangedDays } from "./facts.ts";
import type { Grouping } from "./figures.ts";
import { isUpToDate } from "./metrics.ts";
import { orderKey, ordersOn } from "./orders.ts";
import { isInRange, isOfTenant, type Scope } from "./scope.ts";

/** The revenue of one group in one currency. */
export interface RevenueRow {
  readonly key: string | number;
  readonly currency: string;
  readonly revenue: number;
}

/**
 * Selects the revenue by key and currency, from the same tables as the other statistics.
 *
 * @param keys - the keys to select; undefined for all keys.
 */
export function revenueQuery(scope: Scope, grouping: Grouping, keys?: readonly string[]): Sql<RevenueRow> {
  const isFromFacts = scope.filters.length > 0 || grouping.by === "hour";
  const parts = isFromFacts
    ? [revenueFromVisits(scope, grouping, "all")]
    : [revenueFromRollups(scope, grouping), revenueFromVisits(scope, grouping, "changed")];
  const isNeeded = keys ? sql`m.key in (${sql.join(keys)})` : sql`true`;
  return sql`select m.key, m.currency, ${sumOf(sql`m.revenue`)} as revenue
    from (${sql.join(parts, sql` union all `)}) m where ${isNeeded} group by m.key, m.currency order by m.currency`;
}

function revenueFromRollups(scope: Scope, grouping: Grouping): Sql {
  const isByDimension = grouping.by === "dimension";
  const where = allOf([
    isOfTenant(scope, "m.tenant"),
    sql`m.dimension = ${isByDimension ? DIMENSION_COLUMNS[grouping.dimension] : ""}`,
    isInRange(scope, "m.day"),
    isUpToDate(),
  ]);
  return sql`select ${isByDimension ? sql`m.value` : sql`m.day`} as key, m.currency, m.revenue
    from coatcheck_daily_revenue m where ${where}`;
}

function revenueFromVisits(scope: Scope, grouping: Grouping, days: ChangedDays): Sql {
  return sql`select ${orderKey(grouping)} as key, o.currency, ${sumOf(sql`o.revenue`)} as revenue
    ${ordersOn(scope, days)} group by 1, 2`;
}
