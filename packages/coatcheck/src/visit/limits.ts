import { LRUCache } from "lru-cache";
import type { Clock } from "../session/clock.ts";

const MINUTE = 60_000;

/** Visitors and sessions whose events are counted at a time. */
const MAX_COUNTED = 50_000;

/** Limits the events of each visitor and each session per minute. */
export class EventLimit {
  readonly #counts = new LRUCache<string, { minute: number; events: number }>({ max: MAX_COUNTED });
  readonly #clock: Clock;
  readonly #perMinute: number;

  constructor(clock: Clock, perMinute: number) {
    this.#clock = clock;
    this.#perMinute = perMinute;
  }

  /** Counts an event. Returns whether it is within the limits of all `keys`. */
  allows(keys: readonly (string | null)[]): boolean {
    const minute = Math.floor(this.#clock.now() / MINUTE);
    let isAllowed = true;
    for (const key of keys) if (key !== null && !this.#count(key, minute)) isAllowed = false;
    return isAllowed;
  }

  #count(key: string, minute: number): boolean {
    const count = this.#counts.get(key);
    if (count === undefined || count.minute !== minute) {
      this.#counts.set(key, { minute, events: 1 });
      return true;
    }
    count.events++;
    return count.events <= this.#perMinute;
  }
}
