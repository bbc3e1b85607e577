import { usageError } from "../../session/usage-error.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Time zone offsets only change at multiples of a quarter of an hour, UTC. */
const QUARTER_HOUR = HOUR / 4;
/** Maximum number of cached offsets: one for each quarter of an hour in about five months. */
const MAX_OFFSETS = 16_384;

/** Computes the local days, hours and weeks of one IANA time zone. A day has 23 to 25 hours. */
export class LocalTime {
  readonly timeZone: string;
  readonly #format: Intl.DateTimeFormat;
  readonly #offsets = new Map<number, number>();

  /**
   * @param timeZone - an IANA name, such as `Europe/Berlin`.
   * @throws UsageError when the time zone is unknown.
   */
  constructor(timeZone: string) {
    this.timeZone = timeZone;
    try {
      this.#format = new Intl.DateTimeFormat("en-US", {
        timeZone,
        hourCycle: "h23",
        year: "numeric",
        month: "numeric",
        day: "numeric",
        hour: "numeric",
        minute: "numeric",
        second: "numeric",
      });
    } catch {
      const message = `must be an IANA time zone, such as "Europe/Berlin" (got ${JSON.stringify(timeZone)})`;
      throw usageError("visit options", [{ path: "timeZone", message }]);
    }
  }

  /** Returns the number of the local day at a time. Day 0 is 1 January 1970. */
  dayOf(at: number): number {
    return Math.floor((at + this.offsetAt(at)) / DAY);
  }

  /** Returns the start of the local hour that contains `at`, in epoch milliseconds. */
  startOfHour(at: number): number {
    const offset = this.offsetAt(at);
    return Math.floor((at + offset) / HOUR) * HOUR - offset;
  }

  /** Returns the first instant of a local day, in epoch milliseconds. */
  startOfDay(day: number): number {
    const midnight = day * DAY;
    // Tries the offsets one day before and one day after midnight, because the clocks may change in between.
    const candidates = [midnight - DAY, midnight + DAY].map((at) => midnight - this.offsetAt(at));
    const [first = midnight, second = midnight] = candidates.sort((left, right) => left - right);
    if (this.dayOf(first) === day && this.dayOf(first - 1) < day) return first;
    if (this.dayOf(second) === day && this.dayOf(second - 1) < day) return second;
    // The clocks skip midnight, so the day begins at the moment of the change.
    let at = first;
    while (this.dayOf(at) < day) at += QUARTER_HOUR;
    return at;
  }

  /** Returns by how many milliseconds local time is ahead of UTC. */
  offsetAt(at: number): number {
    const quarter = Math.floor(at / QUARTER_HOUR);
    const cachedOffset = this.#offsets.get(quarter);
    if (cachedOffset !== undefined) return cachedOffset;
    if (this.#offsets.size >= MAX_OFFSETS) this.#offsets.clear();
    const offset = this.#readOffset(quarter * QUARTER_HOUR);
    this.#offsets.set(quarter, offset);
    return offset;
  }

  #readOffset(at: number): number {
    const parts: Record<string, number> = {};
    for (const { type, value } of this.#format.formatToParts(at)) parts[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) - at;
  }
}

/** Returns the day number of the Monday in a day's week. Day 0 is a Thursday. */
export function weekOf(day: number): number {
  return day - ((((day + 3) % 7) + 7) % 7);
}
