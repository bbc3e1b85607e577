import { CoatcheckError } from "./errors.ts";

/** Bytes in UTF-8; PostgreSQL's indexes take little more than twice as much. */
const LONGEST = 1024;

/**
 * Checks texts that stores compare and index, by the name of each. A lone surrogate has no UTF-8, and PostgreSQL takes
 * no NUL: one store would refuse them, and another take two different subjects for one. Who logs in as an empty text, or
 * as no text at all, has come out of a look-up that found nobody.
 *
 * @throws CoatcheckError `VALIDATION_FAILED` with the path of each that will not do.
 */
export function requireTexts(texts: Readonly<Record<string, unknown>>): void {
  const faults = Object.entries(texts).flatMap(([path, text]) => {
    const message = faultOf(text);
    return message === null ? [] : [{ path, message }];
  });
  if (faults.length > 0) {
    throw new CoatcheckError("VALIDATION_FAILED", "This text cannot be stored.", { faults });
  }
}

function faultOf(text: unknown): string | null {
  if (typeof text !== "string" || text === "") return "must be a text that is not empty";
  if (text.includes("\0") || !text.isWellFormed()) return "holds NUL or half a character";
  return Buffer.byteLength(text) > LONGEST ? `is longer than ${LONGEST} bytes` : null;
}

/** The members that were given. */
export function given<Members extends object>(members: Members): Partial<Members> {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<Members>;
}
