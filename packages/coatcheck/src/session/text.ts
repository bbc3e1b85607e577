import { CoatcheckError } from "./errors.ts";

/**
 * Checks texts that stores compare and index, by the name of each. A lone surrogate has no UTF-8, and PostgreSQL takes
 * no NUL: one store would refuse them, and another take two different subjects for one.
 *
 * @throws CoatcheckError `VALIDATION_FAILED` with the path of each that will not do.
 */
export function requireTexts(texts: Readonly<Record<string, string | undefined>>): void {
  const faults = Object.entries(texts)
    .filter(([, text]) => text !== undefined && (text.includes("\0") || !text.isWellFormed()))
    .map(([path]) => ({ path, message: "holds NUL or half a character" }));
  if (faults.length > 0) {
    throw new CoatcheckError("VALIDATION_FAILED", "This text cannot be stored.", { faults });
  }
}
