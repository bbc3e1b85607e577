import type { Clock } from "coatcheck";
import type { RetentionPeriods, VisitMaintenance } from "coatcheck/visit/sqlite";
import type { Job } from "./jobs.ts";

const MINUTE = 60_000;

/** Days to recompute per step. A day with 500,000 events takes up to two seconds. */
const DAYS_PER_STEP = 1;

/**
 * Creates the jobs of a visits database: recompute the figures that events have changed, recompute all figures, and
 * delete old data.
 */
export function visitJobs(
  visits: VisitMaintenance,
  { clock, retention }: { readonly clock: Clock; readonly retention: RetentionPeriods },
): readonly Job[] {
  return [
    {
      name: "rollup",
      description: "Recomputes the daily and hourly figures that events have changed.",
      interval: MINUTE,
      run: async (signal) => ({ days: await recomputeAll(visits, signal) }),
    },
    {
      name: "rollup-repair",
      description: "Recomputes the figures of every day whose events are still stored.",
      interval: null,
      run: async (signal) => {
        const marked = await visits.markAllChanged();
        return { marked, days: await recomputeAll(visits, signal) };
      },
    },
    {
      name: "retention",
      description: "Deletes events, user agents, visits, visitors and figures after their retention period.",
      interval: 60 * MINUTE,
      run: async () => ({ ...(await visits.expire(clock.now(), retention)) }),
      dryRun: async () => ({ ...(await visits.expire(clock.now(), { ...retention, dryRun: true })) }),
    },
  ];
}

async function recomputeAll(visits: VisitMaintenance, signal: AbortSignal): Promise<number> {
  let total = 0;
  let days: number;
  do {
    days = await visits.recompute(DAYS_PER_STEP);
    total += days;
  } while (days === DAYS_PER_STEP && !signal.aborted);
  return total;
}
