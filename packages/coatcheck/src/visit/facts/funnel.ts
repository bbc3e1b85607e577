import type { VisitEventRow, VisitRow } from "../sink/schema.ts";

/** The steps of the standard funnel, in order. */
export const FUNNEL_STEPS = ["product_view", "add_to_cart", "begin_checkout", "order_completed"] as const;

/** The columns of a visit with the time of each step, in an open and in a closed funnel. */
export const STEP_TIME_COLUMNS = {
  open: ["product_view_at", "add_to_cart_at", "begin_checkout_at", "order_at"],
  closed: ["product_view_at", "closed_add_to_cart_at", "closed_begin_checkout_at", "closed_order_at"],
} as const satisfies Readonly<Record<string, readonly (keyof VisitRow)[]>>;

/** A closed funnel counts a step only if it happened at most this long after the first step, in milliseconds. */
export const FUNNEL_WINDOW = 24 * 3_600_000;

/** When each step of {@link FUNNEL_STEPS} happened (`at`); null if it did not happen. */
export type StepTimes = readonly (number | null)[];

/** Returns the first occurrence of each step (open funnel). `events` must be sorted by `at` and id. */
export function openFunnelTimes(events: readonly VisitEventRow[]): StepTimes {
  return FUNNEL_STEPS.map((step) => events.find(({ type }) => type === step)?.at ?? null);
}

/**
 * Returns the times of the steps in a closed funnel. The first step counts when it first happens. Each further step
 * counts when it first happens after the previous step, and at most 24 hours after the first step. `events` must be
 * sorted by `at` and id: within one millisecond, the id decides which step came first.
 */
export function closedFunnelTimes(events: readonly VisitEventRow[]): StepTimes {
  const times: (number | null)[] = FUNNEL_STEPS.map(() => null);
  let step = 0;
  for (const { type, at } of events) {
    if (type !== FUNNEL_STEPS[step]) continue;
    if (at - (times[0] ?? at) > FUNNEL_WINDOW) break;
    times[step++] = at;
  }
  return times;
}
