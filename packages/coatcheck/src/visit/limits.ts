const MINUTE = 60_000;

/** Visitors and sessions that are counted within a minute. Above it, the counts start again. */
const MAX_COUNTED = 100_000;

/** Limits the events of each visitor and each session per minute. */
export class EventLimit {
  readonly #counts = new Map<string, { events: number }>();
  readonly #perMinute: number;
  #minute = 0;

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /** Counts an event. Returns whether it is within the limits of both. `now` is in epoch milliseconds. */
  allows(visitorId: string | null, sessionId: string | null, now: number): boolean {
    const minute = Math.floor(now / MINUTE);
    if (minute !== this.#minute || this.#counts.size > MAX_COUNTED) {
      this.#minute = minute;
      this.#counts.clear();
    }
    const isAllowed = this.#count(visitorId);
    return this.#count(sessionId) && isAllowed;
  }

  #count(key: string | null): boolean {
    if (key === null) return true;
    const count = this.#counts.get(key);
    if (count === undefined) this.#counts.set(key, { events: 1 });
    else count.events++;
    return (count?.events ?? 1) <= this.#perMinute;
  }
}
