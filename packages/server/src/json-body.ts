import type { Fault } from "coatcheck";
import { invalidInputError } from "./invalid.ts";

/** Maximum nesting depth: the maximum depth of a session's data plus the levels of the request object around it. */
const MAX_DEPTH = 66;

/**
 * Parses a JSON body. Returns `undefined` for an empty body. Checks the depth before other code recurses into the
 * value. Rejects members named `__proto__`, because copying them by assignment would change a prototype.
 *
 * @throws CoatcheckError `VALIDATION_FAILED`, with one fault per invalid member.
 */
export function readJson(text: string): unknown {
  if (text.trim() === "") return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalidInputError("request body", [{ path: "", message: "must be valid JSON" }], error);
  }
  const faults: Fault[] = [];
  collectFaults(value, "", 0, faults);
  if (faults.length > 0) throw invalidInputError("request body", faults);
  return value;
}

function collectFaults(value: unknown, path: string, depth: number, faults: Fault[]): void {
  if (typeof value !== "object" || value === null) return;
  if (depth > MAX_DEPTH) {
    faults.push({ path, message: `is nested more than ${MAX_DEPTH} levels deep` });
    return;
  }
  for (const [name, item] of Object.entries(value)) {
    const inner = path === "" ? name : `${path}.${name}`;
    if (name === "__proto__") faults.push({ path: inner, message: "is a reserved name" });
    else collectFaults(item, inner, depth + 1, faults);
  }
}
