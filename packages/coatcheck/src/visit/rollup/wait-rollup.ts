import { STEP_TIMES } from "../facts/funnel.ts";
import type { DailyWaitRow } from "../sink/rollup-schema.ts";
import type { RolledUpVisit } from "./dimensions.ts";

const MODES = ["open", "closed"] as const;

/** Collects how long the visits of one tenant's day waited between two steps of the standard funnel. */
export class WaitRollup {
  readonly #tenant: string;
  readonly #day: number;
  /** The waiting times after each step except the last one, in milliseconds. */
  readonly #waits = {
    open: STEP_TIMES.open.slice(1).map((): number[] => []),
    closed: STEP_TIMES.closed.slice(1).map((): number[] => []),
  };

  constructor(tenant: string, day: number) {
    this.#tenant = tenant;
    this.#day = day;
  }

  /** Adds a visit that started on the day. */
  addVisit(visit: RolledUpVisit): void {
    for (const mode of MODES) {
      const times = STEP_TIMES[mode].map((column) => visit[column]);
      for (const [step, waits] of this.#waits[mode].entries()) {
        const [at = null, nextAt = null] = times.slice(step);
        if (at !== null && nextAt !== null && nextAt >= at) waits.push(nextAt - at);
      }
    }
  }

  /** Returns a row for each step after which a visit waited for the next one. */
  rows(): DailyWaitRow[] {
    const [tenant, day] = [this.#tenant, this.#day];
    return MODES.flatMap((mode) =>
      this.#waits[mode].flatMap((waits, step) => {
        if (waits.length === 0) return [];
        const sorted = waits.sort((left, right) => left - right);
        return { tenant, mode, step, day, waits: JSON.stringify(sorted) };
      }),
    );
  }
}
