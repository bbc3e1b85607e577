import type { Language } from "./wire.ts";

// Swiss, whatever the language: the shop is there.
const locale = (language: Language) => `${language}-CH`;

const amounts = new Intl.NumberFormat("de-CH", { minimumFractionDigits: 2 });

/** Rappen as francs: `17.90`. */
export const francs = (rappen: number): string => amounts.format(rappen / 100);

/** What the shop's clock shows at a time; with the day where that is not today. */
export function clockTime(time: string, language: Language, timeZone: string): string {
  const day = (date: Date) => date.toLocaleDateString("en-CA", { timeZone });
  const at = new Date(time);
  const hours: Intl.DateTimeFormatOptions = { timeZone, hour: "2-digit", minute: "2-digit", hour12: false };
  const isToday = day(at) === day(new Date());
  return at.toLocaleString(locale(language), isToday ? hours : { ...hours, weekday: "short" });
}

/** Day and time where the reader is, in their language. */
export const dayAndTime = (time: string, language: Language): string =>
  new Date(time).toLocaleString(locale(language), { dateStyle: "medium", timeStyle: "short" });

/** Every quarter of an hour from half an hour on, for six hours. */
export function pickupTimes(now: number): string[] {
  const quarter = 15 * 60_000;
  const first = Math.ceil((now + 2 * quarter) / quarter) * quarter;
  return Array.from({ length: 24 }, (_, index) => new Date(first + index * quarter).toISOString());
}
