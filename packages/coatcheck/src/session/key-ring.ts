import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hash,
  hkdfSync,
  type KeyObject,
} from "node:crypto";
import { invalidInputError } from "./errors.ts";
import { requireList } from "./known-options.ts";
import { createPooledRandom, findSecretFaults, warnOfJoinedSecrets } from "./token.ts";

const CIPHER_ALGORITHM = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_ID_LENGTH = 6;

interface EncryptionKey {
  /** Identifies the key with which a text was encrypted. It is a hash, so it reveals nothing about the key. */
  readonly id: string;
  /** Imported once, because `createCipheriv` is six times slower with the raw bytes. */
  readonly keyObject: KeyObject;
}

/** Describes what a {@link KeyRing} is used for. */
export interface KeyRingOptions {
  /** The name of the secrets in errors, such as "gateway secrets". */
  readonly input: string;
  /**
   * A name from which the keys are derived. Uses with different names have different keys, even with the same secrets.
   */
  readonly purpose: string;
}

/** The result of a decryption: the text, or the reason for a failure. */
export type DecryptionResult =
  | { readonly text: string; readonly fault: null }
  | { readonly text: null; readonly fault: "unknown-key" | "altered" };

/**
 * Encrypts texts at rest: AES-256-GCM with a random 96-bit nonce (NIST SP 800-38D §8.2.2), under keys derived from the
 * application's secrets. The newest secret encrypts; every secret decrypts. To rotate, insert a new secret at the
 * front, and remove the last secret when no stored text is encrypted with it.
 *
 * Format: key id (6 characters) ‖ base64url(nonce ‖ ciphertext ‖ tag).
 */
export class KeyRing {
  readonly #keys: readonly EncryptionKey[];
  readonly #newestKey: EncryptionKey;
  readonly #random = createPooledRandom();

  /**
   * @throws UsageError when `secrets` is not a list; CoatcheckError `VALIDATION_FAILED` when there is no secret, or a
   *   secret is not a string of at least 16 characters.
   */
  constructor(secrets: readonly string[], { input, purpose }: KeyRingOptions) {
    requireList(input, "secrets", secrets);
    const faults = findSecretFaults(secrets);
    if (faults.length > 0) throw invalidInputError(input, faults);
    warnOfJoinedSecrets(input, secrets);
    this.#keys = secrets.map((secret) => deriveKey(secret, purpose));
    const [newest] = this.#keys;
    if (!newest) {
      throw invalidInputError(input, [{ path: "secrets", message: "must contain at least one secret" }]);
    }
    this.#newestKey = newest;
  }

  /**
   * Encrypts `plaintext`. `place` names where the result is stored, such as the session's id; decryption fails for any
   * other place.
   */
  encrypt(plaintext: string, place: string): string {
    const nonce = Buffer.alloc(NONCE_BYTES);
    this.#random(nonce);
    const cipher = createCipheriv(CIPHER_ALGORITHM, this.#newestKey.keyObject, nonce, {
      authTagLength: TAG_BYTES,
    });
    cipher.setAAD(Buffer.from(place));
    const bytes = Buffer.concat([
      nonce,
      cipher.update(plaintext, "utf8"),
      cipher.final(),
      cipher.getAuthTag(),
    ]);
    return this.#newestKey.id + bytes.toString("base64url");
  }

  /** Whether this text was encrypted with the newest key. Compares the key id only. */
  isNewest(text: string): boolean {
    return text.startsWith(this.#newestKey.id);
  }

  /**
   * Decrypts a text that was stored at `place`. Returns null when the text was altered, or was encrypted with an
   * unknown key or for another place.
   */
  decrypt(text: string, place: string): string | null {
    return this.tryDecrypt(text, place).text;
  }

  /** Like {@link decrypt}, but reports whether the key is missing or the text was altered. */
  tryDecrypt(text: string, place: string): DecryptionResult {
    const id = text.slice(0, KEY_ID_LENGTH);
    const key = this.#keys.find((each) => each.id === id);
    if (!key) return { text: null, fault: "unknown-key" };
    const bytes = Buffer.from(text.slice(KEY_ID_LENGTH), "base64url");
    if (bytes.length < NONCE_BYTES + TAG_BYTES) return { text: null, fault: "altered" };
    const decipher = createDecipheriv(CIPHER_ALGORITHM, key.keyObject, bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(Buffer.from(place));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const start = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
      return { text: Buffer.concat([start, decipher.final()]).toString("utf8"), fault: null };
    } catch {
      return { text: null, fault: "altered" };
    }
  }
}

function deriveKey(secret: string, purpose: string): EncryptionKey {
  const bytes = Buffer.from(hkdfSync("sha256", secret, "", purpose, 32));
  return {
    keyObject: createSecretKey(bytes),
    id: hash("sha256", bytes, "base64url").slice(0, KEY_ID_LENGTH),
  };
}
