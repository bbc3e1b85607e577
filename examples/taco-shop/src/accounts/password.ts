import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";

/**
 * The length of a password, in characters. There is no rule about the kinds of characters (NIST SP 800-63B §5.1.1.2,
 * ASVS 5.0 V6.2.1).
 */
export const MIN_PASSWORD_LENGTH = 8;
export const MAX_PASSWORD_LENGTH = 128;

/** Cost parameters of scrypt: 128 · N · r bytes of memory, parallelism p. */
export interface PasswordCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/**
 * One of the equally strong settings in OWASP's Password Storage Cheat Sheet: 32 MiB of memory, parallelism 3. Node's
 * thread pool runs four hashes at once, so the setting with 128 MiB would need half a gigabyte.
 */
const OWASP_COST: PasswordCost = { N: 2 ** 15, r: 8, p: 3 };
const SALT_LENGTH = 16;
const KEY_LENGTH = 32;

/** Hashes passwords with scrypt, each with its own salt. */
export class PasswordHasher {
  readonly #cost: PasswordCost;
  /** A hash that no password matches. Checking it takes as long as checking a real hash. */
  readonly #dummyHash: string;

  /**
   * @param cost Default: OWASP's recommendation. Tests use a lower cost. Each hash contains its cost, so existing
   * hashes stay valid when this changes.
   */
  constructor(cost: PasswordCost = OWASP_COST) {
    this.#cost = cost;
    this.#dummyHash = encodeHash(cost, Buffer.alloc(SALT_LENGTH), Buffer.alloc(KEY_LENGTH));
  }

  /** Returns the hash to store: `scrypt$N$r$p$salt$key`, with salt and key in base64url. */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(SALT_LENGTH);
    return encodeHash(this.#cost, salt, await deriveKey(password, salt, this.#cost));
  }

  /**
   * Returns whether the password matches a stored hash. A null hash matches no password and takes the same time, so
   * that response times do not reveal which accounts exist.
   */
  async matches(password: string, hash: string | null): Promise<boolean> {
    const [, N, r, p, salt = "", expected = ""] = (hash ?? this.#dummyHash).split("$");
    const cost = { N: Number(N), r: Number(r), p: Number(p) };
    const key = await deriveKey(password, Buffer.from(salt, "base64url"), cost);
    return timingSafeEqual(key, Buffer.from(expected, "base64url")) && hash !== null;
  }
}

function encodeHash({ N, r, p }: PasswordCost, salt: Buffer, key: Buffer): string {
  return ["scrypt", N, r, p, salt.toString("base64url"), key.toString("base64url")].join("$");
}

function deriveKey(password: string, salt: Buffer, { N, r, p }: PasswordCost): Promise<Buffer> {
  const options: ScryptOptions = { N, r, p, maxmem: 2 * 128 * N * r };
  return new Promise((resolve, reject) => {
    // Keyboards encode accented letters differently. NFC makes them equal (NIST SP 800-63B-4 §3.1.1.2).
    scrypt(password.normalize("NFC"), salt, KEY_LENGTH, options, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}
