const MINUTE = 60_000;

/** Maximum number of visitors and sessions that are counted within a minute. At this number, all counters are reset. */
const MAX_COUNTERS = 100_000;

/** Limits how many events each visitor and each session may send per minute. */
export class EventLimit {
  readonly #counts = new Map<string, { events: number }>();
  readonly #perMinute: number;
  #minute = 0;

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /**
   * Counts an event. Returns whether visitor and session are both within their limits. `now` is in epoch
   * milliseconds.
   */
  allows(visitorId: string | null, sessionId: string | null, now: number): boolean {
    const minute = Math.floor(now / MINUTE);
    if (minute !== this.#minute || this.#counts.size > MAX_COUNTERS) {
      this.#minute = minute;
      this.#counts.clear();
    }
    const isAllowed = this.#countEvent(visitorId);
    return this.#countEvent(sessionId) && isAllowed;
  }

  #countEvent(key: string | null): boolean {
    if (key === null) return true;
    const count = this.#counts.get(key);
    if (count === undefined) this.#counts.set(key, { events: 1 });
    else count.events++;
    return (count?.events ?? 1) <= this.#perMinute;
  }
}
