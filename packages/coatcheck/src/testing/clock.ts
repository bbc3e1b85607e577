import type { Clock } from "../session/clock.ts";

/** A clock that only the test advances. */
export interface FakeClock extends Clock {
  /** Advances the time by a number of milliseconds. */
  pass(milliseconds: number): void;
  /** Sets the time, in epoch milliseconds. May go backwards, as a machine's clock may. */
  set(time: number): void;
}

/** Creates a clock that starts at `start`, in epoch milliseconds. Default: 2026-01-01T00:00:00Z. */
export function fakeClock(start: number = Date.UTC(2026, 0, 1)): FakeClock {
  let time = start;
  return {
    now: () => time,
    pass: (milliseconds) => {
      time += milliseconds;
    },
    set: (to) => {
      time = to;
    },
  };
}
