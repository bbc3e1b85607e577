/** A load on its way, that others may wait for too. */
interface Flight<T> {
  readonly startedAt: number;
  readonly result: Promise<T>;
}

/**
 * One load per key at a time. Who comes later joins it, if it began recently enough for them; a load that was overtaken
 * by a write or a revocation is *forgotten*: whoever waits for it gets its answer, but nobody joins it any more, and it
 * learns that what it brings must not be held.
 */
export class SingleFlight<T> {
  readonly #flights = new Map<string, Flight<T>>();

  /** The load under way that began at `earliest` or later (monotonic milliseconds). */
  join(key: string, earliest: number): Promise<T> | undefined {
    const flight = this.#flights.get(key);
    return flight !== undefined && flight.startedAt >= earliest ? flight.result : undefined;
  }

  /** Begins a load; later comers join this one. `task` asks `isCurrent` before it holds what it found. */
  start(key: string, now: number, task: (isCurrent: () => boolean) => Promise<T>): Promise<T> {
    const isCurrent = () => this.#flights.get(key) === flight;
    const result = task(isCurrent).finally(() => {
      if (isCurrent()) this.#flights.delete(key);
    });
    const flight: Flight<T> = { startedAt: now, result };
    this.#flights.set(key, flight);
    return result;
  }

  forget(key: string): void {
    this.#flights.delete(key);
  }

  forgetAll(): void {
    this.#flights.clear();
  }
}
