import { createCipheriv, createDecipheriv, createHmac, hash, hkdfSync, randomFillSync } from "node:crypto";
import { type Fault, invalidInputError } from "./errors.ts";
import { requireList } from "./known-options.ts";
import { describeValue, usageError } from "./usage-error.ts";
import { warnOnce } from "./warn-once.ts";

/*
 * Token: base64url(id) 22 ‖ base64url(secret) 22 ‖ base64url(seal) 6 = 50 characters.
 *
 * The id finds the row. The secret proves that the client owns the session. The seal is an HMAC: it lets the server
 * reject a forged token before any lookup. Until its seal is verified, a token is untrusted text. No function in this
 * file throws for an invalid token.
 */

/** The length of a compact id, in characters. Caches use the compact id as their key. */
export const COMPACT_ID_LENGTH = 22;
const SECRET_END_INDEX = 44;
/** The length of a whole token, in characters. */
export const TOKEN_LENGTH = 50;
const SEAL_BYTES = 4;
/** The shortest secret of an application, in characters. */
const MIN_SECRET_LENGTH = 16;
/** Sizes for AES-256-GCM, in bytes (NIST SP 800-38D). */
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Fills the array with random bytes. Must be cryptographically secure outside tests. Default: {@link
 * createPooledRandom}.
 */
export type RandomSource = (bytes: Uint8Array<ArrayBuffer>) => void;

/**
 * Returns a source of random bytes from the operating system. It reads 4 KB at a time, because each call of the
 * operating system takes 1.6 µs.
 */
export function createPooledRandom(): RandomSource {
  const pool = Buffer.alloc(4096);
  let used = pool.length;
  return (bytes) => {
    if (used + bytes.length > pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    bytes.set(pool.subarray(used, used + bytes.length));
    pool.fill(0, used, used + bytes.length);
    used += bytes.length;
  };
}

/** Generates a session id: UUID v4 (RFC 9562 §5.4). */
export function newSessionId(random: RandomSource): string {
  const bytes = Buffer.alloc(16);
  random(bytes);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return formatId(bytes);
}

/** Generates a secret: 128 random bits, base64url (ASVS 5.0 V7.2.3). */
export function newSecret(random: RandomSource): string {
  const bytes = Buffer.alloc(16);
  random(bytes);
  return bytes.toString("base64url");
}

/** Returns the hash of a secret, for the store: SHA-256, base64url. 128 random bits need no salt and no slow hash. */
export function hashSecret(secret: string): string {
  return hash("sha256", secret, "base64url");
}

/** Rejects values that are not strings: the signature of a missing id would be the same for everyone. */
function requireSignedStrings(texts: Readonly<Record<string, unknown>>): void {
  for (const [path, text] of Object.entries(texts)) {
    if (typeof text === "string") continue;
    throw usageError("call of sign()", [{ path, message: `must be a string (got ${describeValue(text)})` }]);
  }
}

/** Compares two hashes in constant time, so that the time does not reveal where they differ. */
export function constantTimeEqual(left: string, right: string): boolean {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let index = 0; index < left.length; index++) {
    difference |= left.charCodeAt(index) ^ right.charCodeAt(index);
  }
  return difference === 0;
}

/** Returns the compact form of an id: the first 22 characters of its tokens. */
export function compactId(id: string): string {
  return Buffer.from(id.replaceAll("-", ""), "hex").toString("base64url");
}

/** Returns the session id in a token. Verify the seal first: for a malformed token the id is malformed too. */
export function idOfToken(token: string): string {
  return formatId(Buffer.from(token.slice(0, COMPACT_ID_LENGTH), "base64url"));
}

/** Returns the secret in a token. */
export function secretOfToken(token: string): string {
  return token.slice(COMPACT_ID_LENGTH, SECRET_END_INDEX);
}

/** Returns the text of a UUID, from its 16 bytes. */
export function formatId(bytes: Buffer): string {
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Returns a fault for each secret that is blank, or not a string of at least 16 characters. Never repeats a secret. */
export function findSecretFaults(secrets: readonly unknown[]): Fault[] {
  return secrets.flatMap((secret, index) => {
    if (typeof secret === "string" && secret.length >= MIN_SECRET_LENGTH) {
      return secret.trim() === "" ? [{ path: `secrets.${index}`, message: "must not be blank" }] : [];
    }
    const actualType = typeof secret === "string" ? "" : ` (got ${secret === null ? "null" : typeof secret})`;
    return [
      {
        path: `secrets.${index}`,
        message: `must have at least ${MIN_SECRET_LENGTH} characters${actualType}`,
      },
    ];
  });
}

/**
 * Warns if one secret is probably several secrets, separated by commas, as in `[process.env.SECRETS]`. The ring would
 * use the whole string as one secret, so none of the secrets in it would verify a token. A single secret may contain a
 * comma, so this is not an error. Never repeats a secret.
 *
 * @param input what the secrets are for, such as "session secrets".
 */
export function warnOfJoinedSecrets(input: string, secrets: readonly string[]): void {
  for (const [index, secret] of secrets.entries()) {
    const parts = secret.split(",").map((part) => part.trim());
    if (parts.length === 1 || parts.some((part) => part.length < MIN_SECRET_LENGTH)) continue;
    const message = `Probable mistake in the ${input}: secrets.${index} looks like ${parts.length} secrets in one string; split it, as in secrets: text.split(",").`;
    warnOnce(message, "COATCHECK_JOINED_SECRETS");
  }
}

/**
 * The application's secrets, newest first. The first secret seals new tokens; every secret verifies. To rotate, insert
 * a new secret at the front, and remove the last secret once all sessions sealed with it have reached their absolute
 * timeout.
 */
export class SecretRing {
  readonly #keys: readonly string[];

  /**
   * @param secrets newest first, at least 16 characters each.
   * @throws UsageError when `secrets` is not a list; CoatcheckError `VALIDATION_FAILED` for an empty list, and for a
   *   secret that is too short or not a string, such as an unset environment variable.
   */
  constructor(secrets: readonly string[]) {
    requireList("session secrets", "secrets", secrets);
    const faults = findSecretFaults(secrets);
    if (secrets.length === 0)
      faults.push({ path: "secrets", message: "must be a list of at least one secret" });
    if (faults.length > 0) throw invalidInputError("session secrets", faults);
    warnOfJoinedSecrets("session secrets", secrets);
    this.#keys = [...secrets];
  }

  /** Creates a token from a session id and a secret. */
  seal(id: string, secret: string): string {
    const body = compactId(id) + secret;
    return body + sealOf(this.#newestSecret, body);
  }

  /** Whether this token was sealed with one of the secrets. Accepts any string. */
  hasValidSeal(token: string): boolean {
    if (token.length !== TOKEN_LENGTH) return false;
    const body = token.slice(0, SECRET_END_INDEX);
    const seal = token.slice(SECRET_END_INDEX);
    return this.#keys.some((key) => constantTimeEqual(sealOf(key, body), seal));
  }

  /** Derives a secret from another secret or key. Concurrent callers get the same result without storing it. */
  deriveSuccessor(id: string, secret: string, key = this.#newestSecret): string {
    return hmac(key, `successor:${id}:${secret}`).subarray(0, 16).toString("base64url");
  }

  /**
   * Finds the derived secret that has the hash `successorHash`. Tries every secret of the ring. Returns null when none
   * matches.
   */
  findSuccessor(id: string, secret: string, successorHash: string): string | null {
    for (const key of this.#keys) {
      const successor = this.deriveSuccessor(id, secret, key);
      if (constantTimeEqual(hashSecret(successor), successorHash)) return successor;
    }
    return null;
  }

  /**
   * Signs `text` with an HMAC, base64url. Used for other values that belong to a session, such as CSRF tokens. A
   * signature is valid for its `purpose` only.
   */
  sign(purpose: string, text: string): string {
    requireSignedStrings({ purpose, text });
    return hmac(this.#newestSecret, `${purpose}:${text}`).toString("base64url");
  }

  /** Whether {@link sign} made `signature` for this purpose and text, with any secret of the ring. */
  verify(purpose: string, text: string, signature: string): boolean {
    return this.#keys.some((key) =>
      constantTimeEqual(hmac(key, `${purpose}:${text}`).toString("base64url"), signature),
    );
  }

  /**
   * Encrypts a secret. The key is derived from the ring's newest secret and from `context`, which must contain a value
   * that only the intended reader knows.
   *
   * @returns nonce, ciphertext and tag (AES-256-GCM), base64url.
   */
  encrypt(context: readonly string[], secret: string, random: RandomSource): string {
    const nonce = Buffer.alloc(NONCE_BYTES);
    random(nonce);
    const cipher = createCipheriv("aes-256-gcm", deriveKey(this.#newestSecret, context), nonce);
    const bytes = [nonce, cipher.update(secret, "utf8"), cipher.final(), cipher.getAuthTag()];
    return Buffer.concat(bytes).toString("base64url");
  }

  /**
   * Decrypts the result of {@link encrypt} with any secret of the ring. Returns null when the context differs or the
   * text was altered.
   */
  decrypt(context: readonly string[], ciphertext: string): string | null {
    const bytes = Buffer.from(ciphertext, "base64url");
    if (bytes.length <= NONCE_BYTES + TAG_BYTES) return null;
    for (const key of this.#keys) {
      const decipher = createDecipheriv(
        "aes-256-gcm",
        deriveKey(key, context),
        bytes.subarray(0, NONCE_BYTES),
      );
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      try {
        const text = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, "utf8");
        return text + decipher.final("utf8");
      } catch {
        // Try the next secret: an older secret of the ring may have encrypted the text.
      }
    }
    return null;
  }

  get #newestSecret(): string {
    return this.#keys[0] ?? "";
  }
}

/**
 * Derives a key with HKDF (RFC 5869). Each field is prefixed with its length, so that different contexts give different
 * keys.
 */
function deriveKey(key: string, context: readonly string[]): Buffer {
  const info = context.map((field) => `${Buffer.byteLength(field)}:${field}`).join("");
  // Hash the context: OpenSSL limits `info` to 1024 bytes, and a long subject would exceed the limit.
  const digest = hash("sha256", info, "buffer");
  return Buffer.from(hkdfSync("sha256", key, "", digest, KEY_BYTES));
}

function hmac(key: string, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function sealOf(key: string, body: string): string {
  return hmac(key, `seal:${body}`).subarray(0, SEAL_BYTES).toString("base64url");
}
