import { sql } from "kysely";
import type { LiveAnswer, LiveRow } from "./answers.ts";
import type { Context } from "./context.ts";
import { RequestCheck } from "./request.ts";
import { allOf, type Sql } from "./sql/dialect.ts";
import { isOfTenant } from "./sql/scope.ts";

/** Request of `questions.live()`. */
export interface LiveRequest {
  /** A tenant; null for visits without a tenant. Default: all tenants. */
  readonly tenant?: string | null;
}

const MINUTE = 60_000;
/** A visitor is live for this many minutes after their last activity. */
const LIVE_MINUTES = 5;
/** Number of minutes in the series. */
const SERIES_MINUTES = 30;
/** Longest delay of an event, in hours. */
const MAX_EVENT_DELAY_HOURS = 48;
/** Maximum number of pages and of sources in the answer. */
const MAX_LIVE_ROWS = 10;

/** Implements `questions.live()`. */
export async function live(context: Context, request: LiveRequest): Promise<LiveAnswer> {
  const check = new RequestCheck("live", request, ["tenant"]);
  const tenant = check.checkTenant(request.tenant);
  check.throwFaults();
  const now = context.clock.now();
  return await context.read(async (reader) => {
    const arrivedAfter = (time: number) => selectActivity(tenant, time, now);
    const start = now - SERIES_MINUTES * MINUTE;
    const bars = await reader.rows<{ bar: number; visitors: number; views: number }>(sql`
      select (e.received_at - ${sql.lit(start + 1)}) / ${sql.lit(MINUTE)} as bar,
        count(distinct e.visitor) as visitors,
        count(distinct case when e.type = 'page_view' then coalesce(e.page_id, cast(e.id as text)) end) as views
      ${arrivedAfter(start)} group by 1`);
    // The plus sign prevents SQLite from using the index by visitor, which would read all events.
    const visits = sql`(select +e.visitor as visitor, max(v.started_at) as started_at
      ${arrivedAfter(now - LIVE_MINUTES * MINUTE)} group by 1) a
      join coatcheck_visit v on v.visitor = a.visitor and v.started_at = a.started_at`;
    const top = async (column: string): Promise<LiveRow[]> =>
      await reader.rows<LiveRow>(sql`select ${sql.ref(column)} as value, count(*) as visitors from ${visits}
        group by 1 order by 2 desc, 1 limit ${sql.lit(MAX_LIVE_ROWS)}`);
    const [count] = await reader.rows<{ visitors: number }>(sql`select count(*) as visitors from ${visits}`);
    const byBar = new Map(bars.map((row) => [row.bar, row]));
    return {
      question: "live",
      at: new Date(now).toISOString(),
      visitors: count?.visitors ?? 0,
      minutes: Array.from({ length: SERIES_MINUTES }, (_, bar) => ({
        at: new Date(start + bar * MINUTE).toISOString(),
        visitors: byBar.get(bar)?.visitors ?? 0,
        pageViews: byBar.get(bar)?.views ?? 0,
      })),
      pages: await top("v.exit_page"),
      sources: await top("v.last_source"),
    };
  });
}

/**
 * Selects activity `e` that arrived after a time, with its visit `v`. Omits beacons that arrived after the end of their
 * visit, because they are not activity.
 */
function selectActivity(tenant: string | undefined, after: number, now: number): Sql {
  const conditions = allOf([
    isOfTenant({ tenant }, "e.tenant"),
    sql`e.received_at > ${sql.lit(after)} and e.received_at <= ${sql.lit(now)}`,
    sql`e.at > ${sql.lit(after - MAX_EVENT_DELAY_HOURS * 60 * MINUTE)} and e.is_backend = 0`,
  ]);
  return sql`from coatcheck_visit_event e
    cross join coatcheck_visit v where v.visitor = e.visitor and e.at between v.started_at and v.last_activity_at
    and ${conditions}`;
}
