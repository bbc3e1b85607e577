import { sql } from "kysely";
import { LocalCalendar } from "../calendar.ts";
import { DIMENSION_COLUMNS } from "./columns.ts";
import { allOf, type Sql } from "./dialect.ts";
import { type Grouping, selectFigures } from "./figures.ts";
import { filterConditions, isInRange, isOfTenant, isPageView, type Scope } from "./scope.ts";

/** Whether to read all days of a range, or only the days whose rollup (precomputed statistics) is out of date. */
export type ChangedDays = "all" | "changed";

/**
 * Largest number of local days from a visit's start to its end. A visit lasts at most 24 hours, but a local day can
 * have 23 hours.
 */
const MAX_DAYS_AFTER_START = 2;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const CHANGED_DAYS = sql`(select distinct tenant, day from coatcheck_dirty_bucket)`;

/** Selects the visits `v` that start on the days and match the filters: `from … where …`. */
export function visitsOn(scope: Scope, days: ChangedDays): Sql {
  const conditions = allOf([...filterConditions(scope), scope.dialect.withinBudget(sql`v.visitor`)]);
  return sql`${fromRowsOnDays(scope, days, "coatcheck_visit", "v")} and ${conditions}`;
}

/** Selects the rows of a table whose `local_day` is one of the days: `from … where …`. */
export function fromRowsOnDays(scope: Scope, days: ChangedDays, table: string, alias: string): Sql {
  const column = (name: string) => `${alias}.${name}`;
  return days === "all"
    ? sql`from ${sql.table(table)} ${sql.raw(alias)}
        where ${isOfTenant(scope, column("tenant"))} and ${isInRange(scope, column("local_day"))}`
    : sql`from ${CHANGED_DAYS} b cross join ${sql.table(table)} ${sql.raw(alias)}
        where ${isOfTenant(scope, "b.tenant")} and ${isInRange(scope, "b.day")}
        and ${sql.ref(column("tenant"))} = b.tenant and ${sql.ref(column("local_day"))} = b.day`;
}

function countWhere(condition: Sql): Sql {
  return sql`sum(case when ${condition} then 1 else 0 end)`;
}

/**
 * Returns the expression by which rows are grouped. `time` is the column with the row's time, `day` the column with
 * its local day.
 */
export function groupKeyOf(grouping: Grouping, time: string, day: string): Sql {
  switch (grouping.by) {
    case "day":
      return sql.ref(day);
    case "hour":
      return sql`(${sql.ref(time)} - ${sql.lit(grouping.start)}) / ${sql.lit(HOUR)}`;
    case "dimension":
      return sql`coalesce(${sql.ref(`v.${DIMENSION_COLUMNS[grouping.dimension]}`)}, '')`;
  }
}

/** Selects those figures of visits that count on the day on which the visit started, including the number of visits. */
export function visitFigures(scope: Scope, grouping: Grouping, days: ChangedDays): Sql[] {
  if (grouping.by === "dimension" && grouping.dimension === "page") return [visitsByPage(scope, days)];
  const from = sql.lit(scope.days.fromDay);
  const isFirstOnDay = sql`v.previous_day is null or v.previous_day < v.local_day`;
  const given = {
    visits: sql`count(*)`,
    engaged: sql`sum(v.is_engaged)`,
    converted: countWhere(sql`v.orders > 0`),
    visible_time: sql`sum(v.visible_time)`,
    single_request: countWhere(sql`v.previous_day is null and v.events = 1`),
    visitors: countWhere(sql`v.previous_day is null or v.previous_day < ${from}`),
    day_visitors: grouping.by === "hour" ? sql`count(distinct v.visitor)` : countWhere(isFirstOnDay),
    new_visitors: countWhere(sql`v.previous_day is null`),
    returning_visitors: countWhere(sql`v.is_second = 1 or v.previous_day < ${from}`),
  };
  const key = groupKeyOf(grouping, "v.started_at", "v.local_day");
  return [selectFigures(key, given, sql`${visitsOn(scope, days)} group by 1`)];
}

/** Selects the visits of each page. A visit that viewed a page several times is selected once for that page. */
function visitsByPage(scope: Scope, days: ChangedDays): Sql {
  const { dialect } = scope;
  const given = {
    visits: sql`count(*)`,
    engaged: sql`sum(p.is_engaged)`,
    converted: countWhere(sql`p.orders > 0`),
  };
  const pages = sql`select distinct v.id, v.is_engaged, v.orders, ${dialect.textAt(2)} as path
    ${withEntries(scope, visitsOn(scope, days))} and ${isPageView(dialect)}`;
  return selectFigures(sql`p.path`, given, sql`from (${pages}) p group by p.path`);
}

/**
 * Returns `from … where …` for the journey entries `e` of visits `v`. `visits` is the `from … where …` that selects the
 * visits.
 */
export function withEntries({ dialect }: Pick<Scope, "dialect">, visits: Sql): Sql {
  return sql`from (select v.* ${visits}) v cross join coatcheck_visit_journey j
    cross join ${dialect.entryTable(sql`j.journey`)} where j.visit_id = v.id`;
}

/**
 * Selects page views by the day of each view. For most visits, which stay within one day, the stored number of page
 * views is enough; for other visits, the journey (the visit's list of events) contains the time of each view. Without
 * the journey, which is deleted with the raw events, all page views belong to the day on which the visit started.
 */
export function pageViewFigures(scope: Scope, grouping: Grouping, days: ChangedDays): Sql[] {
  const isByPage = grouping.by === "dimension" && grouping.dimension === "page";
  if (isByPage || grouping.by === "hour") return [viewsByEntry(scope, grouping, days, sql`true`)];
  const key = groupKeyOf(grouping, "v.started_at", "v.local_day");
  const stayed = sql`(v.last_day = v.local_day
    or not exists (select 1 from coatcheck_visit_journey j where j.visit_id = v.id))`;
  return [
    selectFigures(
      key,
      { page_views: sql`sum(v.page_views)` },
      sql`${visitsOn(scope, days)} and ${stayed} group by 1`,
    ),
    viewsByEntry(scope, grouping, days, sql`v.last_day > v.local_day`),
  ];
}

/** Selects the page views of the visits that match a condition. Each view belongs to the day or hour of its own journey
 * entry, not to the start of its visit. */
function viewsByEntry(scope: Scope, grouping: Grouping, days: ChangedDays, condition: Sql): Sql {
  const { dialect } = scope;
  const isByPage = grouping.by === "dimension" && grouping.dimension === "page";
  const conditions = allOf([condition, ...filterConditions(scope), dialect.withinBudget(sql`v.visitor`)]);
  const entries = sql`select v.*, v.started_at + ${dialect.integerAt(0)} as viewed_at, ${dialect.textAt(2)} as path
    ${withEntries(scope, sql`${visitsReachingInto(scope, days)} and ${conditions}`)} and ${isPageView(dialect)}`;
  const views = sql`select v.*, ${localDay(scope, sql`v.viewed_at`)} as viewed_day from (${entries}) v`;
  const key = isByPage ? sql`v.path` : groupKeyOf(grouping, "v.viewed_at", "v.viewed_day");
  const isOnDay =
    days === "all" ? isInRange(scope, "v.viewed_day") : sql<boolean>`v.viewed_day = v.changed_day`;
  return selectFigures(
    key,
    { page_views: sql`count(*)` },
    sql`from (${views}) v where ${isOnDay} group by 1`,
  );
}

/**
 * Returns the local day of a time. The time must be at most {@link MAX_DAYS_AFTER_START} days outside the range of
 * days.
 */
function localDay({ days }: Scope, time: Sql): Sql<number> {
  const calendar = new LocalCalendar(days.timeZone);
  const start = (days.fromDay - MAX_DAYS_AFTER_START - 1) * DAY;
  const [first, ...later] = calendar.offsets(start, (days.toDay + MAX_DAYS_AFTER_START + 2) * DAY);
  const dayWith = (offset: number) => sql`(${time} + ${sql.lit(offset)}) / ${sql.lit(DAY)}`;
  const cases = later
    .toReversed()
    .map(({ from, offset }) => sql`when ${time} >= ${sql.lit(from)} then ${dayWith(offset)}`);
  const otherwise = dayWith(first?.offset ?? 0);
  return cases.length > 0
    ? sql<number>`case ${sql.join(cases, sql` `)} else ${otherwise} end`
    : (otherwise as Sql<number>);
}

/**
 * Selects visits `v` that overlap the days, each with its `changed_day` and whether the visit starts on that day or
 * earlier.
 */
function visitsReachingInto(scope: Scope, days: ChangedDays): Sql {
  const { fromDay, toDay } = scope.days;
  if (days === "all") {
    return sql`from coatcheck_visit v where ${isOfTenant(scope, "v.tenant")}
      and v.local_day between ${sql.lit(fromDay - MAX_DAYS_AFTER_START)} and ${sql.lit(toDay)}
      and v.last_day >= ${sql.lit(fromDay)}`;
  }
  return sql`from (select v.*, b.day as changed_day from ${CHANGED_DAYS} b cross join coatcheck_visit v
      where ${isOfTenant(scope, "b.tenant")} and ${isInRange(scope, "b.day")} and v.tenant = b.tenant
      and v.local_day between b.day - ${sql.lit(MAX_DAYS_AFTER_START)} and b.day and v.last_day >= b.day) v where true`;
}
