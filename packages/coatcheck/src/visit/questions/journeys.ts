import { sql } from "kysely";
import type { Context } from "./context.ts";
import { encodeCursor } from "./cursor.ts";
import { RequestCheck } from "./request.ts";
import { DIALECTS, type Sql, total } from "./sql/dialect.ts";
import type { JourneyAnswer, JourneyTotals } from "./timeline-answers.ts";
import { type PageOptions, readPage } from "./timelines.ts";
import { VISIT_COLUMNS, type VisitSummaryRow, visitSummary } from "./visit-summary.ts";

/** Options of `customerJourney` and `visitorJourney`. */
export interface JourneyOptions extends PageOptions {
  /** The tenant of the customer or visitor: the same id in two tenants is two people. Default: null, without one. */
  readonly tenant?: string | null;
}

/** Answers `customerJourney`: the visits during which the customer was logged in last, on all of their browsers. */
export async function customerJourney(
  context: Context,
  subject: string,
  options: JourneyOptions,
): Promise<JourneyAnswer> {
  return await journey(context, "customerJourney", { id: subject, options, column: "v.subject" });
}

/** Answers `visitorJourney`: the visits of one browser. */
export async function visitorJourney(
  context: Context,
  visitorId: string,
  options: JourneyOptions,
): Promise<JourneyAnswer> {
  return await journey(context, "visitorJourney", { id: visitorId, options, column: "w.id" });
}

interface Whose {
  readonly id: string;
  readonly options: JourneyOptions;
  readonly column: string;
}

async function journey(
  context: Context,
  question: JourneyAnswer["question"],
  { id, options, column }: Whose,
): Promise<JourneyAnswer> {
  const check = new RequestCheck(question, options, ["limit", "cursor", "tenant"]);
  const tenant = check.tenant(options.tenant ?? null) ?? "";
  check.done();
  const { identity, limit, after } = readPage(question, id, options, tenant);
  const isAfter = after ? sql`(v.started_at, v.id) < (${after[0]}, ${after[1]})` : sql`true`;
  const from = sql`from coatcheck_visitor w join coatcheck_visit v on v.visitor = w.number
    where v.tenant = ${tenant} and w.tenant = ${tenant} and ${sql.ref(column)} = ${id}`;
  return await context.read(async (reader) => {
    const found = await reader.rows<VisitSummaryRow>(sql`select ${VISIT_COLUMNS} ${from} and ${isAfter}
      order by v.started_at desc, v.id desc limit ${sql.lit(limit + 1)}`);
    const [sums] = await reader.rows(totalsQuery(from));
    const revenue = await reader.rows(revenueQuery(from, DIALECTS[reader.dialect].members(sql`v.revenue`)));
    const visits = found.slice(0, limit);
    const last = visits.at(-1);
    return {
      question,
      totals: sums ? totalsOf(sums, revenue) : null,
      visits: visits.map(visitSummary),
      next: last && found.length > limit ? encodeCursor(identity, [last.started_at, last.id]) : null,
    };
  });
}

interface Sums {
  readonly visits: number;
  readonly visitors: number;
  readonly orders: number;
  readonly first: number | null;
  readonly last: number | null;
}

interface Amount {
  readonly currency: string;
  readonly amount: number;
}

function totalsQuery(from: Sql): Sql<Sums> {
  return sql`select count(*) as visits, count(distinct v.visitor) as visitors, ${total(sql`v.orders`)} as orders,
    min(v.started_at) as first, max(v.started_at) as last ${from}`;
}

function revenueQuery(from: Sql, members: Sql): Sql<Amount> {
  return sql`select e.key as currency, ${total(sql`cast(e.value as bigint)`)} as amount
    from (select v.revenue ${from} and v.orders > 0) v cross join ${members} group by e.key order by e.key`;
}

function totalsOf(
  { visits, visitors, orders, first, last }: Sums,
  revenue: readonly Amount[],
): JourneyTotals | null {
  if (first === null || last === null) return null;
  return {
    visits,
    visitors,
    orders,
    revenue: Object.fromEntries(revenue.map(({ currency, amount }) => [currency, amount])),
    firstVisitAt: new Date(first).toISOString(),
    lastVisitAt: new Date(last).toISOString(),
  };
}
