import type { JsonObject } from "./json.ts";

/** Sizes of objects that never change: checked data, and checked merge patches. */
const knownSizes = new WeakMap<JsonObject, number>();

/**
 * Returns the size of an object that never changes: at least its bytes of JSON in UTF-8. Serializes the object only if
 * its size is not known, because that takes milliseconds for thousands of members.
 */
export function sizeOf(data: JsonObject): number {
  return knownSizes.get(data) ?? measure(data);
}

/** Serializes an object that never changes, and returns its exact size. */
export function measure(data: JsonObject): number {
  const size = Buffer.byteLength(JSON.stringify(data));
  rememberSize(data, size);
  return size;
}

/**
 * Records the size of an object that never changes.
 *
 * @param size its bytes of JSON, or more. The result of a merge patch is at most as large as data and patch together.
 */
export function rememberSize(data: JsonObject, size: number): void {
  knownSizes.set(data, size);
}
