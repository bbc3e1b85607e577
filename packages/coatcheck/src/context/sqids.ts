/**
 * Ids for clients that do not show how many entities there are, through the package `sqids`. They are encoded, not
 * encrypted: check what a session may use, with `mayEnter`.
 *
 * @example
 * import { hashedIds } from "coatcheck/context/sqids";
 *
 * const ids = hashedIds({ alphabet: "k3G7QAe51FCsPW92uEOyq4Bg6Sp8YzVTmnU0liwDdHXLajZrfxNhobJIRcMvKt", minLength: 8 });
 * console.log(ids.decode(ids.encode(7))); // [ 7 ]
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import Sqids from "sqids";
import { type KnownOptions, requireKnownOptions } from "../session/known-options.ts";
import { describeValue, usageError } from "../session/usage-error.ts";
import type { IdCodec } from "./selection.ts";

/** Decoded ids to remember: clients send the same ones with each request, and decoding one takes 30 µs. */
const MAX_DECODED = 1000;

/** Options of {@link hashedIds}. */
export interface HashedIdsOptions {
  /** The characters of the ids, at least 3, in an order of your own: a shuffled alphabet gives each application other ids. */
  readonly alphabet: string;
  /** The least length of an id, 0 to 255. Default: 8. */
  readonly minLength?: number;
}

const OPTIONS = { alphabet: true, minLength: true } satisfies KnownOptions<HashedIdsOptions>;

/**
 * Creates a codec for the ids that clients see. Pass it to the option `selection.ids` of a loader.
 *
 * @throws UsageError for an unknown option, an alphabet that is too short or repeats a character, or an invalid length.
 */
export function hashedIds(options: HashedIdsOptions): IdCodec {
  requireKnownOptions("options of hashedIds()", options, OPTIONS);
  const { alphabet, minLength = 8 } = options;
  const sqids = create(alphabet, minLength);
  const decoded = new LRUCache<string, readonly number[]>({ max: MAX_DECODED });
  return {
    encode: (id) => sqids.encode([id]),
    decode(text) {
      let ids = decoded.get(text);
      if (ids === undefined) {
        ids = decodeOnly(sqids, text);
        decoded.set(text, ids);
      }
      return ids;
    },
  };
}

/** Several texts decode to the same ids; only one of them is what encode() returns. */
function decodeOnly(sqids: Sqids, text: string): readonly number[] {
  const ids = sqids.decode(text);
  return ids.every(Number.isSafeInteger) && sqids.encode(ids) === text ? Object.freeze(ids) : [];
}

function create(alphabet: unknown, minLength: number): Sqids {
  if (typeof alphabet !== "string") {
    throw usageError("options of hashedIds()", [
      { path: "alphabet", message: `must be a string (got ${describeValue(alphabet)})` },
    ]);
  }
  try {
    return new Sqids({ alphabet, minLength });
  } catch (error) {
    const message = `is refused by sqids: ${error instanceof Error ? error.message : "unknown reason"}`;
    throw usageError("options of hashedIds()", [{ path: "alphabet or minLength", message }]);
  }
}
