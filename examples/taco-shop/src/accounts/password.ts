import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";

/** Characters of a password: eight at least, and no rule about which (NIST SP 800-63B §5.1.1.2, ASVS 5.0 V6.2.1). */
export const SHORTEST_PASSWORD = 8;
export const LONGEST_PASSWORD = 128;

/** What a hash costs: memory 128 · N · r bytes, p times over. */
export interface PasswordCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/**
 * One of the settings of equal strength in OWASP's Password Storage Cheat Sheet: 32 MiB, three times over. Four hashes
 * run at once in Node's thread pool, so the one that takes 128 MiB would take half a gigabyte.
 */
const OWASP_COST: PasswordCost = { N: 2 ** 15, r: 8, p: 3 };
const SALT_LENGTH = 16;
const KEY_LENGTH = 32;

/** Hashes passwords, each under a salt of its own, so that equal passwords look different. */
export class Passwords {
  readonly #cost: PasswordCost;
  /** As long to check as anybody's, and nobody's. */
  readonly #nobodys: string;

  /** A lower `cost` is for tests: what is kept says what it cost, so a change logs nobody out. */
  constructor(cost: PasswordCost = OWASP_COST) {
    this.#cost = cost;
    this.#nobodys = kept(cost, Buffer.alloc(SALT_LENGTH), Buffer.alloc(KEY_LENGTH));
  }

  /** What is to be kept of a password: `scrypt$N$r$p$salt$key`, base64url. */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(SALT_LENGTH);
    return kept(this.#cost, salt, await derive(password, salt, this.#cost));
  }

  /**
   * Whether this is the password of which `hash` was kept; never where nothing was. Either takes as long, so that nobody
   * learns from the time which accounts exist.
   */
  async matches(password: string, hash: string | null): Promise<boolean> {
    const [, N, r, p, salt = "", expected = ""] = (hash ?? this.#nobodys).split("$");
    const cost = { N: Number(N), r: Number(r), p: Number(p) };
    const key = await derive(password, Buffer.from(salt, "base64url"), cost);
    return timingSafeEqual(key, Buffer.from(expected, "base64url")) && hash !== null;
  }
}

function kept({ N, r, p }: PasswordCost, salt: Buffer, key: Buffer): string {
  return ["scrypt", N, r, p, salt.toString("base64url"), key.toString("base64url")].join("$");
}

function derive(password: string, salt: Buffer, { N, r, p }: PasswordCost): Promise<Buffer> {
  const options: ScryptOptions = { N, r, p, maxmem: 2 * 128 * N * r };
  return new Promise((resolve, reject) => {
    // The same password, however a keyboard composes its letters (NIST SP 800-63B-4 §3.1.1.2).
    scrypt(password.normalize("NFC"), salt, KEY_LENGTH, options, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}
