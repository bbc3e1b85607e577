import { LocalTime } from "../facts/local-time.ts";

/** Milliseconds of a day of 24 hours. */
const DAY = 86_400_000;
const WEEK = 7 * DAY;

/** A calendar date such as `2026-03-29`. */
export type CalendarDate = string;

/** Returns whether `value` is a calendar date such as `2026-02-28`, from year 1970 to 9999. */
export function isCalendarDate(value: unknown): value is CalendarDate {
  if (typeof value !== "string" || !/^\d{4}-\d\d-\d\d$/.test(value) || value < "1970") return false;
  const time = Date.parse(`${value}T00:00:00Z`);
  return !Number.isNaN(time) && utcDateOf(time) === value;
}

/** Returns the UTC date of a time. */
function utcDateOf(time: number): CalendarDate {
  return new Date(time).toISOString().slice(0, 10);
}

/** Returns the date `days` after `date`. */
export function addDays(date: CalendarDate, days: number): CalendarDate {
  return utcDateOf(Date.parse(`${date}T00:00:00Z`) + days * DAY);
}

/** Returns the date `months` after `date`. In a shorter month, returns its last day. */
export function addMonths(date: CalendarDate, months: number): CalendarDate {
  const [year = 0, month = 0, day = 0] = date.split("-").map(Number);
  const last = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return utcDateOf(Date.UTC(year, month - 1 + months, Math.min(day, last)));
}

/** Returns the number of days from `from` to `to`: 0 for the same date. */
export function daysBetween(from: CalendarDate, to: CalendarDate): number {
  return (Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY;
}

/** Returns the Monday of the week that contains `date`. */
export function mondayOf(date: CalendarDate): CalendarDate {
  const weekday = new Date(`${date}T00:00:00Z`).getUTCDay();
  return addDays(date, -((weekday + 6) % 7));
}

/** Returns the dates from `from` to `to`, both included. */
export function datesBetween(from: CalendarDate, to: CalendarDate): CalendarDate[] {
  return Array.from({ length: daysBetween(from, to) + 1 }, (_, index) => addDays(from, index));
}

/** Returns whether `value` is a time zone that this machine knows, such as `Europe/Zurich`. */
export function isTimeZone(value: unknown): value is string {
  if (typeof value !== "string" || value === "") return false;
  try {
    return Intl.DateTimeFormat("en", { timeZone: value }) !== undefined;
  } catch {
    return false;
  }
}

/** A period in which a time zone has the same offset. */
export interface OffsetPeriod {
  /** Start of the period, epoch milliseconds. */
  readonly from: number;
  /** Offset from UTC in milliseconds; positive if local time is ahead. */
  readonly offset: number;
}

/** Converts between times and the calendar dates of one time zone. A day has 23 to 25 hours where clocks change. */
export class LocalCalendar {
  readonly timeZone: string;
  readonly #time: LocalTime;

  /** @param timeZone - an IANA name, checked with {@link isTimeZone}. */
  constructor(timeZone: string) {
    this.timeZone = timeZone;
    this.#time = new LocalTime(timeZone);
  }

  /** Returns the local date at a time. */
  dateAt(time: number): CalendarDate {
    return utcDateOf(this.#time.dayOf(time) * DAY);
  }

  /** Returns the first instant of the local day `date`, epoch milliseconds. It is not always midnight. */
  startOfDay(date: CalendarDate): number {
    return this.#time.startOfDay(Date.parse(`${date}T00:00:00Z`) / DAY);
  }

  /** Returns the offsets from UTC between two times, in order. No time zone changes its clocks twice within a week. */
  offsets(from: number, to: number): OffsetPeriod[] {
    const stretches: OffsetPeriod[] = [{ from, offset: this.#time.offsetAt(from) }];
    for (let low = from; low < to; low += WEEK) {
      const high = Math.min(low + WEEK, to);
      const offset = this.#time.offsetAt(high);
      if (offset !== stretches.at(-1)?.offset)
        stretches.push({ from: this.#firstTimeWithOffset(offset, low, high), offset });
    }
    return stretches;
  }

  /** Formats a time as local time with its offset from UTC (RFC 3339). */
  formatTime(time: number): string {
    const offset = this.#time.offsetAt(time);
    const minutes = Math.abs(Math.round(offset / 60_000));
    const twoDigits = (value: number) => String(value).padStart(2, "0");
    const zone = `${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}`;
    return `${new Date(time + offset).toISOString().slice(0, 19)}${offset < 0 ? "-" : "+"}${zone}`;
  }

  /**
   * Returns the first time with an offset. `low` is an earlier time with another offset, `high` a later time with
   * this offset.
   */
  #firstTimeWithOffset(offset: number, low: number, high: number): number {
    let [before, first] = [low, high];
    while (first - before > 1) {
      const middle = Math.floor((before + first) / 2);
      if (this.#time.offsetAt(middle) === offset) first = middle;
      else before = middle;
    }
    return first;
  }
}
