import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";

/** Characters of a password: eight at least, and no rule about which (NIST SP 800-63B §5.1.1.2, ASVS 5.0 V6.2.1). */
export const SHORTEST_PASSWORD = 8;
export const LONGEST_PASSWORD = 128;

/**
 * One of the settings of equal strength in OWASP's Password Storage Cheat Sheet: 32 MiB, three times over. Four hashes
 * run at once in Node's thread pool, so the one that takes 128 MiB would take half a gigabyte.
 */
const COST = { N: 2 ** 15, r: 8, p: 3 } as const;
const SALT_LENGTH = 16;
const KEY_LENGTH = 32;

/** What is kept of a password: `scrypt$N$r$p$salt$key`, base64url. Salted, so that equal passwords look different. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_LENGTH);
  const key = await derive(password, salt, COST);
  return ["scrypt", COST.N, COST.r, COST.p, salt.toString("base64url"), key.toString("base64url")].join("$");
}

/**
 * Whether this is the password of which `kept` was kept; never where nothing was. Either takes as long, so that nobody
 * learns from the time which accounts exist.
 */
export async function isPassword(password: string, kept: string | null): Promise<boolean> {
  const [, N, r, p, salt = "", expected = ""] = (kept ?? NOBODYS).split("$");
  const key = await derive(password, Buffer.from(salt, "base64url"), {
    N: Number(N),
    r: Number(r),
    p: Number(p),
  });
  return timingSafeEqual(key, Buffer.from(expected, "base64url")) && kept !== null;
}

const NOBODYS = [
  "scrypt",
  COST.N,
  COST.r,
  COST.p,
  "A".repeat(22),
  Buffer.alloc(KEY_LENGTH).toString("base64url"),
].join("$");

function derive(password: string, salt: Buffer, { N, r, p }: { N: number; r: number; p: number }) {
  const options: ScryptOptions = { N, r, p, maxmem: 2 * 128 * N * r };
  return new Promise<Buffer>((resolve, reject) => {
    // The same password, however a keyboard composes its letters (NIST SP 800-63B-4 §3.1.1.2).
    scrypt(password.normalize("NFC"), salt, KEY_LENGTH, options, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}
