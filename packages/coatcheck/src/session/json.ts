/** A JSON value that RFC 8259 can carry: no `undefined`, no functions, no dates. */
export type JsonValue = string | number | boolean | null | JsonArray | JsonObject;

/** Shape: `[value, …]`. A merge patch replaces an array whole (RFC 7396). */
export type JsonArray = readonly JsonValue[];

/** Shape: `{ name: value }`. */
export interface JsonObject {
  readonly [name: string]: JsonValue | undefined;
}

/** Whether `value` is an object in JSON's sense: not null, not an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value of a JSON text, or undefined. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
