import { hash } from "node:crypto";
import type { Clock } from "../../session/clock.ts";
import type { RandomSource } from "../../session/token.ts";

/** Number of values that the 12-bit counter of {@link uuidV7Source} can have. */
const COUNTER_SIZE = 0x1000;
/** Random bytes per id. */
const ENTROPY_BYTES = 10;
/** Number of ids for which random bytes are fetched at once. */
const IDS_PER_FILL = 64;
/** The bytes of a UUID's text, reused for every id to avoid garbage. */
const TEXT_BYTES = Buffer.from("00000000-0000-0000-0000-000000000000");
/** The position of each byte's two hexadecimal digits in {@link TEXT_BYTES}. */
const DIGIT_POSITIONS = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
/** The character codes of each byte's two hexadecimal digits. */
const HEX_PAIRS = Array.from({ length: 256 }, (_, byte) =>
  Buffer.from(byte.toString(16).padStart(2, "0")).readUInt16BE(),
);
/** Largest time that fits into a UUID v7, in milliseconds: year 10889. */
const MAX_UUID_TIME = 2 ** 48 - 1;

/**
 * Creates a source of UUIDs v7 (RFC 9562 §5.7). Each id is greater than its predecessor, even if the clock is set
 * back: the 12 bits after the time are a counter (§6.2, method 1) that begins at a random number below 2048 in each
 * millisecond. When the counter is full, the time advances by one millisecond.
 */
export function uuidV7Source(sources: {
  readonly clock: Clock;
  readonly random: RandomSource;
}): () => string {
  const { clock, random } = sources;
  const bytes = Buffer.alloc(16);
  const entropy = new Uint8Array(ENTROPY_BYTES * IDS_PER_FILL);
  let used = entropy.length;
  let time = -1;
  let counter = 0;
  return () => {
    if (used === entropy.length) {
      random(entropy);
      used = 0;
    }
    for (let index = 0; index < ENTROPY_BYTES; index++) bytes[6 + index] = entropy[used++] as number;
    const now = Math.min(Math.max(clock.now(), 0), MAX_UUID_TIME);
    if (now > time) {
      time = now;
      counter = bytes.readUInt16BE(6) % (COUNTER_SIZE / 2);
    } else if (++counter === COUNTER_SIZE) {
      time++;
      counter = 0;
    }
    bytes.writeUIntBE(time, 0, 6);
    bytes.writeUInt16BE(0x7000 + counter, 6);
    return formatUuid(bytes);
  };
}

/**
 * Returns the event id of an order: a UUID v8 (RFC 9562 §5.8) of the first 122 bits of a SHA-256. Every process
 * computes the same id, so an order that is reported twice is stored once.
 */
export function orderEventId(tenant: string | null, orderId: string): string {
  const bytes = hash("sha256", JSON.stringify(["order", tenant, orderId]), "buffer").subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  return formatUuid(bytes);
}

/** Sets the variant (RFC 9562 §4.1) and writes the text. */
function formatUuid(bytes: Buffer): string {
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  for (let index = 0; index < DIGIT_POSITIONS.length; index++) {
    const pair = HEX_PAIRS[bytes[index] as number] as number;
    const position = DIGIT_POSITIONS[index] as number;
    TEXT_BYTES[position] = pair >> 8;
    TEXT_BYTES[position + 1] = pair & 0xff;
  }
  return TEXT_BYTES.toString("latin1");
}
