import type { NewEventRow } from "../../facts/event-row.ts";

/** Matches NUL and lone surrogates, which PostgreSQL cannot store in a text. */
const UNSTORABLE_CHARACTER = /\0|[\ud800-\udfff]/;

/** Replaces characters that PostgreSQL cannot store in a text by U+FFFD. */
export function replaceUnstorable(text: string): string {
  return UNSTORABLE_CHARACTER.test(text) ? text.toWellFormed().replaceAll("\0", "\ufffd") : text;
}

/** Replaces unstorable characters in every text of a row except `body`, which is JSON and contains them escaped. */
export function cleanRow(row: NewEventRow): NewEventRow {
  const { type, tenant, session_id, subject, page_id, host, path, order_id, currency, user_agent } = row;
  const texts = { type, tenant, session_id, subject, page_id, host, path, order_id, currency, user_agent };
  const faulty = Object.entries(texts).filter(([, text]) => text !== null && UNSTORABLE_CHARACTER.test(text));
  if (faulty.length === 0) return row;
  return {
    ...row,
    ...Object.fromEntries(faulty.map(([name, text]) => [name, replaceUnstorable(text ?? "")])),
  };
}
