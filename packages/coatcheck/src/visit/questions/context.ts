import type { Clock } from "../../session/clock.ts";
import type { LocalCalendar } from "./calendar.ts";
import type { ReadDatabase, Reader } from "./database/read.ts";

/** The database, calendar and clock that every question uses. */
export interface Context {
  readonly calendar: LocalCalendar;
  readonly clock: Clock;
  /** Reads the database. Rejects when the time budget is exceeded. */
  read<Answer>(work: (reader: Reader) => Promise<Answer>): Promise<Answer>;
}

/**
 * Creates the context of the questions.
 *
 * @param options.timeBudget - longest duration of each question, in milliseconds.
 */
export function createContext(
  database: ReadDatabase,
  options: { readonly calendar: LocalCalendar; readonly clock: Clock; readonly timeBudget: number },
): Context {
  const { calendar, clock, timeBudget } = options;
  return { calendar, clock, read: (work) => database.read(performance.now() + timeBudget, work) };
}
