import type { JsonObject } from "./json.ts";

/** Sizes of objects that never change: checked data, and checked merge patches. */
const knownSizes = new WeakMap<JsonObject, number>();

/**
 * Returns the size of an object that never changes: the bytes of its JSON in UTF-8, or an upper bound. Serializes the
 * object only if its size is not known, because that takes milliseconds for thousands of members.
 */
export function sizeOf(data: JsonObject): number {
  return knownSizes.get(data) ?? measureSize(data);
}

/** Returns the exact size of an object's JSON, and remembers it. The object must never change. */
export function measureSize(data: JsonObject): number {
  const size = Buffer.byteLength(JSON.stringify(data));
  rememberSize(data, size);
  return size;
}

/**
 * Records the size of an object that never changes.
 *
 * @param size the bytes of its JSON, or an upper bound. For the result of a merge patch, the sizes of the data and the
 * patch together are an upper bound.
 */
export function rememberSize(data: JsonObject, size: number): void {
  knownSizes.set(data, size);
}
