/** A task that never runs twice at once: concurrent callers share one run. */
export interface SingleFlight<T> {
  /** Returns the result of the run in progress. Starts a run if none is in progress. */
  join(): Promise<T>;
  /** Makes the next `join` start a new run. The run in progress continues, and its callers get its result. */
  forget(): void;
}

/** Creates a flight that runs `task`. `onJoin` is called for each caller that shares a run in progress. */
export function createSingleFlight<T>(task: () => Promise<T>, onJoin?: () => void): SingleFlight<T> {
  let flight: Promise<T> | undefined;
  return {
    join() {
      if (flight) {
        onJoin?.();
        return flight;
      }
      const run = task().finally(() => {
        if (flight === run) flight = undefined;
      });
      flight = run;
      return run;
    },
    forget() {
      flight = undefined;
    },
  };
}
