import { hash } from "node:crypto";
import type { Clock } from "../../session/clock.ts";
import { formatId, type RandomSource } from "../../session/token.ts";

/** Number of values that the 12-bit counter of {@link uuidV7Source} can have. */
const COUNTER_SIZE = 0x1000;
/** Random bytes per id. */
const ENTROPY_BYTES = 10;
/** Number of ids for which random bytes are fetched at once. */
const IDS_PER_FILL = 64;
/** The character codes of the hexadecimal digits. */
const HEX_DIGITS = Buffer.from("0123456789abcdef");
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
  const entropy = Buffer.alloc(ENTROPY_BYTES * IDS_PER_FILL);
  /** The character codes of the entropy's hexadecimal digits. */
  const entropyDigits = Buffer.alloc(2 * entropy.length);
  // The text of the last id, as bytes. A string that is concatenated from parts would keep the parts in memory as long
  // as the event exists.
  const text = Buffer.from("00000000-0000-7000-8000-000000000000");
  let used = entropy.length;
  let time = -1;
  let counter = 0;
  const setTime = (newTime: number) => {
    time = newTime;
    const digits = time.toString(16).padStart(12, "0");
    text.write(`${digits.slice(0, 8)}-${digits.slice(8)}`, "latin1");
  };
  return () => {
    if (used === entropy.length) {
      random(entropy);
      for (let at = 2; at < entropy.length; at += ENTROPY_BYTES) setVariant(entropy, at);
      entropyDigits.write(entropy.toString("hex"), "latin1");
      used = 0;
    }
    const now = Math.min(Math.max(clock.now(), 0), MAX_UUID_TIME);
    if (now > time) {
      setTime(now);
      counter = entropy.readUInt16BE(used) % (COUNTER_SIZE / 2);
    } else if (++counter === COUNTER_SIZE) {
      setTime(time + 1);
      counter = 0;
    }
    text[15] = HEX_DIGITS[counter >> 8] as number;
    text[16] = HEX_DIGITS[(counter >> 4) & 0xf] as number;
    text[17] = HEX_DIGITS[counter & 0xf] as number;
    const first = 2 * (used + 2);
    for (let index = 0; index < 4; index++) text[19 + index] = entropyDigits[first + index] as number;
    for (let index = 4; index < 16; index++) text[20 + index] = entropyDigits[first + index] as number;
    used += ENTROPY_BYTES;
    return text.toString("latin1");
  };
}

/**
 * Returns the event id of an order: a UUID v8 (RFC 9562 §5.8) of the first 122 bits of a SHA-256. Every process
 * computes the same id, so an order that is reported twice is stored once.
 */
export function orderEventId(tenant: string | null, orderId: string): string {
  const bytes = hash("sha256", JSON.stringify(["order", tenant, orderId]), "buffer").subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  setVariant(bytes, 8);
  return formatId(bytes);
}

/** Sets the variant of RFC 9562 §4.1 in the byte after version and counter. */
function setVariant(bytes: Buffer, at: number): void {
  bytes.writeUInt8((bytes.readUInt8(at) & 0x3f) | 0x80, at);
}
