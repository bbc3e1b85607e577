import type { Language } from "./wire.ts";

// Swiss formats in every language: the shop is in Switzerland.
const locale = (language: Language) => `${language}-CH`;

const francFormat = new Intl.NumberFormat("de-CH", { minimumFractionDigits: 2 });

/** Rappen as a price: `CHF 17.90`. */
export const formatPrice = (rappen: number): string => `CHF ${francFormat.format(rappen / 100)}`;

/** The time of day in the shop's time zone; with the weekday if it is not today. */
export function clockTime(time: string, language: Language, timeZone: string): string {
  const day = (date: Date) => date.toLocaleDateString("en-CA", { timeZone });
  const at = new Date(time);
  const hours: Intl.DateTimeFormatOptions = { timeZone, hour: "2-digit", minute: "2-digit", hour12: false };
  const isToday = day(at) === day(new Date());
  return at.toLocaleString(locale(language), isToday ? hours : { ...hours, weekday: "short" });
}

/** Hours, minutes and seconds in the reader's time zone, of a time in epoch milliseconds. */
export const timeOfDay = (at: number, language: Language): string =>
  new Date(at).toLocaleTimeString(locale(language), { hour12: false });

/** Date and time in the reader's time zone and language. */
export const dayAndTime = (time: string, language: Language): string =>
  new Date(time).toLocaleString(locale(language), { dateStyle: "medium", timeStyle: "short" });

/** ISO 8601 times every 15 minutes, from 30 minutes after `now`, for six hours. */
export function pickupTimes(now: number): string[] {
  const quarter = 15 * 60_000;
  const first = Math.ceil((now + 2 * quarter) / quarter) * quarter;
  return Array.from({ length: 24 }, (_, index) => new Date(first + index * quarter).toISOString());
}
