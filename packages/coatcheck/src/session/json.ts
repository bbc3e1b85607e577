/** A JSON value (RFC 8259). Excludes `undefined`, functions, dates, and every class instance. */
export type JsonValue = string | number | boolean | null | JsonArray | JsonObject;

/** A JSON array: `[value, …]`. A merge patch replaces the whole array (RFC 7396). */
export type JsonArray = readonly JsonValue[];

/** A JSON object: `{ name: value }`. Members that are `undefined` are not stored. */
export interface JsonObject {
  readonly [name: string]: JsonValue | undefined;
}

/** Whether `value` is a JSON object, and neither null nor an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Parses JSON text; returns undefined when the text is not valid JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Copies JSON. Unlike `structuredClone`, accepts the views of session data. */
export function copyJson(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(copyJson);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, inner === undefined ? inner : copyJson(inner)]),
  );
}
