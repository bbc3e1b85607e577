import { CoatcheckError, type Fault } from "./errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "./json.ts";

const DEEPEST = 64;

/** Applies a merge patch (RFC 7396 §2): null removes, objects merge, everything else replaces. Shares what did not change. */
export function applyMergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const result: Record<string, JsonValue | undefined> = { ...target };
  for (const [name, value] of Object.entries(patch)) {
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

/** The smallest merge patch that turns `before` into `after`; null when there is nothing to change. */
export function diffMergePatch(before: JsonObject, after: JsonObject): JsonObject | null {
  const patch: Record<string, JsonValue> = {};
  for (const [name, value] of Object.entries(before)) {
    if (value !== undefined && (member(after, name) ?? null) === null) patch[name] = null;
  }
  for (const [name, value] of Object.entries(after)) {
    if (value === undefined || value === null) continue;
    const old = member(before, name);
    if (isJsonObject(value) && isJsonObject(old)) {
      const inner = diffMergePatch(old, value);
      if (inner) patch[name] = inner;
    } else if (!equalJson(old, value)) {
      patch[name] = value;
    }
  }
  return Object.keys(patch).length > 0 ? patch : null;
}

/** A member of its own: `constructor` is a name like any other. */
function member(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** Deep equality of JSON values; the order of an object's members does not count. */
export function equalJson(left: JsonValue | undefined, right: JsonValue | undefined): boolean {
  if (left === right) return true;
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, index) => equalJson(item, right[index]));
  }
  if (isJsonObject(left) && isJsonObject(right)) {
    const names = Object.keys(left);
    return (
      names.length === Object.keys(right).length &&
      names.every((name) => Object.hasOwn(right, name) && equalJson(left[name], right[name]))
    );
  }
  return false;
}

/**
 * Checks that `value` is an object of JSON and within `limit` bytes, and copies it, so that what the caller does to it
 * later changes nothing here. Everything that is to be stored passes here.
 *
 * @throws CoatcheckError `VALIDATION_FAILED` with a path per fault; `PAYLOAD_TOO_LARGE` over the limit.
 */
export function requireJsonObject(value: unknown, path: string, limit: number): JsonObject {
  const faults: Fault[] = [];
  collectFaults(value, path, 0, faults);
  if (!isJsonObject(value)) faults.unshift({ path, message: "must be a JSON object" });
  if (faults.length > 0) {
    throw new CoatcheckError("VALIDATION_FAILED", `What was given as ${path} is not plain JSON.`, { faults });
  }
  const json = JSON.stringify(value);
  const size = Buffer.byteLength(json);
  if (size > limit) {
    const faults = [{ path, message: `is ${size} bytes, more than ${limit}` }];
    throw new CoatcheckError("PAYLOAD_TOO_LARGE", `The session's ${path} may take ${limit} bytes.`, {
      faults,
    });
  }
  return JSON.parse(json);
}

function collectFaults(value: unknown, path: string, depth: number, faults: Fault[]): void {
  if (depth > DEEPEST) {
    faults.push({ path, message: `is nested more than ${DEEPEST} levels deep` });
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) collectFaults(item, `${path}.${index}`, depth + 1, faults);
  } else if (typeof value === "object" && value !== null) {
    const prototype = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) {
      faults.push({
        path,
        message: `is a ${prototype.constructor?.name ?? "class"} instance, not plain JSON`,
      });
      return;
    }
    for (const [name, item] of Object.entries(value)) {
      const inner = `${path}.${name}`;
      if (name === "__proto__") faults.push({ path: inner, message: "is a name that cannot be stored" });
      else if (item !== undefined) collectFaults(item, inner, depth + 1, faults);
    }
  } else if (typeof value === "number" ? !Number.isFinite(value) : !isScalar(value)) {
    faults.push({ path, message: `is ${typeof value === "number" ? value : `a ${typeof value}`}, not JSON` });
  }
}

function isScalar(value: unknown): boolean {
  return value === null || typeof value === "string" || typeof value === "boolean";
}
