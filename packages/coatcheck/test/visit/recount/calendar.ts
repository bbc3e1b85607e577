/** Computes local days, hours and weeks with `Intl`, not with the library's own calendar. */
import { DAY, HOUR } from "./script.ts";

/** Computes local days and weeks of one IANA time zone. */
export class Calendar {
  readonly #days: Intl.DateTimeFormat;
  readonly #known = new Map<number, string>();

  constructor(timeZone: string) {
    this.#days = new Intl.DateTimeFormat("en-CA", {
      timeZone,
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
    });
  }

  /** Returns the local day of a time, such as `2026-10-25`. */
  dayOf(time: number): string {
    // In every time zone, a day begins at a full quarter of an hour in UTC. All times within a quarter of an hour are
    // therefore on the same local day.
    const quarter = time - (time % (HOUR / 4));
    const known = this.#known.get(quarter);
    if (known !== undefined) return known;
    const day = this.#days.format(quarter);
    this.#known.set(quarter, day);
    return day;
  }

  /** Returns the Monday of the local week of a time. */
  weekOf(time: number): string {
    const day = this.dayOf(time);
    const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
    return addDays(day, weekday === 0 ? -6 : 1 - weekday);
  }
}

/** Returns the start of the hour that contains a time, in epoch milliseconds. */
export function startOfHour(time: number): number {
  return time - (time % HOUR);
}

/** Returns the day that comes `days` days after `day`. */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY).toISOString().slice(0, 10);
}
