import { describeValue } from "../../session/usage-error.ts";
import { FUNNEL_STEPS } from "../facts/funnel.ts";
import type { FunnelAnswer, FunnelStep, FunnelStepFigures } from "./answers.ts";
import type { Context } from "./context.ts";
import type { Reader } from "./database/read.ts";
import { type Filter, OPERATORS } from "./dimensions.ts";
import { divide } from "./figures.ts";
import { medianOf } from "./median.ts";
import { RequestCheck } from "./request.ts";
import { DIALECTS } from "./sql/dialect.ts";
import { type FunnelPlan, type FunnelRow, funnelQuery } from "./sql/funnel.ts";
import type { Scope } from "./sql/scope.ts";
import { type StandardSteps, standardStepsOf, stepCountQuery, waitsQuery } from "./sql/standard-funnel.ts";

/** Request of `questions.funnel()`. */
export interface FunnelRequest {
  /** One to ten steps. Default: the standard shop funnel, from `product_view` to `order_completed`. */
  readonly steps?: readonly FunnelStep[];
  /** `closed`: each step must follow the previous one. `open`: the order does not matter. Default: `closed`. */
  readonly mode?: "closed" | "open";
  /** Whether visits or visitors are counted. Default: `visit`. */
  readonly scope?: "visit" | "visitor";
  /**
   * A step of a closed funnel counts only if it happens at most this long after the first step, in milliseconds.
   * Default: 24 hours.
   */
  readonly window?: number;
  /** First local day of the visits, such as `2026-03-01`. */
  readonly from: string;
  /** Last local day, included. */
  readonly to: string;
  /** A tenant; null for visits without a tenant. Default: all tenants. */
  readonly tenant?: string | null;
  readonly filters?: readonly Filter[];
}

/** The standard funnel of a shop. */
export const STANDARD_FUNNEL: readonly FunnelStep[] = [
  { type: "product_view" },
  { type: "add_to_cart" },
  { type: "begin_checkout" },
  { type: "order_completed" },
];

const DAY = 86_400_000;
const MAX_STEPS = 10;
const MAX_WINDOW = 90 * DAY;
const KNOWN_MEMBERS = ["steps", "mode", "scope", "window", "from", "to", "tenant", "filters"];

/** Implements `questions.funnel()`. */
export async function funnel(context: Context, request: FunnelRequest): Promise<FunnelAnswer> {
  const check = new RequestCheck("funnel", request, KNOWN_MEMBERS);
  const days = check.checkRange(request.from, request.to, context.calendar.timeZone);
  const plan: FunnelPlan = {
    steps: readSteps(check, request.steps ?? STANDARD_FUNNEL),
    mode: check.checkOneOf("mode", request.mode ?? "closed", ["closed", "open"] as const),
    scope: check.checkOneOf("scope", request.scope ?? "visit", ["visit", "visitor"] as const),
    window: readWindow(check, request.window),
  };
  const tenant = check.checkTenant(request.tenant);
  const filters = check.checkFilters(request.filters);
  check.throwFaults();
  const found = await context.read(async (reader) => {
    const scope = { dialect: DIALECTS[reader.dialect], days, tenant, filters };
    const standard = standardStepsOf(scope, plan);
    return standard
      ? await readStandardSteps(reader, scope, standard)
      : await reader.rows(funnelQuery(scope, plan));
  });
  const byStep = new Map(found.map((row) => [row.step, row]));
  const counts = plan.steps.map((_, step) => byStep.get(step)?.count ?? 0);
  const { from, to, timeZone } = days;
  return {
    question: "funnel",
    range: { from, to, timeZone },
    filters,
    mode: plan.mode,
    scope: plan.scope,
    window: plan.window,
    steps: plan.steps.map((step, index) => ({
      step,
      ...stepFiguresOf(counts, index, plan.mode),
      timeToNext: byStep.get(index)?.time_to_next ?? null,
    })),
  };
}

/** Reads the statistics of the standard funnel from rollups (precomputed statistics) and out-of-date days. */
async function readStandardSteps(
  reader: Reader,
  scope: Scope,
  { mode, firstStep, stepCount }: StandardSteps,
): Promise<FunnelRow[]> {
  const [counts] = await reader.rows(stepCountQuery(scope, mode));
  const rows: FunnelRow[] = [];
  for (const [step, type] of FUNNEL_STEPS.slice(firstStep, firstStep + stepCount).entries()) {
    const isLast = step + 1 === stepCount;
    // One query for each step, so that other tasks can run before the waiting times of the next step are parsed.
    const lists = isLast ? [] : await reader.rows(waitsQuery(scope, mode, firstStep + step));
    const waits = lists.map((list): number[] => JSON.parse(list.waits));
    rows.push({ step, count: counts?.[type] ?? 0, time_to_next: medianOf(waits) });
  }
  return rows;
}

function stepFiguresOf(
  counts: readonly number[],
  index: number,
  mode: "closed" | "open",
): Omit<FunnelStepFigures, "step" | "timeToNext"> {
  const count = counts[index] ?? 0;
  const before = mode === "closed" && index > 0 ? (counts[index - 1] ?? 0) : null;
  const dropOff = before === null ? null : before - count;
  return {
    count,
    shareOfFirst: divide(count, counts[0] ?? 0),
    dropOff,
    dropOffRate: before === null || dropOff === null ? null : divide(dropOff, before),
  };
}

function readWindow(check: RequestCheck, window: unknown = DAY): number {
  if (typeof window === "number" && Number.isInteger(window) && window >= 1 && window <= MAX_WINDOW)
    return window;
  check.addFault(
    "window",
    `must be a whole number of milliseconds from 1 to ${MAX_WINDOW} (got ${describeValue(window)})`,
  );
  return DAY;
}

function readSteps(check: RequestCheck, steps: unknown): readonly FunnelStep[] {
  if (Array.isArray(steps) && steps.length >= 1 && steps.length <= MAX_STEPS)
    return steps.map((step, index) => readStep(check, step, `steps.${index}`));
  check.addFault("steps", `must be a list of 1 to ${MAX_STEPS} steps (got ${describeValue(steps)})`);
  return [];
}

function readStep(check: RequestCheck, step: unknown, path: string): FunnelStep {
  if (typeof step !== "object" || step === null) {
    check.addFault(path, `must be an object with a member "type" (got ${describeValue(step)})`);
    return { type: "" };
  }
  check.checkMembers(`${path}.`, step, ["type", "page"]);
  const given = step as Record<string, unknown>;
  const type = check.checkText(`${path}.type`, given.type);
  if (given.page === undefined) return { type };
  if (type !== "page_view") check.addFault(`${path}.page`, "is a condition for the type page_view only");
  if (typeof given.page !== "object" || given.page === null) {
    check.addFault(
      `${path}.page`,
      `must be an object with operator and value (got ${describeValue(given.page)})`,
    );
    return { type };
  }
  check.checkMembers(`${path}.page.`, given.page, ["operator", "value"]);
  const page = given.page as Record<string, unknown>;
  const operator = check.checkOneOf(`${path}.page.operator`, page.operator, OPERATORS);
  return { type, page: { operator, value: check.checkText(`${path}.page.value`, page.value) } };
}
