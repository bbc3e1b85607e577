/** Wall-clock time, epoch milliseconds. A parameter everywhere, so that tests set it. */
export interface Clock {
  now(): number;
}

/** Runs a task later; the result cancels it. Never keeps the process alive. */
export type Schedule = (delay: number, task: () => void) => () => void;

/** The machine's clock. */
export const systemClock: Clock = { now: Date.now };

/** Node's timers, unreferenced. */
export const systemSchedule: Schedule = (delay, task) => {
  const timer = setTimeout(task, delay);
  timer.unref();
  return () => clearTimeout(timer);
};
