/**
 * Encodes ids for clients with the package `sqids`, so that the ids do not reveal how many entities there are. They are
 * not encrypted: check with `mayEnter` which entities a session may use.
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

/** How many decoded ids are cached. Decoding an id takes 30 µs, and clients send the same ids with each request. */
const MAX_CACHED_IDS = 1000;

/** Options of {@link hashedIds}. */
export interface HashedIdsOptions {
  /**
   * The characters of the ids, at least 3, in an order of your own: each application gets different ids if it shuffles
   * its alphabet.
   */
  readonly alphabet: string;
  /** The minimum length of an id, 0 to 255. Default: 8. */
  readonly minLength?: number;
}

const OPTIONS_LABEL = "options of hashedIds()";
const HASHED_IDS_OPTIONS = { alphabet: true, minLength: true } satisfies KnownOptions<HashedIdsOptions>;

/**
 * Creates a codec for the ids that clients see. Pass it to the option `selection.ids` of a loader.
 *
 * @throws UsageError for an unknown option, an alphabet that is too short or repeats a character, or an invalid length.
 */
export function hashedIds(options: HashedIdsOptions): IdCodec {
  requireKnownOptions(OPTIONS_LABEL, options, HASHED_IDS_OPTIONS);
  const { alphabet, minLength = 8 } = options;
  const sqids = createSqids(alphabet, minLength);
  const decoded = new LRUCache<string, readonly number[]>({ max: MAX_CACHED_IDS });
  return {
    encode: (id) => sqids.encode([id]),
    decode(text) {
      let ids = decoded.get(text);
      if (ids === undefined) {
        ids = decodeCanonicalText(sqids, text);
        decoded.set(text, ids);
      }
      return ids;
    },
  };
}

/** Accept only the text that `encode()` returns, because sqids decodes several other texts to the same ids. */
function decodeCanonicalText(sqids: Sqids, text: string): readonly number[] {
  const ids = sqids.decode(text);
  return ids.every(Number.isSafeInteger) && sqids.encode(ids) === text ? Object.freeze(ids) : [];
}

function createSqids(alphabet: unknown, minLength: number): Sqids {
  if (typeof alphabet !== "string") {
    throw usageError(OPTIONS_LABEL, [
      { path: "alphabet", message: `must be a string (got ${describeValue(alphabet)})` },
    ]);
  }
  try {
    return new Sqids({ alphabet, minLength });
  } catch (error) {
    const message = `is refused by sqids: ${error instanceof Error ? error.message : "unknown reason"}`;
    throw usageError(OPTIONS_LABEL, [{ path: "alphabet or minLength", message }]);
  }
}
