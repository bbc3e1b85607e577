/** Wall-clock time in epoch milliseconds. Passed in everywhere, so that tests can set it. */
export interface Clock {
  now(): number;
}

/**
 * Runs `task` after `delay` milliseconds and returns a function that cancels it. Must not keep the process alive.
 */
export type Schedule = (delay: number, task: () => void) => () => void;

/** The machine's clock. */
export const systemClock: Clock = { now: Date.now };

/** Node's timers, unreferenced. */
export const systemSchedule: Schedule = (delay, task) => {
  const timer = setTimeout(task, delay);
  timer.unref();
  return () => clearTimeout(timer);
};
