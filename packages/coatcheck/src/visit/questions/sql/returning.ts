import { sql } from "kysely";
import { NO_PREVIOUS_DAY } from "../../sink/rollup-schema.ts";
import { addDays, type LocalCalendar } from "../calendar.ts";
import { allOf, type Sql, sumOf } from "./dialect.ts";
import { visitsOn } from "./facts.ts";
import { isUpToDate } from "./metrics.ts";
import { isInRange, isOfTenant, type Scope } from "./scope.ts";

/** The number of returning visitors: in the range, they began a visit that is not their first visit ever. */
export interface ReturningRow {
  readonly visitors: number;
}

/**
 * Counts returning visitors by visits. To count each visitor once, only one visit per visitor is selected: the first
 * one in the range that is not the visitor's first visit ever.
 */
export function returningFromVisits(scope: Scope): Sql<ReturningRow> {
  const from = sql.lit(scope.days.fromDay);
  return sql`select count(*) as visitors ${visitsOn(scope, "all")} and v.previous_day is not null
    and (v.previous_day < ${from} or not exists (select 1 from coatcheck_visit u where u.visitor = v.visitor
      and u.started_at < v.started_at and u.local_day >= ${from} and u.previous_day is not null))`;
}

/**
 * Counts returning visitors by rollups (precomputed statistics) and by the visits of out-of-date days. Adds visitors
 * whose first visit ever and a later visit are both in the range; the index of visits by visitor finds them.
 */
export function returningFromRollups(scope: Scope, calendar: LocalCalendar): Sql<ReturningRow> {
  const { days, dialect, tenant } = scope;
  const from = sql.lit(days.fromDay);
  const [start, end] = [calendar.startOfDay(days.from), calendar.startOfDay(addDays(days.to, 1))];
  const rollup = sql`select ${sumOf(sql`m.visitors`)} as visitors from coatcheck_daily_visitor m where ${allOf(
    [
      isOfTenant(scope, "m.tenant"),
      sql`m.dimension = '' and m.previous_day < ${from} and m.previous_day <> ${sql.lit(NO_PREVIOUS_DAY)}`,
      isInRange(scope, "m.day"),
      isUpToDate(),
    ],
  )}`;
  const changed = sql`select count(*) as visitors ${visitsOn(scope, "changed")} and v.previous_day < ${from}`;
  const isOfVisitor =
    tenant === undefined
      ? sql`true`
      : sql`v.visitor in (select w.number from coatcheck_visitor w where w.tenant = ${tenant})`;
  const twice = sql`select v.visitor from coatcheck_visit v where v.started_at < ${sql.lit(end)} and ${isOfVisitor}
    and ${dialect.withinBudget(sql`v.visitor`)} group by v.visitor
    having count(*) > 1 and min(v.started_at) >= ${sql.lit(start)}`;
  return sql`select ${sumOf(sql`r.visitors`)} as visitors from (${rollup} union all ${changed}
    union all select count(*) as visitors from (${twice}) t) r`;
}
