import { type KnownOptions, requireKnownOptions } from "../../session/known-options.ts";
import { describeValue, usageError } from "../../session/usage-error.ts";
import type { LocalTime } from "../facts/local-time.ts";
import type { ExpireOptions } from "./maintenance.ts";

const DAY = 24 * 3_600_000;
/**
 * Shortest allowed `eventDays`. An event may arrive two days late, and the rebuild that it causes reads the events of
 * the five days before it.
 */
const MIN_EVENT_DAYS = 7;

const EXPIRE_OPTIONS = {
  eventDays: true,
  userAgentDays: true,
  rollupMonths: true,
  visitorMonths: true,
  dryRun: "boolean",
} satisfies KnownOptions<ExpireOptions>;

/** The limits of each kind of data, as epoch milliseconds or local days. Data before its limit is deleted. */
export interface RetentionLimits {
  readonly eventsBefore: number;
  /** The first day whose events are all kept. Visits that started earlier lose their journey (list of events). */
  readonly completeFrom: number;
  readonly userAgentsBefore: number;
  /** Start of the day `firstKeptRollupDay`, epoch milliseconds. */
  readonly rollupsBefore: number;
  readonly firstKeptRollupDay: number;
  readonly visitorsBefore: number;
}

/**
 * Returns the limits before which data is deleted, as of `now`.
 *
 * @throws UsageError for an unknown option or an invalid period.
 */
export function retentionLimits(now: number, options: ExpireOptions, time: LocalTime): RetentionLimits {
  requireKnownOptions("options of expire()", options, EXPIRE_OPTIONS);
  const { eventDays = 90, userAgentDays = 30, rollupMonths = 25, visitorMonths = 13 } = options;
  const periods = { eventDays, userAgentDays, rollupMonths, visitorMonths };
  for (const [path, period] of Object.entries(periods)) {
    const least = path === "eventDays" ? MIN_EVENT_DAYS : 1;
    if (Number.isInteger(period) && period >= least) continue;
    throw usageError("options of expire()", [
      { path, message: `must be a whole number of at least ${least} (got ${describeValue(period)})` },
    ]);
  }
  const firstKeptRollupDay = time.dayOf(monthsBefore(now, rollupMonths));
  const events = now - eventDays * DAY;
  return {
    eventsBefore: events,
    completeFrom: time.dayOf(events) + 1,
    userAgentsBefore: now - userAgentDays * DAY,
    rollupsBefore: time.startOfDay(firstKeptRollupDay),
    firstKeptRollupDay,
    visitorsBefore: monthsBefore(now, visitorMonths),
  };
}

/** Returns the same date and time some calendar months earlier. In a shorter month, returns its last day. */
function monthsBefore(now: number, months: number): number {
  const date = new Date(now);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() - months);
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, last));
  return date.getTime();
}
