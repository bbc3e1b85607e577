import { hash } from "node:crypto";

/**
 * Returns the id of an event whose reporter named it: a UUID v8 of the first 122 bits of a SHA-256. A repeated event
 * gets the same id. The reporter is part of the hash, so no other reporter can use the id first.
 */
export function derivedEventId(...parts: readonly string[]): string {
  const bytes = hash("sha256", JSON.stringify(parts), "buffer").subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
