import type { Rollups } from "../visits/open-visits.ts";
import type { Job } from "./jobs.ts";

const MINUTE = 60_000;

/** Days per step. A day of 500,000 events takes up to two seconds. */
const STEP = 1;

/** The jobs of a database of visits: recomputing changed rollups, and repairing all of them. */
export function rollupJobs(rollups: Rollups): readonly Job[] {
  return [
    {
      name: "rollup",
      description: "Recomputes the daily and hourly figures that events have changed.",
      interval: MINUTE,
      run: async (signal) => ({ days: await recomputeAll(rollups, signal) }),
    },
    {
      name: "rollup-repair",
      description: "Recomputes the figures of every day.",
      interval: null,
      run: async (signal) => {
        const marked = await rollups.markAllChanged();
        return { marked, days: await recomputeAll(rollups, signal) };
      },
    },
  ];
}

async function recomputeAll(rollups: Rollups, signal: AbortSignal): Promise<number> {
  let total = 0;
  let days: number;
  do {
    days = await rollups.recompute(STEP);
    total += days;
  } while (days === STEP && !signal.aborted);
  return total;
}
