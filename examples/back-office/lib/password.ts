import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

const derive = promisify<string, Buffer, number, object, Buffer>(scrypt);
/** A setting of OWASP's Password Storage Cheat Sheet: 32 MiB, three passes. */
const COST = { N: 2 ** 15, r: 8, p: 3, maxmem: 2 ** 27 };
const KEY_LENGTH = 32;

/** NIST SP 800-63B-4 §3.1.1.2 asks for a minimum length and for no composition rule. */
export const MIN_PASSWORD_LENGTH = 8;
export const MAX_PASSWORD_LENGTH = 128;

/** Returns the hash to store: `salt$key`, each in base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password.normalize("NFC"), salt, KEY_LENGTH, COST);
  return `${salt.toString("base64url")}$${key.toString("base64url")}`;
}

/** Whether a password matches a stored hash. Without a hash it takes as long, so that response times name no account. */
export async function passwordMatches(password: string, hash: string | null): Promise<boolean> {
  const [salt = "", key = ""] = (hash ?? `AA$${"A".repeat(43)}`).split("$");
  const found = await derive(password.normalize("NFC"), Buffer.from(salt, "base64url"), KEY_LENGTH, COST);
  return timingSafeEqual(found, Buffer.from(key, "base64url")) && hash !== null;
}
