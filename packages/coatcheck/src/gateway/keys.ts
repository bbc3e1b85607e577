import { createCipheriv, createDecipheriv, hash, hkdfSync, randomBytes } from "node:crypto";
import { CoatcheckError } from "../session/errors.ts";

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const NAME_LENGTH = 6;
const SHORTEST_SECRET = 16;

interface Key {
  /** Says which key encrypted a text; tells nothing of the key. */
  readonly name: string;
  readonly bytes: Buffer;
}

/**
 * Encrypts what an upstream gave us, for keeping at rest: AES-256-GCM with a random 96-bit nonce (NIST SP 800-38D §8.2.2)
 * under keys derived from the application's secrets. The newest encrypts, all decrypt: put a new secret in front to
 * rotate, and take the last away when no session of its time can be alive.
 *
 * Text: key name 6 ‖ base64url(nonce ‖ ciphertext ‖ tag).
 */
export class KeyRing {
  readonly #keys: readonly Key[];
  readonly #newest: Key;

  /** @throws CoatcheckError `VALIDATION_FAILED` when there is no secret, or one is shorter than 16 characters. */
  constructor(secrets: readonly string[]) {
    const faults = secrets.flatMap((secret, index) =>
      secret.length < SHORTEST_SECRET
        ? [{ path: `secrets.${index}`, message: `must have at least ${SHORTEST_SECRET} characters` }]
        : [],
    );
    this.#keys = secrets.map(deriveKey);
    const [newest] = this.#keys;
    if (!newest) faults.push({ path: "secrets", message: "must hold at least one secret" });
    if (!newest || faults.length > 0)
      throw new CoatcheckError("VALIDATION_FAILED", "The gateway's secrets will not do.", { faults });
    this.#newest = newest;
  }

  /** Encrypts `plaintext` for one session: moved into another session's row, it does not decrypt. */
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
    return this.#newest.name + bytes.toString("base64url");
  }

  /** The plaintext; null when no key of the ring encrypted this text for this session, or it was altered. */
  decrypt(text: string, sessionId: string): string | null {
    const name = text.slice(0, NAME_LENGTH);
    const key = this.#keys.find((each) => each.name === name);
    const bytes = Buffer.from(text.slice(NAME_LENGTH), "base64url");
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
  return { bytes, name: hash("sha256", bytes, "base64url").slice(0, NAME_LENGTH) };
}
