import { sql } from "kysely";
import type { Dimension } from "../dimensions.ts";
import { type Sql, sumOf } from "./dialect.ts";

/** The statistics of one group, as the database returns them. */
export interface MetricRow {
  readonly visits: number;
  readonly engaged: number;
  readonly converted: number;
  readonly visible_time: number;
  readonly single_request: number;
  /** Number of visits that are the first one of their visitor in the range. */
  readonly visitors: number;
  /** Number of visits that are the first one of their visitor on the day. */
  readonly day_visitors: number;
  readonly new_visitors: number;
  /**
   * Like `visitors`, but leaves out each visitor's very first visit: a returning visitor is counted at the first later
   * visit in the range.
   */
  readonly returning_visitors: number;
  readonly page_views: number;
  readonly orders: number;
}

/** How statistics are grouped: by local day, by hour, or by a dimension's value. */
export type Grouping =
  | { readonly by: "day" }
  /** Groups by the number of hours since `start`, epoch milliseconds. */
  | { readonly by: "hour"; readonly start: number }
  | { readonly by: "dimension"; readonly dimension: Dimension };

const FIGURE_NAMES = [
  "visits",
  "engaged",
  "converted",
  "visible_time",
  "single_request",
  "visitors",
  "day_visitors",
  "new_visitors",
  "returning_visitors",
  "page_views",
  "orders",
] as const satisfies readonly (keyof MetricRow)[];

/** The sums of all statistics, as columns. */
export const FIGURE_SUMS = sql.join(
  FIGURE_NAMES.map((name) => sql`${sumOf(sql.ref(`m.${name}`))} as ${sql.ref(name)}`),
);

/** Returns a subquery that selects the given figures; all other figures are 0. */
export function selectFigures(key: Sql, given: Partial<Record<keyof MetricRow, Sql>>, rest: Sql): Sql {
  const columns = FIGURE_NAMES.map((name) => sql`${given[name] ?? sql`0`} as ${sql.ref(name)}`);
  return sql`select ${key} as key, ${sql.join(columns)} ${rest}`;
}
