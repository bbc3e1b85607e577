import type { SessionManager } from "coatcheck";
import type { Job } from "./jobs.ts";

const MINUTE = 60_000;

/** Rows to delete per statement. The number is small, so that no writer waits long. */
const SLICE_SIZE = 1000;

/** Options of {@link sweepJob}, in milliseconds. */
export interface SweepOptions {
  /** How long ended sessions stay readable, so that the admin can find out why they ended. Default: 1 day. */
  readonly retention?: number;
  /** The time from the end of a sweep to the start of the next sweep. Default: 5 minutes. */
  readonly sweepInterval?: number;
  /**
   * Saves data that must not be lost when sessions are deleted, such as the events of their visits. If it rejects, the
   * sweep deletes nothing and is repeated later.
   */
  readonly beforeSweep?: () => Promise<void>;
}

/**
 * Deletes in slices until nothing is left to delete.
 *
 * @param deleteSlice deletes up to `limit` sessions and returns the number deleted.
 * @param shouldContinue called after each slice with the number of sessions deleted so far.
 * @returns the number of deleted sessions.
 */
export async function sweepSlices(
  deleteSlice: (limit: number) => Promise<number>,
  shouldContinue: (total: number) => boolean,
): Promise<number> {
  let total = 0;
  let deleted: number;
  do {
    deleted = await deleteSlice(SLICE_SIZE);
    total += deleted;
  } while (shouldContinue(total) && deleted === SLICE_SIZE);
  return total;
}

/** Creates the job that deletes ended sessions after the retention period. */
export function sweepJob(
  manager: SessionManager,
  { retention = 24 * 60 * MINUTE, sweepInterval = 5 * MINUTE, beforeSweep }: SweepOptions = {},
): Job {
  return {
    name: "sweep",
    description: "Deletes ended sessions after their retention period.",
    interval: sweepInterval,
    async run(signal) {
      await beforeSweep?.();
      const deleted = await sweepSlices(
        (limit) => manager.sweep(retention, limit),
        () => !signal.aborted,
      );
      return { deleted };
    },
  };
}
