/** Counts funnels according to their definitions. */
import { eventTypeOf } from "./delivery.ts";
import { type Action, HOUR } from "./script.ts";
import { sortActions, type Visit } from "./visits.ts";

/** A step of a funnel: an event type, optionally on one page. */
export interface FunnelStep {
  readonly event: string;
  readonly path?: string;
}

/** Options of a funnel: whether to count visits or visitors, and the time window. */
export interface FunnelOptions {
  readonly by: "visit" | "visitor";
  /**
   * A step counts as `closed` only if it happened at most this long after the first step, in milliseconds. Default: 24
   * hours.
   */
  readonly window?: number;
}

/** The result of one step. */
export interface FunnelRow {
  /** The number of visits or visitors that did this step after all previous steps, in order. */
  readonly closed: number;
  /** The number of visits or visitors that did this step at any time. */
  readonly open: number;
  /**
   * The median time between the previous step and this step, for the visits or visitors that did both in order. Null
   * for the first step. Also null if no visit or visitor did both.
   */
  readonly medianTime: number | null;
  /**
   * The median time in an open funnel: from the first occurrence of the previous step to the first occurrence of this
   * step, if that is later.
   */
  readonly openMedianTime: number | null;
}

/** Counts the steps of a funnel in a list of visits. */
export function countFunnel(
  visits: readonly Visit[],
  steps: readonly FunnelStep[],
  options: FunnelOptions,
): FunnelRow[] {
  const groups =
    options.by === "visit"
      ? visits.map((visit) => sortedEvents([visit]))
      : [...Map.groupBy(visits, ({ visitor }) => visitor).values()].map(sortedEvents);
  const walks = groups.map((actions) => closedStepTimes(actions, steps, options.window ?? 24 * HOUR));
  const firsts = groups.map((actions) =>
    steps.map((step) => actions.find((action) => isStep(action, step))?.at),
  );
  return steps.map((step, index) => {
    const times = timesBefore(walks, index);
    return {
      closed: walks.filter((taken) => taken[index] !== undefined).length,
      open: groups.filter((actions) => actions.some((action) => isStep(action, step))).length,
      medianTime: median(times),
      openMedianTime: median(timesBefore(firsts, index).filter((time) => time >= 0)),
    };
  });
}

/** Returns how long each visit or visitor that did both steps took from the previous step to this step. */
function timesBefore(groups: readonly (readonly (number | undefined)[])[], index: number): number[] {
  return groups.flatMap((times) => {
    const [before, now] = [times[index - 1], times[index]];
    return before === undefined || now === undefined ? [] : [now - before];
  });
}

/** Returns the events of visits in order. Repeated views with the same page id are omitted. */
function sortedEvents(visits: readonly Visit[]): Action[] {
  const viewed = new Set<string>();
  return sortActions(visits.flatMap(({ actions }) => actions)).filter(({ detail, page }) => {
    if (detail.do !== "view" || !page) return true;
    const isNew = !viewed.has(page.id);
    viewed.add(page.id);
    return isNew;
  });
}

/** Returns the time of each step, up to the last step that was done in order. */
function closedStepTimes(actions: readonly Action[], steps: readonly FunnelStep[], window: number): number[] {
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
  return eventTypeOf(action) === event && (path === undefined || action.page?.path === path);
}

/** Returns the middle value, or the mean of the middle two values. Returns null if there are no values. */
export function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((left, right) => left - right);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  return upper === undefined || lower === undefined ? null : (upper + lower) / 2;
}
