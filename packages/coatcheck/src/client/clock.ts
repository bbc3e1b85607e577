/** The time and timers of the browser's machine. The client never compares these times with the server's times. */
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

/** How long to wait for a cookie from another response or for a message from another tab, in milliseconds. */
const ARRIVAL_WAIT_TIME = 100;

/** Waits a short time, during which a cookie from another response or a message from another tab can arrive. */
export function awaitArrival(clock: ClientClock): Promise<void> {
  return new Promise((done) => void clock.schedule(ARRIVAL_WAIT_TIME, done));
}
