import { sql } from "kysely";
import type { BreakdownAnswer, BreakdownRow } from "./answers.ts";
import type { Context } from "./context.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import { DIMENSIONS, type Dimension, type Filter } from "./dimensions.ts";
import { figuresOf, revenueByKey } from "./figures.ts";
import { RequestCheck } from "./request.ts";
import { DIALECTS, sumOf } from "./sql/dialect.ts";
import { FIGURE_SUMS, type Grouping, type MetricRow } from "./sql/figures.ts";
import { metricRows } from "./sql/metrics.ts";
import { revenueQuery } from "./sql/revenue.ts";
import type { Scope } from "./sql/scope.ts";

/** Request of `questions.breakdown()`. */
export interface BreakdownRequest {
  readonly dimension: Dimension;
  /** First local day, such as `2026-03-01`. */
  readonly from: string;
  /** Last local day, included. */
  readonly to: string;
  /** A tenant; null for visits without a tenant. Default: all tenants. */
  readonly tenant?: string | null;
  readonly filters?: readonly Filter[];
  /** Maximum number of rows per page, from 1 to 1000. Default: 100. */
  readonly limit?: number;
  /** The `next` of the previous page. */
  readonly cursor?: string | null;
}

const KNOWN_MEMBERS = ["dimension", "from", "to", "tenant", "filters", "limit", "cursor"];

type KeyedMetricRow = MetricRow & { readonly key: string };

/** Implements `questions.breakdown()`. */
export async function breakdown(context: Context, request: BreakdownRequest): Promise<BreakdownAnswer> {
  const check = new RequestCheck("breakdown", request, KNOWN_MEMBERS);
  const dimension = check.checkOneOf("dimension", request.dimension, DIMENSIONS);
  const days = check.checkRange(request.from, request.to, context.calendar.timeZone);
  const tenant = check.checkTenant(request.tenant);
  const filters = check.checkFilters(request.filters);
  const limit = check.checkLimit(request.limit, 100);
  const { from, to, timeZone } = days;
  const identity = ["breakdown", dimension, from, to, tenant ?? null, JSON.stringify(filters)];
  const after = decodeCursor(check, identity, request.cursor, ["number", "string"]);
  check.throwFaults();
  return await context.read(async (reader) => {
    const dialect = DIALECTS[reader.dialect];
    const scope: Scope = { dialect, days, tenant, filters };
    const grouping: Grouping = { by: "dimension", dimension };
    const visits = sumOf(sql`m.visits`);
    const key = dialect.sortedByBytes(sql`m.key`);
    const isAfter = after
      ? sql`${visits} < ${after[0]} or (${visits} = ${after[0]} and ${key} > ${after[1]})`
      : sql`true`;
    const found = await reader.rows<KeyedMetricRow>(sql`
      select m.key, ${FIGURE_SUMS} from ${metricRows(scope, grouping)} group by m.key
      having (${sumOf(sql`m.visits + m.page_views + m.orders`)} > 0) and (${isAfter})
      order by ${visits} desc, ${key} limit ${sql.lit(limit + 1)}`);
    const rows = found.slice(0, limit);
    const keys = rows.filter(({ orders }) => orders > 0).map(({ key }) => key);
    const revenue = revenueByKey(
      keys.length > 0 ? await reader.rows(revenueQuery(scope, grouping, keys)) : [],
    );
    const last = rows.at(-1);
    return {
      question: "breakdown",
      dimension,
      range: { from, to, timeZone },
      filters,
      rows: rows.map((row) => toBreakdownRow(dimension, row, revenue.get(row.key))),
      next: last && found.length > limit ? encodeCursor(identity, [last.visits, last.key]) : null,
    };
  });
}

function toBreakdownRow(
  dimension: Dimension,
  row: KeyedMetricRow,
  revenue: BreakdownRow["revenue"] = {},
): BreakdownRow {
  const value = row.key === "" ? null : row.key;
  const figures = figuresOf(row, row.visitors, revenue ?? {});
  if (dimension !== "page") return { value, ...figures };
  return { value, ...figures, visitors: null, averageVisibleTime: null, orders: null, revenue: null };
}
