import { createCipheriv, createDecipheriv, hash, hkdfSync, randomBytes } from "node:crypto";
import { requireList } from "../session/known-options.ts";
import { invalid } from "./errors.ts";

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_ID_LENGTH = 6;
/** Characters. */
const MIN_SECRET_LENGTH = 16;

interface Key {
  /** Identifies the key that encrypted a text. A hash, so that it reveals nothing about the key. */
  readonly id: string;
  readonly bytes: Buffer;
}

/**
 * Encrypts a session's upstream credentials at rest: AES-256-GCM with a random 96-bit nonce (NIST SP 800-38D §8.2.2),
 * under keys derived from the application's secrets. The newest secret encrypts; every secret decrypts. To rotate, put
 * a new secret first, and remove the last one when the sessions that were encrypted under it have expired.
 *
 * Format: key id (6 characters) ‖ base64url(nonce ‖ ciphertext ‖ tag).
 */
export class KeyRing {
  readonly #keys: readonly Key[];
  readonly #newest: Key;

  /**
   * @throws UsageError when `secrets` is not a list; CoatcheckError `VALIDATION_FAILED` when there is no secret, or a
   *   secret is not a string of at least 16 characters.
   */
  constructor(secrets: readonly string[]) {
    requireList("gateway secrets", "secrets", secrets);
    const faults = secrets.flatMap((secret: unknown, index) =>
      typeof secret === "string" && secret.length >= MIN_SECRET_LENGTH
        ? []
        : [{ path: `secrets.${index}`, message: `must have at least ${MIN_SECRET_LENGTH} characters` }],
    );
    if (faults.length > 0) throw invalid("gateway secrets", faults);
    this.#keys = secrets.map(deriveKey);
    const [newest] = this.#keys;
    if (!newest) {
      throw invalid("gateway secrets", [{ path: "secrets", message: "must contain at least one secret" }]);
    }
    this.#newest = newest;
  }

  /** Encrypts `plaintext` for one session. Copied into another session's row, it does not decrypt. */
  encrypt(plaintext: string, sessionId: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#newest.bytes, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(sessionId));
    const bytes = Buffer.concat([
      nonce,
      cipher.update(plaintext, "utf8"),
      cipher.final(),
      cipher.getAuthTag(),
    ]);
    return this.#newest.id + bytes.toString("base64url");
  }

  /** The plaintext; null when no key of the ring encrypted this text for this session, or the text was altered. */
  decrypt(text: string, sessionId: string): string | null {
    const id = text.slice(0, KEY_ID_LENGTH);
    const key = this.#keys.find((each) => each.id === id);
    const bytes = Buffer.from(text.slice(KEY_ID_LENGTH), "base64url");
    if (!key || bytes.length < NONCE_BYTES + TAG_BYTES) return null;
    const decipher = createDecipheriv(CIPHER, key.bytes, bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(Buffer.from(sessionId));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const start = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
      return Buffer.concat([start, decipher.final()]).toString("utf8");
    } catch {
      return null;
    }
  }
}

function deriveKey(secret: string): Key {
  const bytes = Buffer.from(hkdfSync("sha256", secret, "", "coatcheck gateway state", 32));
  return { bytes, id: hash("sha256", bytes, "base64url").slice(0, KEY_ID_LENGTH) };
}
