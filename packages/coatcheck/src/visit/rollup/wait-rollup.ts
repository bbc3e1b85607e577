import { STEP_TIME_COLUMNS } from "../facts/funnel.ts";
import type { DailyWaitRow } from "../sink/rollup-schema.ts";
import type { RolledUpVisit } from "./dimensions.ts";

const MODES = ["open", "closed"] as const;

/** Collects how long the visits of one tenant's day waited between two steps of the standard funnel. */
export class WaitRollup {
  readonly #tenant: string;
  readonly #day: number;
  /** The waiting times after each step except the last one, in milliseconds. */
  readonly #waits = {
    open: STEP_TIME_COLUMNS.open.slice(1).map((): number[] => []),
    closed: STEP_TIME_COLUMNS.closed.slice(1).map((): number[] => []),
  };

  constructor(tenant: string, day: number) {
    this.#tenant = tenant;
    this.#day = day;
  }

  /** Adds a visit that started on the day. */
  addVisit(visit: RolledUpVisit): void {
    for (const mode of MODES) {
      let at: number | null = null;
      let step = -1;
      for (const column of STEP_TIME_COLUMNS[mode]) {
        const nextAt = visit[column];
        if (at !== null && nextAt !== null && nextAt >= at) this.#waits[mode][step]?.push(nextAt - at);
        at = nextAt;
        step++;
      }
    }
  }

  /** Returns the rows of the day: one for each step that was followed by the next step in at least one visit. */
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
