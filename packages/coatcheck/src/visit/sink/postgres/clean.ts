import type { NewEventRow } from "../../facts/event-row.ts";

/** Matches NUL and lone surrogates, which PostgreSQL cannot store in a text. */
const UNSTORABLE_CHARACTER_PATTERN = /\0|[\ud800-\udfff]/;

/** Replaces characters that PostgreSQL cannot store in a text by U+FFFD. */
export function replaceUnstorable(text: string): string {
  return UNSTORABLE_CHARACTER_PATTERN.test(text) ? text.toWellFormed().replaceAll("\0", "\ufffd") : text;
}

/** The columns whose texts may contain unstorable characters. `body` is JSON, which contains them escaped. */
const TEXT_COLUMNS = [
  "type",
  "tenant",
  "session_id",
  "subject",
  "page_id",
  "host",
  "path",
  "order_id",
  "currency",
  "user_agent",
] as const satisfies readonly (keyof NewEventRow)[];

/** Replaces unstorable characters in every text of a row. */
export function cleanRow(row: NewEventRow): NewEventRow {
  let cleaned = row;
  for (const name of TEXT_COLUMNS) {
    const text = row[name];
    if (text === null || !UNSTORABLE_CHARACTER_PATTERN.test(text)) continue;
    cleaned = { ...cleaned, [name]: replaceUnstorable(text) };
  }
  return cleaned;
}
