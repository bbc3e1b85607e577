/** Local days, hours and weeks of a time zone, read from the platform's own calendar. */
import { DAY, HOUR } from "./script.ts";

/** A calendar of one IANA time zone. */
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

  /** The local day of a time, such as `2026-10-25`. */
  dayOf(time: number): string {
    // In every time zone, local days begin at :00, :15, :30 or :45 UTC, so all times of a quarter have one day.
    const quarter = time - (time % (HOUR / 4));
    const known = this.#known.get(quarter);
    if (known !== undefined) return known;
    const day = this.#days.format(quarter);
    this.#known.set(quarter, day);
    return day;
  }

  /** The Monday of the local week of a time. */
  weekOf(time: number): string {
    const day = this.dayOf(time);
    const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
    return addDays(day, weekday === 0 ? -6 : 1 - weekday);
  }
}

/** The hour in which a time lies, as the epoch milliseconds of its start. */
export function hourOf(time: number): number {
  return time - (time % HOUR);
}

/** The day that is a number of days after another. */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY).toISOString().slice(0, 10);
}
