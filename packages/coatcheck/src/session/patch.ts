import { CoatcheckError, type Fault, invalidInputError } from "./errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "./json.ts";
import { rememberSize } from "./json-size.ts";
import { usageError } from "./usage-error.ts";

/** The deepest nesting of JSON. Every function in this file recurses, so deeper input would exhaust the stack. */
const MAX_NESTING_DEPTH = 64;

/**
 * Applies a merge patch (RFC 7396 §2): null removes a member, objects merge, every other value replaces. Does not
 * change its arguments. The result shares their unchanged members.
 */
export function applyMergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const result: Record<string, JsonValue | undefined> = { ...target };
  // `Object.entries` would allocate an array for each of perhaps thousands of members.
  for (const name of Object.keys(patch)) {
    const value = patch[name];
    if (value === undefined) continue;
    if (value === null) {
      delete result[name];
    } else if (isJsonObject(value)) {
      const before = result[name];
      result[name] = applyMergePatch(isJsonObject(before) ? before : {}, value);
    } else {
      result[name] = value;
    }
  }
  return result;
}

/**
 * Returns the smallest merge patch that turns `before` into `after`; null when they are equal. A merge patch cannot set
 * a member to null: a member that is null in `after` is removed.
 */
export function diffMergePatch(before: JsonObject, after: JsonObject): JsonObject | null {
  const patch: Record<string, JsonValue> = {};
  for (const name of Object.keys(before)) {
    if (before[name] !== undefined && (ownMember(after, name) ?? null) === null) patch[name] = null;
  }
  for (const name of Object.keys(after)) {
    const value = after[name];
    if (value === undefined || value === null) continue;
    const old = ownMember(before, name);
    if (value === old) continue;
    if (isJsonObject(value) && isJsonObject(old)) {
      const inner = diffMergePatch(old, value);
      if (inner) patch[name] = inner;
    } else if (!isEqualJson(old, value)) {
      patch[name] = value;
    }
  }
  return Object.keys(patch).length > 0 ? patch : null;
}

/** Returns an own member. An inherited member, such as `constructor`, is treated as absent. */
export function ownMember(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/**
 * Compares JSON values deeply. The order of an object's members does not matter, and neither do members that are
 * `undefined`, because they are not stored.
 */
export function isEqualJson(left: JsonValue | undefined, right: JsonValue | undefined): boolean {
  if (left === right) return true;
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, index) => isEqualJson(item, right[index]));
  }
  if (isJsonObject(left) && isJsonObject(right)) {
    const names = namesOf(left);
    return (
      names.length === namesOf(right).length &&
      names.every((name) => Object.hasOwn(right, name) && isEqualJson(left[name], right[name]))
    );
  }
  return false;
}

function namesOf(object: JsonObject): string[] {
  return Object.keys(object).filter((name) => object[name] !== undefined);
}

/**
 * Checks that `value` is a JSON object of at most `limit` bytes, and returns a copy. All data is checked here before it
 * is stored.
 *
 * @param path the name of `value`, such as `data`. The path of each fault begins with it.
 * @param limit bytes of JSON in UTF-8.
 * @throws UsageError for a value that cannot come from parsed JSON, such as a `Date`: it is a mistake of the program,
 *   not of a client.
 * @throws CoatcheckError `VALIDATION_FAILED` with a path for each other fault; `PAYLOAD_TOO_LARGE` above the limit.
 */
export function requireJsonObject(value: unknown, path: string, limit: number): JsonObject {
  if (!isJsonObject(value))
    throw invalidInputError("session JSON", [{ path, message: "must be a JSON object" }]);
  const faults: JsonFault[] = [];
  collectFaults(value, path, 0, faults);
  if (faults.length > 0) throw jsonError(faults);
  const json = JSON.stringify(value);
  const size = Buffer.byteLength(json);
  requireSize(size, path, limit);
  const copy: JsonObject = JSON.parse(json);
  rememberSize(copy, size);
  return copy;
}

/** Throws CoatcheckError `PAYLOAD_TOO_LARGE` for a size of more than `limit` bytes. */
export function requireSize(size: number, path: string, limit: number): void {
  if (size <= limit) return;
  const message = `must be at most ${limit} bytes of JSON (got ${size})`;
  const faults = [{ path, message }];
  throw new CoatcheckError("PAYLOAD_TOO_LARGE", `Session too large: ${path} ${message}.`, { faults });
}

interface JsonFault extends Fault {
  /** Whether parsed JSON cannot contain the value. If so, the calling program has made a mistake. */
  readonly isMisuse?: boolean;
}

function jsonError(faults: readonly JsonFault[]): Error {
  const plain = faults.map(({ path, message }) => ({ path, message }));
  return faults.some(({ isMisuse }) => isMisuse)
    ? usageError("session JSON", plain)
    : invalidInputError("session JSON", plain);
}

function collectFaults(value: unknown, path: string, depth: number, faults: JsonFault[]): void {
  if (depth > MAX_NESTING_DEPTH) {
    faults.push({ path, message: `must be nested at most ${MAX_NESTING_DEPTH} levels deep` });
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      if (isScalar(item) && depth < MAX_NESTING_DEPTH) continue;
      collectFaults(item, `${path}.${index}`, depth + 1, faults);
    }
  } else if (typeof value === "object" && value !== null) {
    const prototype = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) {
      faults.push({
        path,
        isMisuse: true,
        message: `must be plain JSON (got an instance of ${prototype.constructor?.name ?? "a class"})`,
      });
      return;
    }
    for (const name of Object.keys(value)) {
      const item: unknown = Reflect.get(value, name);
      if (name === "__proto__")
        faults.push({ path: `${path}.${name}`, message: "must be renamed: __proto__ cannot be stored" });
      // Build no path for the usual member, because an object may have thousands of them.
      else if (item !== undefined && !(isScalar(item) && depth < MAX_NESTING_DEPTH))
        collectFaults(item, `${path}.${name}`, depth + 1, faults);
    }
  } else if (typeof value === "number") {
    // NaN and Infinity can result from calculations with a client's numbers, so they are not the program's mistake.
    if (!Number.isFinite(value)) faults.push({ path, message: `must be JSON (got ${value})` });
  } else if (!isScalar(value)) {
    faults.push({ path, isMisuse: true, message: `must be JSON (got ${typeof value})` });
  }
}

function isScalar(value: unknown): boolean {
  return value === null || typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);
}
