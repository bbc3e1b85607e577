/** Counts funnels by the definitions. */
import { typeOf } from "./delivery.ts";
import { type Action, HOUR } from "./script.ts";
import { inOrder, type Visit } from "./visits.ts";

/** A step of a funnel: an event, on a page if a path is given. */
export interface FunnelStep {
  readonly event: string;
  readonly path?: string;
}

/** Options of a funnel: what it counts, and over which events. */
export interface FunnelOptions {
  readonly by: "visit" | "visitor";
  /** The longest time from the first step to any other, in milliseconds. Default: 24 hours. */
  readonly window?: number;
}

/** One step's result. */
export interface FunnelRow {
  /** How many took the step after all steps before it. */
  readonly closed: number;
  /** How many took the step at all. */
  readonly open: number;
  /** The median time from the step before, of those who took both in order; null for the first step or without any. */
  readonly medianTime: number | null;
}

/** Counts a funnel over visits. */
export function funnelOf(
  visits: readonly Visit[],
  steps: readonly FunnelStep[],
  options: FunnelOptions,
): FunnelRow[] {
  const groups =
    options.by === "visit"
      ? visits.map((visit) => eventsOf([visit]))
      : [...Map.groupBy(visits, ({ visitor }) => visitor).values()].map(eventsOf);
  const walks = groups.map((actions) => walk(actions, steps, options.window ?? 24 * HOUR));
  return steps.map((step, index) => {
    const times = walks.flatMap((taken) => {
      const [before, now] = [taken[index - 1], taken[index]];
      return before === undefined || now === undefined ? [] : [now - before];
    });
    return {
      closed: walks.filter((taken) => taken[index] !== undefined).length,
      open: groups.filter((actions) => actions.some((action) => isStep(action, step))).length,
      medianTime: median(times),
    };
  });
}

/** The events of visits in order. A page that is viewed under one id several times is viewed once. */
function eventsOf(visits: readonly Visit[]): Action[] {
  const viewed = new Set<string>();
  return inOrder(visits.flatMap(({ actions }) => actions)).filter(({ detail, page }) => {
    if (detail.do !== "view" || !page) return true;
    const isNew = !viewed.has(page.id);
    viewed.add(page.id);
    return isNew;
  });
}

/** The time at which each step was taken, for as many steps as were taken in order. */
function walk(actions: readonly Action[], steps: readonly FunnelStep[], window: number): number[] {
  const taken: number[] = [];
  let next = 0;
  for (const step of steps) {
    const index = actions.findIndex((action, position) => position >= next && isStep(action, step));
    const action = actions[index];
    if (!action || action.at - (taken[0] ?? action.at) > window) break;
    taken.push(action.at);
    next = index + 1;
  }
  return taken;
}

function isStep(action: Action, { event, path }: FunnelStep): boolean {
  return typeOf(action) === event && (path === undefined || action.page?.path === path);
}

/** The middle value, or the mean of the middle two; null without values. */
export function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((left, right) => left - right);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  return upper === undefined || lower === undefined ? null : (upper + lower) / 2;
}
