import { CoatcheckError, type Fault } from "coatcheck";

/** As deep as a session's data may be, and the envelope around it. */
const DEEPEST = 66;

/**
 * Reads a body of JSON; nothing at all is undefined. Depth is checked before anything walks the value, and `__proto__`
 * is refused wherever it stands, since somebody downstream will copy members by assignment.
 *
 * @throws CoatcheckError `VALIDATION_FAILED`, with the path of each fault.
 */
export function readJson(text: string): unknown {
  if (text.trim() === "") return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CoatcheckError("VALIDATION_FAILED", "The body is not JSON.", {
      cause: error,
      faults: [{ path: "", message: "is not JSON" }],
    });
  }
  const faults: Fault[] = [];
  collectFaults(value, "", 0, faults);
  if (faults.length > 0)
    throw new CoatcheckError("VALIDATION_FAILED", "The body cannot be taken.", { faults });
  return value;
}

function collectFaults(value: unknown, path: string, depth: number, faults: Fault[]): void {
  if (typeof value !== "object" || value === null) return;
  if (depth > DEEPEST) {
    faults.push({ path, message: `is nested more than ${DEEPEST} levels deep` });
    return;
  }
  for (const [name, item] of Object.entries(value)) {
    const inner = path === "" ? name : `${path}.${name}`;
    if (name === "__proto__") faults.push({ path: inner, message: "is a name that cannot be stored" });
    else collectFaults(item, inner, depth + 1, faults);
  }
}
