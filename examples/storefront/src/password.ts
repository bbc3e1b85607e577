import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

/** NIST SP 800-63B-4 §3.1.1.2 requires a minimum length, and forbids rules such as "one digit". */
export const MIN_PASSWORD_LENGTH = 8;
export const MAX_PASSWORD_LENGTH = 128;

/** Cost parameters of scrypt. */
export interface PasswordCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** Parameters that OWASP's Password Storage Cheat Sheet recommends: 32 MiB of memory, parallelism 3. */
export const OWASP_COST: PasswordCost = { N: 2 ** 15, r: 8, p: 3 };

const deriveKey = promisify<string, Buffer, number, object, Buffer>(scrypt);
const KEY_LENGTH = 32;

/** Returns the string to store: `scrypt$N$r$p$salt$key`. */
export async function hashPassword(password: string, cost: PasswordCost): Promise<string> {
  const salt = randomBytes(16);
  const key = await keyOf(password, salt, cost);
  return ["scrypt", cost.N, cost.r, cost.p, salt.toString("base64url"), key.toString("base64url")].join("$");
}

/**
 * Returns whether a password matches a stored hash. A null hash takes the same time, so that response times do not
 * reveal which addresses have an account.
 */
export async function passwordMatches(
  password: string,
  hash: string | null,
  cost: PasswordCost,
): Promise<boolean> {
  const [, N, r, p, salt = "", key = ""] = (hash ?? `scrypt$${cost.N}$${cost.r}$${cost.p}$AA$`).split("$");
  const derivedKey = await keyOf(password, Buffer.from(salt, "base64url"), {
    N: Number(N),
    r: Number(r),
    p: Number(p),
  });
  const expected = Buffer.from(key, "base64url");
  return hash !== null && derivedKey.length === expected.length && timingSafeEqual(derivedKey, expected);
}

async function keyOf(password: string, salt: Buffer, { N, r, p }: PasswordCost): Promise<Buffer> {
  return await deriveKey(password.normalize("NFC"), salt, KEY_LENGTH, { N, r, p, maxmem: 256 * N * r });
}
