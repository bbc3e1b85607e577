import { sql } from "kysely";
import { NO_VISIT } from "../../sink/rollup-schema.ts";
import type { Dimension } from "../dimensions.ts";
import { DIMENSION_COLUMNS } from "./columns.ts";
import { allOf, type Sql } from "./dialect.ts";
import { type ChangedDays, fromRowsOnDays, groupKeyOf } from "./facts.ts";
import { type Grouping, selectFigures } from "./figures.ts";
import { filterConditions, type Scope } from "./scope.ts";

/** Condition: the order `o` belonged to a visit when it was stored, so the visit's sources were copied to it. */
const IS_ATTRIBUTED = sql<boolean>`o.last_channel is not null`;

/** Returns whether an order stores its own copy of a dimension's value. */
function isStoredWithOrder(dimension: Dimension): boolean {
  return /^(last|first)_/.test(DIMENSION_COLUMNS[dimension]);
}

/** Returns the column of a dimension: of the order if the order stores its own copy, otherwise of its visit. */
function columnOfOrder(dimension: Dimension): string {
  return `${isStoredWithOrder(dimension) ? "o" : "v"}.${DIMENSION_COLUMNS[dimension]}`;
}

/**
 * Selects the orders `o` of the days, each with its visit `v`: `from … where …`. With filters, orders without a visit
 * are excluded.
 */
export function ordersOn(scope: Scope, days: ChangedDays): Sql {
  const conditions = filterConditions(scope, columnOfOrder);
  if (conditions.length > 0) conditions.push(sql`v.id is not null`);
  if (scope.filters.some(({ dimension }) => isStoredWithOrder(dimension))) conditions.push(IS_ATTRIBUTED);
  return sql`from (select o.* ${fromRowsOnDays(scope, days, "coatcheck_visit_order", "o")}) o
    left join coatcheck_visit v on v.id = o.visit_id where ${allOf(conditions)}`;
}

/** Returns the group key of an order `o` with its visit `v`. */
export function orderKey(grouping: Grouping): Sql {
  if (grouping.by !== "dimension") return groupKeyOf(grouping, "o.at", "o.local_day");
  const hasValue = isStoredWithOrder(grouping.dimension)
    ? sql`v.id is not null and ${IS_ATTRIBUTED}`
    : sql`v.id is not null`;
  const value = sql`coalesce(${sql.ref(columnOfOrder(grouping.dimension))}, '')`;
  return sql`case when ${hasValue} then ${value} else ${sql.lit(NO_VISIT)} end`;
}

/** Selects orders by the day of each order. Orders have no value for the dimension `page`. */
export function orderFigures(scope: Scope, grouping: Grouping, days: ChangedDays): Sql[] {
  if (grouping.by === "dimension" && grouping.dimension === "page") return [];
  return [
    selectFigures(orderKey(grouping), { orders: sql`count(*)` }, sql`${ordersOn(scope, days)} group by 1`),
  ];
}
