import type { Clock } from "../../session/clock.ts";
import type { LocalCalendar } from "./calendar.ts";
import type { ReadDatabase, Reader } from "./database/read.ts";

/** Dependencies of every question. */
export interface Context {
  readonly calendar: LocalCalendar;
  readonly clock: Clock;
  /** Reads the database within the time budget. */
  read<Answer>(work: (reader: Reader) => Promise<Answer>): Promise<Answer>;
}

/** Builds the context of the questions. @param timeBudget - milliseconds for each question. */
export function contextOf(
  database: ReadDatabase,
  options: { readonly calendar: LocalCalendar; readonly clock: Clock; readonly timeBudget: number },
): Context {
  const { calendar, clock, timeBudget } = options;
  return { calendar, clock, read: (work) => database.read(performance.now() + timeBudget, work) };
}
