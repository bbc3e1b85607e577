/** The time and timers of the browser's machine. The client compares its times with each other, never with the server's. */
export interface ClientClock {
  /** Epoch milliseconds. */
  now(): number;
  /** Runs `task` after `delay` milliseconds. Returns the function that cancels it. */
  schedule(delay: number, task: () => void): () => void;
}

/** The browser's clock. It uses `Date`, because `performance.now()` may stop while the machine sleeps. */
export const browserClock: ClientClock = {
  now: Date.now,
  schedule(delay, task) {
    const timer = setTimeout(task, delay);
    return () => clearTimeout(timer);
  },
};

/** Milliseconds to wait for a new cookie or message from another response or tab. */
const ARRIVAL_GRACE = 100;

/** Waits a short time, during which a new cookie or message from another response or tab can arrive. */
export function awaitArrival(clock: ClientClock): Promise<void> {
  return new Promise((done) => void clock.schedule(ARRIVAL_GRACE, done));
}
