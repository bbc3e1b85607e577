import type { Clock } from "../session/clock.ts";

/** A clock that stands still until the test moves it. */
export interface FakeClock extends Clock {
  /** Moves time on, milliseconds. */
  pass(milliseconds: number): void;
  /** Sets the time, epoch milliseconds; backwards too, as machines' clocks may. */
  set(time: number): void;
}

/** A clock at `start`, epoch milliseconds; without, at the first moment of 2026 (UTC). */
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
