import { type KnownOptions, requireKnownOptions } from "../session/known-options.ts";
import type { LegacyCookies } from "./cookies.ts";
import { type LegacyReader, readFirst, statelessSession } from "./reader.ts";

/** The type of `unsealData` of iron-session 8 and 9. */
export type UnsealData = <Found>(
  seal: string,
  options: {
    password: string | Record<string, string>;
    ttl?: number;
    onUnsealError?: (reason: string, error: unknown) => void;
  },
) => Promise<Found>;

/** Options of {@link ironSession}: how the legacy site configures iron-session. */
export interface IronSessionOptions<Found> {
  readonly unsealData: UnsealData;
  /** The `cookieName` of iron-session. */
  readonly name: string;
  /** The password that seals (encrypts) the cookies, or all passwords by number, as in iron-session. */
  readonly password: string | Readonly<Record<string, string>>;
  /** The `ttl` of iron-session in seconds. */
  readonly ttl?: number;
  /**
   * Returns a unique key of the login from the sealed data. Without this option, each seal is treated as a separate
   * login: a browser that received several seals over time can migrate once with each of them.
   */
  readonly key?: (found: Found) => string;
}

const IRON_SESSION_OPTIONS = {
  unsealData: "function",
  name: true,
  password: true,
  ttl: true,
  key: "function",
} satisfies KnownOptions<IronSessionOptions<unknown>>;

/** iron-session splits a large seal into at most four cookies. */
const CHUNK_INDEXES = [0, 1, 2, 3];

/**
 * Reads the sealed (encrypted) cookies of iron-session with its own `unsealData`. A seal may be split into several
 * cookies.
 *
 * @throws UsageError for an unknown option.
 */
export function ironSession<Found extends object>(options: IronSessionOptions<Found>): LegacyReader<Found> {
  requireKnownOptions("options of ironSession()", options, IRON_SESSION_OPTIONS);
  const { unsealData, name, password, ttl, key } = options;
  const chunks = CHUNK_INDEXES.map((index) => `${name}.${index}`);
  return {
    // With the option `key`, two legacy systems may have equal keys, so the kind includes the cookie name. Without it,
    // the key is the seal, which no other system has.
    kind: key ? `iron-session:${name}` : "iron-session",
    cookies: [name, ...chunks],
    read: (cookies) =>
      readFirst(sealsIn(cookies, name, chunks), async (seal) => {
        let fault: string | null = null;
        const found = await unsealData<Found>(seal, {
          password: typeof password === "string" ? password : { ...password },
          ...(ttl === undefined ? {} : { ttl }),
          onUnsealError: (reason) => {
            fault = reason;
          },
        });
        if (fault === "expired") return "expired";
        // `unsealData` returns an empty object for an invalid seal, and for the seal of an empty session.
        if (fault !== null || Object.keys(found).length === 0) return "unreadable";
        return statelessSession(key ? key(found) : withoutVersion(seal), found, expiryOf(seal));
      }),
  };
}

function sealsIn(cookies: LegacyCookies, name: string, chunks: readonly string[]): readonly string[] {
  const whole = cookies.all(name);
  if (whole.length > 0) return whole;
  const parts = chunks.map((chunk) => cookies.text(chunk));
  const end = parts.indexOf(undefined);
  const seal = parts.slice(0, end === -1 ? parts.length : end).join("");
  return seal === "" ? [] : [seal];
}

/** Removes the version after `~`. It is not signed, so a client could change it to obtain another key. */
function withoutVersion(seal: string): string {
  return seal.split("~", 1)[0] ?? seal;
}

/**
 * Returns the expiry time in the sixth field of a seal, epoch milliseconds; null for a seal that does not expire. The
 * field is signed.
 */
function expiryOf(seal: string): number | null {
  const expiry = Number(seal.split("*")[5]);
  return Number.isSafeInteger(expiry) && expiry > 0 ? expiry : null;
}
