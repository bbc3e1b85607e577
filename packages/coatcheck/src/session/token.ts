import { createHmac, hash, randomFillSync } from "node:crypto";
import { CoatcheckError } from "./errors.ts";

/*
 * Token: base64url(id) 22 ‖ base64url(secret) 22 ‖ base64url(seal) 6 = 50 characters.
 *
 * The id finds the row, the secret opens it, the seal lets a forged token be turned away before any lookup. A token
 * is text from the outside until its seal is checked: nothing here throws on it.
 */

/** Characters of the compact id, the key that caches are asked with. */
export const KEY_LENGTH = 22;
const SECRET_END = 44;
/** Characters of a whole token. */
export const TOKEN_LENGTH = 50;
const SEAL_BYTES = 4;

/** Fills the given bytes with randomness; `crypto.randomFillSync` unless a test says otherwise. */
export type RandomSource = (bytes: Uint8Array<ArrayBuffer>) => void;

/** Randomness from the operating system's generator, drawn 4 KB at a time (1.6 µs a call otherwise). */
export function pooledRandom(): RandomSource {
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

/** A new session id: UUID v4 (RFC 9562 §5.4). */
export function newSessionId(random: RandomSource): string {
  const bytes = Buffer.alloc(16);
  random(bytes);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return formatId(bytes);
}

/** A new secret: 128 random bits, base64url (ASVS 5.0 V7.2.3). */
export function newSecret(random: RandomSource): string {
  const bytes = Buffer.alloc(16);
  random(bytes);
  return bytes.toString("base64url");
}

/** What the store keeps of a secret: its SHA-256, base64url. A 128-bit secret needs no salt and no slow hash. */
export function hashSecret(secret: string): string {
  return hash("sha256", secret, "base64url");
}

/** Whether two hashes are equal, in time that does not depend on where they differ. */
export function equalHashes(left: string, right: string): boolean {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let index = 0; index < left.length; index++) {
    difference |= left.charCodeAt(index) ^ right.charCodeAt(index);
  }
  return difference === 0;
}

/** The compact form of an id: the token's first 22 characters. */
export function compactId(id: string): string {
  return Buffer.from(id.replaceAll("-", ""), "hex").toString("base64url");
}

/** The id that a token names. Call it only with a token whose seal holds. */
export function idOfToken(token: string): string {
  return formatId(Buffer.from(token.slice(0, KEY_LENGTH), "base64url"));
}

/** The secret that a token carries. */
export function secretOfToken(token: string): string {
  return token.slice(KEY_LENGTH, SECRET_END);
}

function formatId(bytes: Buffer): string {
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/**
 * The application's secrets, newest first: the first seals, all open. Put a new one in front to rotate, and take the
 * last away when no session of its time can be alive.
 */
export class SecretRing {
  readonly #keys: readonly string[];

  /**
   * @throws CoatcheckError `VALIDATION_FAILED` when there is no secret, or one is shorter than 16 characters; also for
   * one that is no text, as an environment variable that nobody has set.
   */
  constructor(secrets: readonly string[]) {
    const given: readonly unknown[] = Array.isArray(secrets) ? secrets : [];
    const faults = given.flatMap((secret, index) =>
      typeof secret === "string" && secret.length >= 16
        ? []
        : [{ path: `secrets.${index}`, message: "must have at least 16 characters" }],
    );
    if (given.length === 0) faults.push({ path: "secrets", message: "must hold at least one secret" });
    if (faults.length > 0)
      throw new CoatcheckError("VALIDATION_FAILED", "The session secrets will not do.", { faults });
    this.#keys = [...secrets];
  }

  /** The token of a session id and its secret. */
  seal(id: string, secret: string): string {
    const body = compactId(id) + secret;
    return body + sealOf(this.#newest, body);
  }

  /** Whether one of the secrets sealed this token. The token may be anything at all. */
  opens(token: string): boolean {
    if (token.length !== TOKEN_LENGTH) return false;
    const body = token.slice(0, SECRET_END);
    const seal = token.slice(SECRET_END);
    return this.#keys.some((key) => equalHashes(sealOf(key, body), seal));
  }

  /**
   * The secret that follows `secret` in a periodic rotation. It is derived, not drawn, so that every request which
   * still carries the old secret during the overlap is handed the same successor, and none has to be stored.
   */
  successor(id: string, secret: string, key = this.#newest): string {
    return mac(key, `successor:${id}:${secret}`).subarray(0, 16).toString("base64url");
  }

  /** The successor under whichever secret made it: the one whose hash is `successorHash`, else null. */
  successorMatching(id: string, secret: string, successorHash: string): string | null {
    for (const key of this.#keys) {
      const successor = this.successor(id, secret, key);
      if (equalHashes(hashSecret(successor), successorHash)) return successor;
    }
    return null;
  }

  /** A MAC over `text`, base64url, for other values bound to a session; `purpose` keeps the uses apart. */
  sign(purpose: string, text: string): string {
    return mac(this.#newest, `${purpose}:${text}`).toString("base64url");
  }

  /** Whether one of the secrets signed `text` so. */
  verifies(purpose: string, text: string, signature: string): boolean {
    return this.#keys.some((key) =>
      equalHashes(mac(key, `${purpose}:${text}`).toString("base64url"), signature),
    );
  }

  get #newest(): string {
    return this.#keys[0] ?? "";
  }
}

function mac(key: string, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function sealOf(key: string, body: string): string {
  return mac(key, `seal:${body}`).subarray(0, SEAL_BYTES).toString("base64url");
}
