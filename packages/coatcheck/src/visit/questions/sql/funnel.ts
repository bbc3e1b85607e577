import { sql } from "kysely";
import type { DailyMetricRow } from "../../sink/rollup-schema.ts";
import type { VisitRow } from "../../sink/schema.ts";
import type { FunnelStep } from "../answers.ts";
import { allOf, type Sql, sumOf } from "./dialect.ts";
import { visitsOn, withEntries } from "./facts.ts";
import { isUpToDate } from "./metrics.ts";
import { isInRange, isOfTenant, type Scope, textCondition } from "./scope.ts";

/** A validated funnel request. */
export interface FunnelPlan {
  readonly steps: readonly FunnelStep[];
  readonly mode: "closed" | "open";
  readonly scope: "visit" | "visitor";
  /** Milliseconds. */
  readonly window: number;
}

/** The statistics of one step. */
export interface FunnelRow {
  /** Index of the step, from 0. */
  readonly step: number;
  readonly count: number;
  /** Milliseconds. */
  readonly time_to_next: number | null;
}

/** The columns that store a standard step. */
interface StepColumn {
  /** Column of a visit with the time of the step. */
  readonly time: keyof VisitRow;
  /** Column of a rollup with the number of visits that did the step. */
  readonly count: keyof DailyMetricRow;
}

/** The columns of each step in an open funnel, in which the order of steps does not matter. */
const OPEN_COLUMNS: Readonly<Record<string, StepColumn>> = {
  product_view: { time: "product_view_at", count: "product_view" },
  add_to_cart: { time: "add_to_cart_at", count: "add_to_cart" },
  begin_checkout: { time: "begin_checkout_at", count: "begin_checkout" },
  order_completed: { time: "order_at", count: "order_completed" },
};
/** The columns of each step in a closed funnel, in which each step must follow the previous one. */
const CLOSED_COLUMNS: readonly StepColumn[] = [
  { time: "product_view_at", count: "product_view" },
  { time: "closed_add_to_cart_at", count: "closed_add_to_cart" },
  { time: "closed_begin_checkout_at", count: "closed_begin_checkout" },
  { time: "closed_order_at", count: "closed_order_completed" },
];
/** The time window of the closed-funnel columns, in milliseconds. */
const CLOSED_WINDOW = 86_400_000;
/**
 * A position is `time × POSITIONS_PER_MILLISECOND + index of the event in its visit`. Positions therefore sort events by time, then
 * by id.
 */
const POSITIONS_PER_MILLISECOND = 100_000;

/**
 * Counts the steps of a funnel. Uses columns of the visits if they contain all steps, otherwise the visits' journeys
 * (lists of events).
 */
export function funnelQuery(scope: Scope, plan: FunnelPlan): Sql<FunnelRow> {
  const columns = columnsOf(plan);
  return columns ? countFromColumns(scope, columns) : countFromJourneys(scope, plan);
}

function columnsOf({ steps, mode, scope, window }: FunnelPlan): readonly StepColumn[] | null {
  if (scope === "visitor" || steps.some(({ page }) => page)) return null;
  const types = steps.map(({ type }) => type);
  if (mode === "open") {
    const columns = types.flatMap((type) =>
      Object.hasOwn(OPEN_COLUMNS, type) ? (OPEN_COLUMNS[type] ?? []) : [],
    );
    return columns.length === types.length ? columns : null;
  }
  const isPrefix =
    types.length <= CLOSED_COLUMNS.length &&
    types.every((type, index) => Object.keys(OPEN_COLUMNS)[index] === type);
  return isPrefix && window === CLOSED_WINDOW ? CLOSED_COLUMNS.slice(0, types.length) : null;
}

/**
 * Reads the counts from the rollups (precomputed statistics). Counts the visits themselves on days whose rollups are
 * out of date and, if there are filters, on all days. Always reads the times from the visits; for the closed funnel, an
 * index contains the visits with at least two steps.
 */
function countFromColumns(scope: Scope, columns: readonly StepColumn[]): Sql<FunnelRow> {
  const hasFilters = scope.filters.length > 0;
  const counted = columns.map(
    ({ time }, index) => sql`count(${sql.ref(`v.${time}`)}) as ${numberedName("count", index)}`,
  );
  const parts = (["changed", "all"] as const)
    .filter((days) => hasFilters === (days === "all"))
    .map((days) => sql`select ${sql.join(counted)} ${visitsOn(scope, days)}`);
  if (!hasFilters) parts.push(rollupCounts(scope, columns));
  const sums = columns.map(
    (_, index) => sql`${sumOf(sql`c.${numberedName("count", index)}`)} as ${numberedName("count", index)}`,
  );
  const times = columns.map(
    ({ time }, index) => sql`${sql.ref(`v.${time}`)} as ${numberedName("at", index)}`,
  );
  const second = sql.ref(`v.${columns[1]?.time ?? columns[0]?.time}`);
  const isIndexed = columns[1]?.time === CLOSED_COLUMNS[1]?.time;
  const number = isIndexed ? sql`v.product_view_at` : sql`v.visitor`;
  const isWaiting = isIndexed ? sql`${second} is not null` : sql`true`;
  const rows = columns.map((_, index) => {
    const waits = sql`select ${numberedName("at", index + 1)} - ${numberedName("at", index)} as wait from f
      where ${numberedName("at", index + 1)} >= ${numberedName("at", index)}`;
    const timeToNext = index + 1 < columns.length ? median(waits) : sql`null`;
    return sql`select ${sql.lit(index)} as step, ${numberedName("count", index)} as count, ${timeToNext} as time_to_next from c`;
  });
  return sql`with c as materialized (select ${sql.join(sums)} from (${sql.join(parts, sql` union all `)}) c),
    f as materialized (select ${sql.join(times)} ${visitsOn(scope, "all", number)} and ${isWaiting})
    ${sql.join(rows, sql` union all `)}`;
}

function numberedName(prefix: string, index: number): Sql {
  return sql.ref(`${prefix}_${index}`);
}

function rollupCounts(scope: Scope, columns: readonly StepColumn[]): Sql {
  const sums = columns.map(
    ({ count }, index) => sql`${sumOf(sql.ref(`m.${count}`))} as ${numberedName("count", index)}`,
  );
  return sql`select ${sql.join(sums)} from coatcheck_daily_metric m where ${allOf([
    isOfTenant(scope, "m.tenant"),
    sql`m.dimension = ''`,
    isInRange(scope, "m.day"),
    isUpToDate(),
  ])}`;
}

/** Returns the median of the column `wait`: the mean of the middle two values. */
function median(waits: Sql): Sql {
  return sql`(select cast(avg(w.wait) as double precision) from (
    select wait, row_number() over (order by wait) as n, count(*) over () as total from (${waits}) x) w
    where w.n in ((w.total + 1) / 2, (w.total + 2) / 2))`;
}

/**
 * Computes the funnel from the visits' journeys. `e` contains the events of all steps, with a flag for each step; `s0`, `s1`, … contain the
 * visits or visitors that did each step, with the time.
 */
function countFromJourneys(scope: Scope, plan: FunnelPlan): Sql<FunnelRow> {
  const types = [...new Set(plan.steps.map(({ type }) => type))];
  const events = sql.join(eventsOf(scope, plan, types), sql` union all `);
  const steps = plan.steps.map(
    (_, index) => sql`${stepTable(index)} as materialized (${stepQuery(plan, index)})`,
  );
  const rows = plan.steps.map((_, index) => {
    const timeToNext = index + 1 < plan.steps.length ? median(waitsAfter(index)) : sql`null`;
    return sql`select ${sql.lit(index)} as step, count(*) as count, ${timeToNext} as time_to_next from ${stepTable(index)}`;
  });
  // Select a flag, because PostgreSQL estimates that half of the rows have it. It would estimate that almost no row
  // matches a condition on type and path, and would then compare every event with every visit.
  const flags = plan.steps.map(
    (step, index) => sql`${stepCondition(scope, step)} as ${numberedName("is", index)}`,
  );
  return sql`with e as materialized (select e.entity, e.position, ${sql.join(flags)} from (${events}) e), ${sql.join(steps)} ${sql.join(rows, sql` union all `)}`;
}

/**
 * Selects the events of the steps. Avoids reading journeys, because that takes longer than everything else. In a funnel
 * by visitor whose steps have columns, the columns contain the first occurrence of each step in a visit. That is enough
 * for every visit of an open funnel, and for the visits of a closed funnel that did only the first step.
 */
function eventsOf(scope: Scope, plan: FunnelPlan, types: readonly string[]): Sql[] {
  const [first = "", ...later] = types;
  const hasColumns = types.every((type) => Object.hasOwn(OPEN_COLUMNS, type));
  const isRepeated = types.length < plan.steps.length;
  if (plan.scope === "visit" || !hasColumns || plan.steps.some(({ page }) => page))
    return [journeyEvents(scope, plan, types, sql`true`)];
  if (plan.mode === "open") return types.map((type) => columnEvents(scope, type, sql`true`));
  if (isRepeated) return [journeyEvents(scope, plan, types, sql`true`)];
  const didLater = sql`(${sql.join(
    later.map((type) => sql`${timeOf(type)} is not null`),
    sql` or `,
  )})`;
  if (later.length === 0) return [columnEvents(scope, first, sql`true`)];
  return [journeyEvents(scope, plan, types, didLater), columnEvents(scope, first, sql`not ${didLater}`)];
}

function timeOf(type: string): Sql {
  return sql.ref(`v.${OPEN_COLUMNS[type]?.time}`);
}

/** Selects the first event of a type in each visit that matches `condition` and still has its journey. */
function columnEvents(scope: Scope, type: string, condition: Sql): Sql {
  return sql`select v.visitor as entity, ${timeOf(type)} * ${sql.lit(POSITIONS_PER_MILLISECOND)} as position,
    cast(${type} as text) as type, cast(null as text) as path
    from (select v.* ${visitsOn(scope, "all")} and ${timeOf(type)} is not null and ${condition}) v
    cross join coatcheck_visit_journey j where j.visit_id = v.id`;
}

/** Selects the events of the types from the journeys of the visits that match `condition`. */
function journeyEvents(scope: Scope, plan: FunnelPlan, types: readonly string[], condition: Sql): Sql {
  const { dialect } = scope;
  const mentions = types.map((type) => dialect.contains(sql`j.journey`, JSON.stringify(type)));
  const isStep = sql`${dialect.text(1)} in (${sql.join(types)})`;
  const entity = plan.scope === "visit" ? sql`v.id` : sql`v.visitor`;
  const position = sql`(v.started_at + ${dialect.integer(0)}) * ${sql.lit(POSITIONS_PER_MILLISECOND)} + e.key`;
  return sql`select ${entity} as entity, ${position} as position, ${dialect.text(1)} as type,
    ${dialect.text(2)} as path ${withEntries(scope, sql`${visitsOn(scope, "all")} and ${condition}`)}
    and (${sql.join(mentions, sql` or `)}) and ${isStep}`;
}

function stepTable(index: number): Sql {
  return sql.ref(`s${index}`);
}

function waitsAfter(index: number): Sql {
  const time = (alias: string) =>
    sql`${sql.ref(`${alias}.position`)} / ${sql.lit(POSITIONS_PER_MILLISECOND)}`;
  return sql`select ${time("b")} - ${time("a")} as wait from ${stepTable(index)} a join ${stepTable(index + 1)} b
    on b.entity = a.entity where b.position >= a.position`;
}

/** Selects the visits or visitors that did a step, with the positions of this step and of the first step. */
function stepQuery({ mode, window }: FunnelPlan, index: number): Sql {
  const isStep = sql.ref(`e.is_${index}`);
  if (index === 0 || mode === "open") {
    return sql`select e.entity, min(e.position) as position, min(e.position) as first_position
      from e where ${isStep} group by e.entity`;
  }
  const time = (position: string) => sql`${sql.ref(position)} / ${sql.lit(POSITIONS_PER_MILLISECOND)}`;
  return sql`select s.entity, min(e.position) as position, s.first_position
    from ${stepTable(index - 1)} s join e on e.entity = s.entity
    where ${isStep} and e.position > s.position
    and ${time("e.position")} <= ${time("s.first_position")} + ${sql.lit(window)}
    group by s.entity, s.first_position`;
}

function stepCondition({ dialect }: Scope, { type, page }: FunnelStep): Sql<boolean> {
  const isType = sql<boolean>`e.type = ${type}`;
  return page ? allOf([isType, textCondition(dialect, sql`e.path`, page)]) : isType;
}
