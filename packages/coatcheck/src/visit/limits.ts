import type { Clock } from "../session/clock.ts";

const MINUTE = 60_000;

/** Visitors and sessions that are counted within a minute. Above it, the counts start again. */
const MAX_COUNTED = 100_000;

/** Limits the events of each visitor and each session per minute. */
export class EventLimit {
  readonly #counts = new Map<string, number>();
  readonly #clock: Clock;
  readonly #perMinute: number;
  #minute = 0;

  constructor(clock: Clock, perMinute: number) {
    this.#clock = clock;
    this.#perMinute = perMinute;
  }

  /** Counts an event. Returns whether it is within the limits of both. */
  allows(visitorId: string | null, sessionId: string | null): boolean {
    const minute = Math.floor(this.#clock.now() / MINUTE);
    if (minute !== this.#minute || this.#counts.size > MAX_COUNTED) {
      this.#minute = minute;
      this.#counts.clear();
    }
    const isAllowed = this.#count(visitorId);
    return this.#count(sessionId) && isAllowed;
  }

  #count(key: string | null): boolean {
    if (key === null) return true;
    const events = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, events);
    return events <= this.#perMinute;
  }
}
