import { createDecipheriv } from "node:crypto";
import { CoatcheckError } from "../session/errors.ts";
import { type KnownOptions, requireKnownOptions } from "../session/known-options.ts";
import type { MaybePromise } from "../session/maybe-promise.ts";
import type { LegacyCookies } from "./cookies.ts";
import { type LegacyReader, readFirst, statelessSession } from "./reader.ts";

/** Options of {@link cookieSet}. */
export interface CookieSetOptions<Found> {
  /** The name of the required cookie. Without it there is no session. */
  readonly name: string;
  /** The names of the other cookies of the set, such as tokens and flags. */
  readonly others?: readonly string[];
  /**
   * Decrypts and parses the cookies. `value` is the value of the cookie `name`; {@link aesGcm} can decrypt it. Returns
   * null or throws if the cookie is not authentic. Must not call a server, because an outage would look like a forged
   * cookie; `validate` may call one.
   */
  readonly read: (value: string, cookies: LegacyCookies) => MaybePromise<Found | null>;
  /**
   * Returns a unique key of the login, such as the backend's session token. Take it from an encrypted value, so that
   * clients cannot change it.
   */
  readonly key: (found: Found) => string;
}

const COOKIE_SET_OPTIONS = {
  name: true,
  others: true,
  read: "function",
  key: "function",
} satisfies KnownOptions<CookieSetOptions<unknown>>;

/**
 * Reads a custom set of cookies, such as an encrypted cookie and several flag cookies.
 *
 * @throws UsageError for an unknown option.
 */
export function cookieSet<Found>(options: CookieSetOptions<Found>): LegacyReader<Found> {
  requireKnownOptions("options of cookieSet()", options, COOKIE_SET_OPTIONS);
  const { name, others = [], read, key } = options;
  return {
    kind: `cookies:${name}`,
    cookies: [name, ...others],
    read: (cookies) =>
      readFirst(cookies.all(name), async (value) => {
        try {
          const found = await read(value, cookies);
          return found === null ? "unreadable" : statelessSession(key(found), found);
        } catch {
          return "unreadable";
        }
      }),
  };
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Creates a function that decrypts AES-256-GCM cookies in the layout of Web Crypto: base64 or base64url of nonce (12
 * bytes) ‖ ciphertext ‖ tag (16 bytes). For any other layout, call `createDecipheriv` of `node:crypto` as the legacy
 * system did.
 *
 * @param key - 32 bytes.
 * @returns a function that returns the plaintext, or null when the cookie is not authentic.
 * @throws CoatcheckError `VALIDATION_FAILED` for a key of another length.
 */
export function aesGcm(key: Uint8Array): (value: string) => string | null {
  if (key.length !== 32) {
    const message = `must be 32 bytes (got ${key.length})`;
    throw new CoatcheckError("VALIDATION_FAILED", `Invalid AES-256-GCM options: key ${message}.`, {
      faults: [{ path: "key", message }],
    });
  }
  return (value) => {
    const bytes = Buffer.from(value, "base64");
    if (bytes.length < NONCE_BYTES + TAG_BYTES) return null;
    const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, NONCE_BYTES));
    // Require all 16 bytes: Node also accepts a tag of 4 bytes, which an attacker can guess.
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const text = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
      return Buffer.concat([text, decipher.final()]).toString("utf8");
    } catch {
      return null;
    }
  };
}
