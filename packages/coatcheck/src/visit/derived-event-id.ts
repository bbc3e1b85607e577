import { hash } from "node:crypto";

/**
 * The id of an event whose reporter gave it one: UUID v8 of the first 122 bits of a SHA-256. The same in each repetition, and
 * bound to the reporter, so that no other one can take the id first.
 */
export function derivedEventId(...parts: readonly string[]): string {
  const bytes = hash("sha256", JSON.stringify(parts), "buffer").subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
