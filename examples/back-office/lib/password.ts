import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

const deriveKey = promisify<string, Buffer, number, object, Buffer>(scrypt);
/** Parameters that OWASP's Password Storage Cheat Sheet recommends: 32 MiB of memory, parallelism 3. */
const SCRYPT_OPTIONS = { N: 2 ** 15, r: 8, p: 3, maxmem: 2 ** 27 };
const KEY_LENGTH = 32;

/** NIST SP 800-63B-4 §3.1.1.2 requires a minimum length, and forbids rules such as "one digit". */
export const MIN_PASSWORD_LENGTH = 8;
export const MAX_PASSWORD_LENGTH = 128;

/** Returns the string to store: `salt$key`, both in base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await deriveKey(password.normalize("NFC"), salt, KEY_LENGTH, SCRYPT_OPTIONS);
  return `${salt.toString("base64url")}$${key.toString("base64url")}`;
}

/**
 * Returns whether a password matches a hash. A null hash takes the same time, so response times do not reveal accounts.
 */
export async function passwordMatches(password: string, hash: string | null): Promise<boolean> {
  const [salt = "", key = ""] = (hash ?? `AA$${"A".repeat(43)}`).split("$");
  const derivedKey = await deriveKey(
    password.normalize("NFC"),
    Buffer.from(salt, "base64url"),
    KEY_LENGTH,
    SCRYPT_OPTIONS,
  );
  return timingSafeEqual(derivedKey, Buffer.from(key, "base64url")) && hash !== null;
}
