/** One run at a time: whoever asks meanwhile shares it. */
export interface Flight<T> {
  join(): Promise<T>;
  /** Lets the present run finish alone; the next to ask starts another. */
  leave(): void;
}

/** `shared` hears of each call that joined a run already under way. */
export function singleFlight<T>(task: () => Promise<T>, shared?: () => void): Flight<T> {
  let flight: Promise<T> | undefined;
  return {
    join() {
      if (flight) shared?.();
      flight ??= task().finally(() => {
        if (flight === run) flight = undefined;
      });
      const run = flight;
      return run;
    },
    leave() {
      flight = undefined;
    },
  };
}
