import { type Fault, invalidInputError } from "./errors.ts";
import { describeValue, usageError } from "./usage-error.ts";

/** The longest string, in bytes of UTF-8. PostgreSQL cannot index strings that are much longer than twice this size. */
const MAX_STRING_BYTES = 1024;

/**
 * Checks strings that stores compare and index: subjects, tenants, names. UTF-8 cannot represent a lone surrogate, and
 * PostgreSQL rejects NUL: one store would fail, and another could treat two different subjects as the same subject. An
 * empty or missing subject usually comes from a user look-up that found no user.
 *
 * @param texts the strings by name. The name becomes the fault's path.
 * @throws UsageError for a value that is not a string; CoatcheckError `VALIDATION_FAILED` with a fault for each invalid
 *   string.
 */
export function requireStrings(texts: Readonly<Record<string, unknown>>): void {
  const wrongTypes = Object.entries(texts).filter(([, text]) => typeof text !== "string");
  if (wrongTypes.length > 0) {
    const faults = wrongTypes.map(([path, value]) => ({
      path,
      message: `must be a non-empty string (got ${describeValue(value)})`,
    }));
    throw usageError("session field", faults);
  }
  const faults = Object.entries(texts).flatMap(([path, text]): Fault[] => {
    const message = stringFaultOf(text);
    return message === null ? [] : [{ path, message }];
  });
  if (faults.length > 0) throw invalidInputError("session field", faults);
}

function stringFaultOf(text: unknown): string | null {
  if (typeof text !== "string" || text === "") return "must be a non-empty string";
  if (text.includes("\0")) return "must not contain NUL characters";
  if (!text.isWellFormed()) return "must not contain a lone surrogate";
  return Buffer.byteLength(text) > MAX_STRING_BYTES
    ? `must be at most ${MAX_STRING_BYTES} bytes in UTF-8`
    : null;
}

/** Returns a copy without the members that are undefined. */
export function withoutUndefined<Members extends object>(members: Members): Partial<Members> {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<Members>;
}
