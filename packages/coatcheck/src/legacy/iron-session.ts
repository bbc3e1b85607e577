import type { LegacyCookies } from "./cookies.ts";
import { type LegacyReader, readEach, statelessSession } from "./reader.ts";

/** The `unsealData` of iron-session 8 and 9. */
export type UnsealData = <Found>(
  seal: string,
  options: {
    password: string | Record<string, string>;
    ttl?: number;
    onUnsealError?: (reason: string, error: unknown) => void;
  },
) => Promise<Found>;

/** How iron-session was set up. */
export interface IronSessionOptions<Found> {
  readonly unsealData: UnsealData;
  /** Its `cookieName`. */
  readonly name: string;
  /** One, or all that may have sealed a cookie, by their numbers. */
  readonly password: string | Readonly<Record<string, string>>;
  /** Its `ttl`, seconds. */
  readonly ttl?: number;
  /**
   * What names one login in the sealed data. Without it each seal is a login of its own, and a browser that was handed
   * a newer seal may come in once with each.
   */
  readonly key?: (found: Found) => string;
}

/** As many as iron-session makes of one. */
const CHUNKS = [0, 1, 2, 3];

/** Reads the seals of iron-session, whole or in chunks, with its own `unsealData`. */
export function ironSession<Found extends object>(options: IronSessionOptions<Found>): LegacyReader<Found> {
  const { unsealData, name, password, ttl, key } = options;
  const chunks = CHUNKS.map((index) => `${name}.${index}`);
  return {
    // What names a login at one older system may name another's at the next.
    kind: key ? `iron-session:${name}` : "iron-session",
    cookies: [name, ...chunks],
    read: (cookies) =>
      readEach(seals(cookies, name, chunks), async (seal) => {
        let fault: string | null = null;
        const found = await unsealData<Found>(seal, {
          password: typeof password === "string" ? password : { ...password },
          ...(ttl === undefined ? {} : { ttl }),
          onUnsealError: (reason) => {
            fault = reason;
          },
        });
        if (fault === "expired") return "expired";
        // A seal that did not open comes back as an empty object; so does one of a session that never held anything.
        if (fault !== null || Object.keys(found).length === 0) return "unreadable";
        return statelessSession(key ? key(found) : sealed(seal), found);
      }),
  };
}

function seals(cookies: LegacyCookies, name: string, chunks: readonly string[]): readonly string[] {
  const whole = cookies.all(name);
  if (whole.length > 0) return whole;
  const parts = chunks.map((chunk) => cookies.text(chunk));
  const end = parts.indexOf(undefined);
  const seal = parts.slice(0, end === -1 ? parts.length : end).join("");
  return seal === "" ? [] : [seal];
}

/** The version after `~` is under no signature: whoever holds the cookie may change it at will. */
function sealed(seal: string): string {
  return seal.split("~", 1)[0] ?? seal;
}
