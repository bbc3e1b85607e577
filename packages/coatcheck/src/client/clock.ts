/** The time and timers of the browser's machine. The client compares its times with each other, never with the server's. */
export interface ClientClock {
  /** Epoch milliseconds. */
  now(): number;
  /** Runs `task` after `delay` milliseconds. Returns the function that cancels it. */
  schedule(delay: number, task: () => void): () => void;
}

/** The browser's clock. Not `performance.now()`, which may stand still while the machine sleeps. */
export const browserClock: ClientClock = {
  now: Date.now,
  schedule(delay, task) {
    const timer = setTimeout(task, delay);
    return () => clearTimeout(timer);
  },
};

/** Milliseconds in which what another tab or response is about to bring should arrive. */
const ARRIVAL_GRACE = 100;

/** Waits for what another tab or response is about to bring. */
export function awaitArrival(clock: ClientClock): Promise<void> {
  return new Promise((done) => void clock.schedule(ARRIVAL_GRACE, done));
}
