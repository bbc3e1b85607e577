/** An in-flight load that later callers may join. */
interface InFlightLoad<T> {
  readonly startedAt: number;
  readonly result: Promise<T>;
}

/**
 * Shares in-flight loads. Concurrent callers for a key share its load if it did not start before the `earliest` time
 * that each caller passes. After a write or a revocation, an older load is *forgotten*: callers that already wait for
 * the load get its result, but later callers do not join the load, and the result must not be cached.
 */
export class SingleFlight<T> {
  readonly #flights = new Map<string, InFlightLoad<T>>();

  /** Returns the in-flight load if it started at `earliest` (monotonic milliseconds) or later. */
  join(key: string, earliest: number): Promise<T> | undefined {
    const flight = this.#flights.get(key);
    return flight !== undefined && flight.startedAt >= earliest ? flight.result : undefined;
  }

  /** Starts a load that later callers may join. `task` must cache its result only if `isCurrent()` is true. */
  start(key: string, now: number, task: (isCurrent: () => boolean) => Promise<T>): Promise<T> {
    const isCurrent = () => this.#flights.get(key) === flight;
    const result = task(isCurrent).finally(() => {
      if (isCurrent()) this.#flights.delete(key);
    });
    const flight: InFlightLoad<T> = { startedAt: now, result };
    this.#flights.set(key, flight);
    return result;
  }

  /** Detaches the in-flight load of a key. */
  forget(key: string): void {
    this.#flights.delete(key);
  }

  /** Detaches all in-flight loads. */
  forgetAll(): void {
    this.#flights.clear();
  }
}
