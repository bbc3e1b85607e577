import { sql } from "kysely";
import { FUNNEL_STEPS, FUNNEL_WINDOW, STEP_TIME_COLUMNS } from "../../facts/funnel.ts";
import type { VisitRow } from "../../sink/schema.ts";
import type { FunnelStep } from "../answers.ts";
import { allOf, type Sql } from "./dialect.ts";
import { visitsOn, withEntries } from "./facts.ts";
import { type Scope, textCondition } from "./scope.ts";

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

/** The column of a visit with the time of each standard step in an open funnel, by the type of the step. */
const OPEN_TIME_COLUMNS = new Map<string, keyof VisitRow>(
  FUNNEL_STEPS.map((type, step) => [type, STEP_TIME_COLUMNS.open[step] as keyof VisitRow]),
);
/**
 * A position is `time × POSITIONS_PER_MILLISECOND + index of the event in its visit`. Positions therefore sort events
 * by time, then by id.
 */
const POSITIONS_PER_MILLISECOND = 100_000;

/**
 * Counts the steps of a funnel. Uses columns of the visits if they contain all steps, otherwise the visits' journeys
 * (lists of events).
 */
export function funnelQuery(scope: Scope, plan: FunnelPlan): Sql<FunnelRow> {
  const times = timeColumnsOf(plan);
  return times ? countFromColumns(scope, times) : countFromJourneys(scope, plan);
}

function timeColumnsOf({ steps, mode, scope, window }: FunnelPlan): readonly (keyof VisitRow)[] | null {
  if (scope === "visitor" || steps.some(({ page }) => page)) return null;
  if (mode === "open") {
    const times = steps.flatMap(({ type }) => OPEN_TIME_COLUMNS.get(type) ?? []);
    return times.length === steps.length ? times : null;
  }
  const isPrefix = steps.every(({ type }, index) => FUNNEL_STEPS[index] === type);
  return isPrefix && window === FUNNEL_WINDOW ? STEP_TIME_COLUMNS.closed.slice(0, steps.length) : null;
}

function countFromColumns(scope: Scope, times: readonly (keyof VisitRow)[]): Sql<FunnelRow> {
  const columns = times.map((time, index) => sql`${sql.ref(`v.${time}`)} as ${numberedName("at", index)}`);
  const rows = times.map((_, index) => {
    const [at, nextAt] = [numberedName("at", index), numberedName("at", index + 1)];
    const waits = sql`select ${nextAt} - ${at} as wait from f where ${nextAt} >= ${at}`;
    const timeToNext = index + 1 < times.length ? medianOf(waits) : sql`null`;
    return sql`select ${sql.lit(index)} as step, count(${at}) as count, ${timeToNext} as time_to_next from f`;
  });
  return sql`with f as materialized (select ${sql.join(columns)} ${visitsOn(scope, "all")})
    ${sql.join(rows, sql` union all `)}`;
}

function numberedName(prefix: string, index: number): Sql {
  return sql.ref(`${prefix}_${index}`);
}

/** Returns the median of the column `wait`: the mean of the middle two values. */
function medianOf(waits: Sql): Sql {
  return sql`(select cast(avg(w.wait) as double precision) from (
    select wait, row_number() over (order by wait) as n, count(*) over () as total from (${waits}) x) w
    where w.n in ((w.total + 1) / 2, (w.total + 2) / 2))`;
}

/**
 * Computes the funnel from the visits' journeys. `e` contains the events of all steps, with a flag for each step; `s0`,
 * `s1`, … contain the visits or visitors that did each step, with the time.
 */
function countFromJourneys(scope: Scope, plan: FunnelPlan): Sql<FunnelRow> {
  const types = [...new Set(plan.steps.map(({ type }) => type))];
  const events = sql.join(eventsOf(scope, plan, types), sql` union all `);
  const steps = plan.steps.map(
    (_, index) => sql`${stepTable(index)} as materialized (${stepQuery(plan, index)})`,
  );
  const rows = plan.steps.map((_, index) => {
    const timeToNext = index + 1 < plan.steps.length ? medianOf(waitTimesAfterStep(index)) : sql`null`;
    return sql`select ${sql.lit(index)} as step, count(*) as count, ${timeToNext} as time_to_next from ${stepTable(index)}`;
  });
  // Select a flag for each step, because PostgreSQL estimates that half of the rows have a flag. If the steps were
  // conditions on type and path, PostgreSQL would estimate that almost no row matches, and would compare every event
  // with every visit.
  const flags = plan.steps.map(
    (step, index) => sql`${stepCondition(scope, step)} as ${numberedName("is", index)}`,
  );
  return sql`with e as materialized (select e.entity, e.position, ${sql.join(flags)} from (${events}) e), ${sql.join(steps)} ${sql.join(rows, sql` union all `)}`;
}

/**
 * Selects the events of the steps. Avoids reading journeys, because that takes longer than everything else. If the
 * funnel counts visitors and every step has a column, the columns contain the first occurrence of each step in a visit.
 * That is enough for every visit of an open funnel. In a closed funnel, it is enough only for visits that did the first
 * step and no other.
 */
function eventsOf(scope: Scope, plan: FunnelPlan, types: readonly string[]): Sql[] {
  const [first = "", ...later] = types;
  const hasColumns = types.every((type) => OPEN_TIME_COLUMNS.has(type));
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
  return sql.ref(`v.${OPEN_TIME_COLUMNS.get(type)}`);
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
  const isStep = sql`${dialect.textAt(1)} in (${sql.join(types)})`;
  const entity = plan.scope === "visit" ? sql`v.id` : sql`v.visitor`;
  const position = sql`(v.started_at + ${dialect.integerAt(0)}) * ${sql.lit(POSITIONS_PER_MILLISECOND)} + e.key`;
  return sql`select ${entity} as entity, ${position} as position, ${dialect.textAt(1)} as type,
    ${dialect.textAt(2)} as path ${withEntries(scope, sql`${visitsOn(scope, "all")} and ${condition}`)}
    and (${sql.join(mentions, sql` or `)}) and ${isStep}`;
}

function stepTable(index: number): Sql {
  return sql.ref(`s${index}`);
}

function waitTimesAfterStep(index: number): Sql {
  const time = (alias: string) =>
    sql`${sql.ref(`${alias}.position`)} / ${sql.lit(POSITIONS_PER_MILLISECOND)}`;
  return sql`select ${time("b")} - ${time("a")} as wait from ${stepTable(index)} a join ${stepTable(index + 1)} b
    on b.entity = a.entity where ${time("b")} >= ${time("a")}`;
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
