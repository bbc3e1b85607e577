import { sql } from "kysely";
import type { Context } from "./context.ts";
import { encodeCursor } from "./cursor.ts";
import { RequestCheck } from "./request.ts";
import { type Sql, sumOf } from "./sql/dialect.ts";
import type { JourneyAnswer, JourneyTotals } from "./timeline-answers.ts";
import { checkPageRequest, type PageOptions } from "./timelines.ts";
import { toVisitSummary, VISIT_COLUMNS, type VisitSummaryRow } from "./visit-summary.ts";

/** Options of `customerJourney` and `visitorJourney`. */
export interface JourneyOptions extends PageOptions {
  /** The tenant of the customer or visitor. The same id in two tenants means two people. Default: null, no tenant. */
  readonly tenant?: string | null;
}

/**
 * Implements `questions.customerJourney()`. Returns the visits, in all browsers, in which this customer was the last to
 * be logged in. Also returns the totals of all orders of the customer.
 */
export async function customerJourney(
  context: Context,
  subject: string,
  options: JourneyOptions,
): Promise<JourneyAnswer> {
  return await readJourney(context, "customerJourney", {
    id: subject,
    options,
    column: "v.subject",
    orders: ordersOfCustomer,
  });
}

/** Implements `questions.visitorJourney()`. Returns the visits of one browser. */
export async function visitorJourney(
  context: Context,
  visitorId: string,
  options: JourneyOptions,
): Promise<JourneyAnswer> {
  return await readJourney(context, "visitorJourney", {
    id: visitorId,
    options,
    column: "w.id",
    orders: ordersOfVisitor,
  });
}

interface JourneyPerson {
  readonly id: string;
  readonly options: JourneyOptions;
  readonly column: string;
  /** Returns the query for the currency and the amount of each order. */
  readonly orders: (id: string, tenant: string) => Sql;
}

/**
 * Selects orders whose event names the customer. Also selects orders in the customer's visits whose event names no
 * customer.
 */
function ordersOfCustomer(subject: string, tenant: string): Sql {
  return sql`select o.currency, o.revenue from coatcheck_visit_order o
      where o.tenant = ${tenant} and o.subject = ${subject}
    union all select o.currency, o.revenue from coatcheck_visit v
      join coatcheck_visit_order o on o.visitor = v.visitor and o.visit_id = v.id
      where v.tenant = ${tenant} and v.subject = ${subject} and o.subject is null`;
}

function ordersOfVisitor(visitorId: string, tenant: string): Sql {
  return sql`select o.currency, o.revenue from coatcheck_visitor w
    join coatcheck_visit_order o on o.visitor = w.number and o.visit_id is not null
    where w.tenant = ${tenant} and w.id = ${visitorId}`;
}

async function readJourney(
  context: Context,
  question: JourneyAnswer["question"],
  { id, options, column, orders }: JourneyPerson,
): Promise<JourneyAnswer> {
  const check = new RequestCheck(question, options, ["limit", "cursor", "tenant"]);
  const tenant = check.checkTenant(options.tenant ?? null) ?? "";
  check.throwFaults();
  const { identity, limit, after } = checkPageRequest(question, id, options, tenant);
  const isAfter = after ? sql`(v.started_at, v.id) < (${after[0]}, ${after[1]})` : sql`true`;
  const from = sql`from coatcheck_visitor w join coatcheck_visit v on v.visitor = w.number
    where v.tenant = ${tenant} and w.tenant = ${tenant} and ${sql.ref(column)} = ${id}`;
  return await context.read(async (reader) => {
    const found = await reader.rows<VisitSummaryRow>(sql`select ${VISIT_COLUMNS} ${from} and ${isAfter}
      order by v.started_at desc, v.id desc limit ${sql.lit(limit + 1)}`);
    const [sums] = await reader.rows(totalsQuery(from));
    const revenue = await reader.rows(revenueQuery(orders(id, tenant)));
    const visits = found.slice(0, limit);
    const last = visits.at(-1);
    return {
      question,
      totals: sums ? totalsOf(sums, revenue) : null,
      visits: visits.map(toVisitSummary),
      next: last && found.length > limit ? encodeCursor(identity, [last.started_at, last.id]) : null,
    };
  });
}

interface TotalsRow {
  readonly visits: number;
  readonly visitors: number;
  readonly first: number | null;
  readonly last: number | null;
}

interface RevenueRow {
  readonly currency: string;
  readonly orders: number;
  readonly amount: number;
}

function totalsQuery(from: Sql): Sql<TotalsRow> {
  return sql`select count(*) as visits, count(distinct v.visitor) as visitors,
    min(v.started_at) as first, max(v.started_at) as last ${from}`;
}

function revenueQuery(orders: Sql): Sql<RevenueRow> {
  return sql`select o.currency, count(*) as orders, ${sumOf(sql`o.revenue`)} as amount
    from (${orders}) o group by o.currency order by o.currency`;
}

function totalsOf(
  { visits, visitors, first, last }: TotalsRow,
  revenue: readonly RevenueRow[],
): JourneyTotals | null {
  if (first === null || last === null) return null;
  return {
    visits,
    visitors,
    orders: revenue.reduce((sum, { orders }) => sum + orders, 0),
    revenue: Object.fromEntries(revenue.map(({ currency, amount }) => [currency, amount])),
    firstVisitAt: new Date(first).toISOString(),
    lastVisitAt: new Date(last).toISOString(),
  };
}
