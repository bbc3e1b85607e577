import type { Revenue, VisitFigures } from "./answers.ts";
import type { MetricRow } from "./sql/figures.ts";
import type { RevenueRow } from "./sql/revenue.ts";

/** Revenue by group key. */
export type RevenueByKey = ReadonlyMap<string | number, Revenue>;

/** Groups rows of revenue by their key. */
export function revenueByKey(rows: readonly RevenueRow[]): RevenueByKey {
  const byKey = new Map<string | number, Record<string, number>>();
  for (const { key, currency, revenue } of rows) {
    const amounts = byKey.get(key) ?? {};
    amounts[currency] = revenue;
    byKey.set(key, amounts);
  }
  return byKey;
}

/** Adds amounts, separately for each currency. */
export function addRevenue(amounts: Iterable<Revenue>): Revenue {
  const sums = new Map<string, number>();
  for (const each of amounts)
    for (const [currency, amount] of Object.entries(each))
      sums.set(currency, (sums.get(currency) ?? 0) + amount);
  return Object.fromEntries([...sums].sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** Divides; returns null if `whole` is 0. */
export function divide(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

/** Creates the statistics of an answer from a row of the database. */
export function figuresOf(row: MetricRow, visitors: number, revenue: Revenue = {}): VisitFigures {
  const { visits, engaged, converted } = row;
  return {
    visitors,
    visits,
    pageViews: row.page_views,
    engaged,
    bounced: visits - engaged,
    engagedRate: divide(engaged, visits),
    averageVisibleTime: divide(row.visible_time, visits),
    orders: row.orders,
    convertedVisits: converted,
    conversionRate: divide(converted, visits),
    revenue,
  };
}

/** The row of a group without visits. */
export const EMPTY_ROW: MetricRow = {
  visits: 0,
  engaged: 0,
  converted: 0,
  visible_time: 0,
  single_request: 0,
  visitors: 0,
  day_visitors: 0,
  new_visitors: 0,
  returning_visitors: 0,
  page_views: 0,
  orders: 0,
};

/** Adds rows, column by column. */
export function addRows(rows: Iterable<MetricRow>): MetricRow {
  const sum: Record<keyof MetricRow, number> = { ...EMPTY_ROW };
  for (const row of rows)
    for (const name of Object.keys(EMPTY_ROW) as (keyof MetricRow)[]) sum[name] += row[name];
  return sum;
}
