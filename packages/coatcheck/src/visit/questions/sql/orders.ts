import { sql } from "kysely";
import { NO_VISIT } from "../../sink/rollup-schema.ts";
import type { Dimension } from "../dimensions.ts";
import { COLUMNS } from "./columns.ts";
import { allOf, type Sql } from "./dialect.ts";
import { type ChangedDays, keyOf, onDays } from "./facts.ts";
import { figures, type Grouping } from "./figures.ts";
import { filterConditions, type Scope } from "./scope.ts";

/** Condition: an order `o` had a visit when it was stored, so that its attribution is frozen on it. */
const IS_ATTRIBUTED = sql<boolean>`o.last_channel is not null`;

/** Whether an order has its own, frozen value of a dimension. */
function isFrozen(dimension: Dimension): boolean {
  return /^(last|first)_/.test(COLUMNS[dimension]);
}

/** The column of a dimension: of the order where it is frozen there, else of its visit. */
function columnOf(dimension: Dimension): string {
  return `${isFrozen(dimension) ? "o" : "v"}.${COLUMNS[dimension]}`;
}

/** Orders `o` on the days with their visits `v`, filtered: `from … where …`. Filters leave out orders without a visit. */
export function ordersOn(scope: Scope, days: ChangedDays): Sql {
  const conditions = filterConditions(scope, columnOf);
  if (conditions.length > 0) conditions.push(sql`v.id is not null`);
  if (scope.filters.some(({ dimension }) => isFrozen(dimension))) conditions.push(IS_ATTRIBUTED);
  return sql`from (select o.* ${onDays(scope, days, "coatcheck_visit_order", "o")}) o
    left join coatcheck_visit v on v.id = o.visit_id where ${allOf(conditions)}`;
}

/** The key of an order `o` with its visit `v`. */
export function orderKey(grouping: Grouping): Sql {
  if (grouping.by !== "dimension") return keyOf(grouping, "o.at", "o.local_day");
  const hasValue = isFrozen(grouping.dimension)
    ? sql`v.id is not null and ${IS_ATTRIBUTED}`
    : sql`v.id is not null`;
  const value = sql`coalesce(${sql.ref(columnOf(grouping.dimension))}, '')`;
  return sql`case when ${hasValue} then ${value} else ${sql.lit(NO_VISIT)} end`;
}

/** Orders, counted on the day of each order. The dimension `page` has none. */
export function orderFigures(scope: Scope, grouping: Grouping, days: ChangedDays): Sql[] {
  if (grouping.by === "dimension" && grouping.dimension === "page") return [];
  return [figures(orderKey(grouping), { orders: sql`count(*)` }, sql`${ordersOn(scope, days)} group by 1`)];
}
