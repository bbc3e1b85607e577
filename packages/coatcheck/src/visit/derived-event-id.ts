import { hash } from "node:crypto";

/**
 * Derives the id of an event from `parts`: the reporter of the event, and the reporter's own id for the event. The
 * result is a UUID v8 of the first 122 bits of a SHA-256. A repeated event gets the same id. The hash includes the
 * reporter, so no other reporter can use the id first.
 */
export function derivedEventId(...parts: readonly string[]): string {
  const bytes = hash("sha256", JSON.stringify(parts), "buffer").subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
