import { sql } from "kysely";
import { FUNNEL_STEPS, FUNNEL_WINDOW, STEP_TIME_COLUMNS } from "../../facts/funnel.ts";
import type { DailyMetricRow, DailyWaitRow } from "../../sink/rollup-schema.ts";
import { allOf, type Sql, sumOf } from "./dialect.ts";
import { visitsOn } from "./facts.ts";
import type { FunnelPlan } from "./funnel.ts";
import { isUpToDate } from "./metrics.ts";
import { isInRange, isOfTenant, type Scope } from "./scope.ts";

/** Consecutive steps of the standard funnel. */
export interface StandardSteps {
  readonly mode: DailyWaitRow["mode"];
  /** Index of the first step in the standard funnel. */
  readonly firstStep: number;
  readonly stepCount: number;
}

/** The columns of a rollup (precomputed statistics) with the number of visits that did each step. */
const STEP_COUNT_COLUMNS = {
  open: ["product_view", "add_to_cart", "begin_checkout", "order_completed"],
  closed: ["product_view", "closed_add_to_cart", "closed_begin_checkout", "closed_order_completed"],
} as const satisfies Readonly<Record<StandardSteps["mode"], readonly (keyof DailyMetricRow)[]>>;

/** Returns which steps of the standard funnel a plan consists of. Null if the rollups do not contain its statistics. */
export function standardStepsOf({ filters }: Scope, plan: FunnelPlan): StandardSteps | null {
  const { steps, mode, scope, window } = plan;
  if (filters.length > 0 || scope === "visitor" || steps.some(({ page }) => page)) return null;
  const types: readonly string[] = FUNNEL_STEPS;
  const first = types.indexOf(steps[0]?.type ?? "");
  const isStandard = first >= 0 && steps.every(({ type }, index) => types[first + index] === type);
  if (!isStandard || (mode === "closed" && (first > 0 || window !== FUNNEL_WINDOW))) return null;
  return { mode, firstStep: first, stepCount: steps.length };
}

/** For each step in `FUNNEL_STEPS`, by its name: the number of visits that did the step. */
export type StepCounts = Readonly<Record<(typeof FUNNEL_STEPS)[number], number>>;

/** Counts the visits that did each step of the standard funnel. */
export function stepCountQuery(scope: Scope, mode: StandardSteps["mode"]): Sql<StepCounts> {
  const columns = (columnOf: (step: number) => Sql) =>
    sql.join(FUNNEL_STEPS.map((name, step) => sql`${columnOf(step)} as ${sql.ref(name)}`));
  const rollups = sql`select ${columns((step) => sql.ref(`m.${STEP_COUNT_COLUMNS[mode][step]}`))}
    from coatcheck_daily_metric m where ${isRolledUp(scope)} and m.dimension = ''`;
  const changed = sql`select ${columns((step) => sql`count(${sql.ref(`v.${STEP_TIME_COLUMNS[mode][step]}`)})`)}
    ${visitsOn(scope, "changed")}`;
  const sums = columns((step) => sumOf(sql.ref(`c.${FUNNEL_STEPS[step]}`)));
  return sql`select ${sums} from (${rollups} union all ${changed}) c`;
}

/**
 * Selects how long visits waited between a step and the next one, as JSON arrays in ascending order.
 *
 * @param step - index of the earlier step in the standard funnel.
 */
export function waitsQuery(
  scope: Scope,
  mode: StandardSteps["mode"],
  step: number,
): Sql<Pick<DailyWaitRow, "waits">> {
  const [at, nextAt] = STEP_TIME_COLUMNS[mode].slice(step).map((column) => sql.ref(`v.${column}`));
  return sql`select m.waits from coatcheck_daily_wait m
    where ${isRolledUp(scope)} and m.mode = ${mode} and m.step = ${sql.lit(step)}
    union all select ${scope.dialect.sortedList(sql`${nextAt} - ${at}`)} as waits
    ${visitsOn(scope, "changed")} and ${nextAt} >= ${at}`;
}

/** Condition: the rollup `m` belongs to the tenant and the days, and is up to date. */
function isRolledUp(scope: Scope): Sql<boolean> {
  return allOf([isOfTenant(scope, "m.tenant"), isInRange(scope, "m.day"), isUpToDate()]);
}
