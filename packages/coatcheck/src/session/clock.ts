/**
 * Provides the wall-clock time in epoch milliseconds. All code receives a clock as a parameter, so that tests can set
 * the time.
 */
export interface Clock {
  now(): number;
}

/**
 * Runs `task` after `delay` milliseconds and returns a function that cancels it. Must not keep the process alive.
 */
export type Schedule = (delay: number, task: () => void) => () => void;

/** The machine's clock. */
export const systemClock: Clock = { now: Date.now };

/** Uses Node's timers. They are unreferenced, so they do not keep the process alive. */
export const systemSchedule: Schedule = (delay, task) => {
  const timer = setTimeout(task, delay);
  timer.unref();
  return () => clearTimeout(timer);
};
