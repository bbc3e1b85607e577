import type { Language } from "./wire.ts";

// Returns the Swiss locale of a language, because the shop is in Switzerland.
const locale = (language: Language) => `${language}-CH`;

const francFormat = new Intl.NumberFormat("de-CH", { minimumFractionDigits: 2 });

/** Formats an amount in rappen as a price, such as `CHF 17.90`, with a space that does not wrap. */
export const formatPrice = (rappen: number): string => `CHF\u00a0${francFormat.format(rappen / 100)}`;

/** Formats a time in the shop's time zone as the time of day. Includes the weekday if the day is not today. */
export function formatClockTime(time: string, language: Language, timeZone: string): string {
  const day = (date: Date) => date.toLocaleDateString("en-CA", { timeZone });
  const at = new Date(time);
  const hours: Intl.DateTimeFormatOptions = { timeZone, hour: "2-digit", minute: "2-digit", hour12: false };
  const isToday = day(at) === day(new Date());
  return at.toLocaleString(locale(language), isToday ? hours : { ...hours, weekday: "short" });
}

/** Formats a time in epoch milliseconds as hours, minutes and seconds, in the user's time zone. */
export const formatTimeOfDay = (at: number, language: Language): string =>
  new Date(at).toLocaleTimeString(locale(language), { hour12: false });

/** Formats date and time in the user's language. Default time zone: the user's. */
export const formatDayAndTime = (time: string, language: Language, timeZone?: string): string =>
  new Date(time).toLocaleString(locale(language), { dateStyle: "medium", timeStyle: "short", timeZone });

/**
 * Returns the times of pickup that a customer can choose, in ISO 8601: every 15 minutes for six hours, starting 30
 * minutes after `now`.
 */
export function pickupTimes(now: number): string[] {
  const quarter = 15 * 60_000;
  const first = Math.ceil((now + 2 * quarter) / quarter) * quarter;
  return Array.from({ length: 24 }, (_, index) => new Date(first + index * quarter).toISOString());
}
