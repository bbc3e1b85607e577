import { createDecipheriv } from "node:crypto";
import { CoatcheckError } from "../session/errors.ts";
import type { MaybePromise } from "../session/session.ts";
import type { LegacyCookies } from "./cookies.ts";
import { type LegacyReader, readEach, statelessSession } from "./reader.ts";

/** A set of cookies that an application made itself. */
export interface CookieSetOptions<Found> {
  /** The cookie without which there is no session. */
  readonly name: string;
  /** The others of the set: tokens, flags, steps. */
  readonly others?: readonly string[];
  /**
   * Makes sense of the set. `value` is the cookie `name`'s, to be decrypted by the application's own means or by
   * {@link aesGcm}. Null, or an error, says that it is not genuine; so ask no server here, `validate` does that.
   */
  readonly read: (value: string, cookies: LegacyCookies) => MaybePromise<Found | null>;
  /** What names one login in what was read, such as the backend's session token. It must be under the encryption. */
  readonly key: (found: Found) => string;
}

/** Reads a set of cookies of the application's own making, such as an encrypted one with flags beside it. */
export function cookieSet<Found>(options: CookieSetOptions<Found>): LegacyReader<Found> {
  const { name, others = [], read, key } = options;
  return {
    kind: `cookies:${name}`,
    cookies: [name, ...others],
    read: (cookies) =>
      readEach(cookies.all(name), async (value) => {
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
 * Opens AES-256-GCM cookies in the layout of Web Crypto: base64 or base64url of nonce (12 bytes) ‖ ciphertext ‖ tag (16
 * bytes). For any other layout write the few lines of `createDecipheriv` that the older system had.
 *
 * @param key 32 bytes.
 * @returns the plain text, or null when the cookie is not genuine.
 * @throws CoatcheckError `VALIDATION_FAILED` for a key of another length.
 */
export function aesGcm(key: Uint8Array): (value: string) => string | null {
  if (key.length !== 32) {
    throw new CoatcheckError("VALIDATION_FAILED", "The key of the older cookies will not do.", {
      faults: [{ path: "key", message: "must be 32 bytes" }],
    });
  }
  return (value) => {
    const bytes = Buffer.from(value, "base64");
    if (bytes.length < NONCE_BYTES + TAG_BYTES) return null;
    const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, NONCE_BYTES));
    // Always the whole of it: a tag of four bytes would do as well, and can be guessed.
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const text = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
      return Buffer.concat([text, decipher.final()]).toString("utf8");
    } catch {
      return null;
    }
  };
}
