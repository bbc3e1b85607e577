/** A task of which at most one run is in progress. */
export interface Flight<T> {
  /** Shares the run in progress, or starts one. */
  join(): Promise<T>;
  /** Lets the run in progress finish on its own; the next `join` starts another. */
  forget(): void;
}

/** Makes a flight of `task`. `onJoin` runs for each call that shares a run in progress. */
export function singleFlight<T>(task: () => Promise<T>, onJoin?: () => void): Flight<T> {
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
