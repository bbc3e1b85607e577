/** Time as the client needs it. Only durations of this machine are taken from it: never compared with a server's time. */
export interface ClientClock {
  /** Epoch milliseconds. */
  now(): number;
  /** Runs `task` after `delay` milliseconds; the result cancels it. */
  schedule(delay: number, task: () => void): () => void;
}

/** The browser's clock. `performance.now()` will not do: it may stand still while the machine sleeps. */
export const browserClock: ClientClock = {
  now: Date.now,
  schedule(delay, task) {
    const timer = setTimeout(task, delay);
    return () => clearTimeout(timer);
  },
};
