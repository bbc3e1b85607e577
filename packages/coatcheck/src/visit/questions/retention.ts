import { sql } from "kysely";
import type { RetentionAnswer } from "./answers.ts";
import { addDays, mondayOf } from "./calendar.ts";
import type { Context } from "./context.ts";
import { dayNumber, RequestCheck } from "./request.ts";
import { DIALECTS, type Sql, sumOf } from "./sql/dialect.ts";
import { isOfTenant } from "./sql/scope.ts";

/** Request of `questions.retention()`. */
export interface RetentionRequest {
  /** Any local day of the first week of the range. */
  readonly from: string;
  /** Any local day of the final week of the range. */
  readonly to: string;
  /** A tenant; null for visits without a tenant. Default: all tenants. */
  readonly tenant?: string | null;
}

interface CohortRow {
  readonly first_week: number;
  readonly week: number;
  readonly visitors: number;
}

/**
 * Implements `questions.retention()`. Extends the range to whole weeks. The last week is never later than the current
 * week.
 */
export async function retention(context: Context, request: RetentionRequest): Promise<RetentionAnswer> {
  const check = new RequestCheck("retention", request, ["from", "to", "tenant"]);
  const { calendar, clock } = context;
  const { timeZone, ...days } = check.checkRange(request.from, request.to, calendar.timeZone);
  const tenant = check.checkTenant(request.tenant);
  check.throwFaults();
  const from = mondayOf(days.from);
  const thisWeek = mondayOf(calendar.dateAt(clock.now()));
  const lastWeek = mondayOf(days.to) < thisWeek ? mondayOf(days.to) : thisWeek;
  const weeks = { first: dayNumber(from), last: dayNumber(lastWeek) };
  const found = await context.read(async (reader) => {
    const budget = DIALECTS[reader.dialect].withinBudget(sql`v.visitor`);
    return await reader.rows(cohortQuery(tenant, weeks, budget));
  });
  const visitors = new Map(found.map((row) => [`${row.first_week} ${row.week}`, row.visitors]));
  const cohorts = [];
  for (let first = weeks.first; first <= weeks.last; first += 7) {
    const active = [];
    for (let week = first; week <= weeks.last; week += 7) active.push(visitors.get(`${first} ${week}`) ?? 0);
    cohorts.push({ week: addDays("1970-01-01", first), visitors: active[0] ?? 0, active });
  }
  return { question: "retention", range: { from, to: addDays(lastWeek, 6), timeZone }, cohorts };
}

/** Reads up-to-date weeks from the rollups (precomputed statistics), and other weeks from the visits. */
function cohortQuery(
  tenant: string | undefined,
  { first, last }: { readonly first: number; readonly last: number },
  withinBudget: Sql,
): Sql<CohortRow> {
  // Day 0 (1 January 1970) was a Thursday.
  const changedWeeks = sql`(select distinct tenant, day - (day + 3) % 7 as week from coatcheck_dirty_bucket)`;
  const rollup = sql`select c.first_week, c.week, c.visitors from coatcheck_weekly_cohort c
    where ${isOfTenant({ tenant }, "c.tenant")} and c.first_week >= ${sql.lit(first)}
    and c.week between ${sql.lit(first)} and ${sql.lit(last)}
    and not exists (select 1 from ${changedWeeks} b where b.tenant = c.tenant and b.week = c.week)`;
  const facts = sql`select v.first_week, b.week, count(distinct v.visitor) as visitors
    from ${changedWeeks} b cross join coatcheck_visit v
    where ${isOfTenant({ tenant }, "b.tenant")} and b.week between ${sql.lit(first)} and ${sql.lit(last)}
    and v.tenant = b.tenant and v.local_day between b.week and b.week + 6 and v.first_week >= ${sql.lit(first)}
    and ${withinBudget} group by v.tenant, v.first_week, b.week`;
  return sql`select m.first_week, m.week, ${sumOf(sql`m.visitors`)} as visitors
    from (${rollup} union all ${facts}) m group by m.first_week, m.week`;
}
