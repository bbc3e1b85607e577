import { sql } from "kysely";
import type { AttributionAnswer, AttributionRow, Revenue } from "./answers.ts";
import type { Context } from "./context.ts";
import { addRevenue } from "./figures.ts";
import { RequestCheck } from "./request.ts";
import { sumOf } from "./sql/dialect.ts";
import { isInRange, isOfTenant } from "./sql/scope.ts";

/** Request of `questions.attribution()`. */
export interface AttributionRequest {
  /**
   * `first-touch`: the source of the visitor's first visit. `last-non-direct`: the source of the order's visit. If that
   * visit was Direct: the source of the latest earlier visit that was not Direct.
   */
  readonly model: "first-touch" | "last-non-direct";
  /** First local day, such as `2026-03-01`. */
  readonly from: string;
  /** Last local day, included. */
  readonly to: string;
  /** A tenant; null for orders without a tenant. Default: all tenants. */
  readonly tenant?: string | null;
  /** Maximum number of rows, from 1 to 1000. `rest` contains the totals of the other rows. Default: 100. */
  readonly limit?: number;
}

interface OrderRow {
  readonly channel: string | null;
  readonly source: string | null;
  readonly campaign: string | null;
  readonly currency: string;
  readonly orders: number;
  readonly revenue: number;
}

/** Implements `questions.attribution()`. Reads the sources that were stored with each order. */
export async function attribution(context: Context, request: AttributionRequest): Promise<AttributionAnswer> {
  const check = new RequestCheck("attribution", request, ["model", "from", "to", "tenant", "limit"]);
  const model = check.checkOneOf("model", request.model, ["first-touch", "last-non-direct"] as const);
  const days = check.checkRange(request.from, request.to, context.calendar.timeZone);
  const tenant = check.checkTenant(request.tenant);
  const limit = check.checkLimit(request.limit, 100);
  check.throwFaults();
  const prefix = model === "first-touch" ? "first" : "last";
  const column = (name: string) => sql.ref(`o.${prefix}_${name}`);
  const found = await context.read(
    async (reader) =>
      await reader.rows<OrderRow>(sql`select ${column("channel")} as channel, ${column("source")} as source,
        ${column("campaign")} as campaign, o.currency, count(*) as orders, ${sumOf(sql`o.revenue`)} as revenue
        from coatcheck_visit_order o
        where ${isOfTenant({ tenant }, "o.tenant")} and ${isInRange({ days }, "o.local_day")} group by 1, 2, 3, 4`),
  );
  const rows = mergeCurrencies(found);
  const { from, to, timeZone } = days;
  return {
    question: "attribution",
    model,
    range: { from, to, timeZone },
    ...ordersAndRevenueOf(rows),
    rows: rows.slice(0, limit),
    rest: ordersAndRevenueOf(rows.slice(limit)),
  };
}

function ordersAndRevenueOf(rows: readonly AttributionRow[]): { orders: number; revenue: Revenue } {
  return {
    orders: rows.reduce((sum, { orders }) => sum + orders, 0),
    revenue: addRevenue(rows.map(({ revenue }) => revenue)),
  };
}

/**
 * Merges the currencies of each source into one row. The rows with the most orders come first; rows with the same
 * number of orders are in text order.
 */
function mergeCurrencies(found: readonly OrderRow[]): AttributionRow[] {
  const bySource = Map.groupBy(found, ({ channel, source, campaign }) =>
    JSON.stringify([channel, source, campaign]),
  );
  return [...bySource]
    .map(([key, group]) => {
      const [channel = null, source = null, campaign = null] = JSON.parse(key) as (string | null)[];
      const revenue = addRevenue(group.map((row) => ({ [row.currency]: row.revenue })));
      const orders = group.reduce((sum, row) => sum + row.orders, 0);
      return { key, row: { channel, source, campaign, orders, revenue } };
    })
    .sort((left, right) => right.row.orders - left.row.orders || (left.key < right.key ? -1 : 1))
    .map(({ row }) => row);
}
