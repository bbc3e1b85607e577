import { CoatcheckError } from "../session/errors.ts";
import { isJsonObject, parseJson } from "../session/json.ts";
import type { SessionRecord } from "../session/record.ts";
import type { EncryptionFault, ResolvedEncryptionOptions } from "./options.ts";

/**
 * The encrypted fields of a record. They contain the values from the application and the client, except the values by
 * which stores search.
 */
type RecordContent = Pick<SessionRecord, "data" | "flash" | "metadata" | "client" | "binding">;

const createEmptyContent = (): RecordContent => ({
  data: {},
  flash: {},
  metadata: {},
  client: null,
  binding: null,
});
/** The name of the only member in the data of an encrypted record. Its value is the ciphertext. */
const ENCRYPTED_MEMBER = "coatcheck:encrypted";

/**
 * Encrypts and decrypts the content of session records. All fields of a record are encrypted together, with one nonce
 * and one tag.
 */
export class RecordCipher {
  readonly #options: ResolvedEncryptionOptions;

  constructor(options: ResolvedEncryptionOptions) {
    this.#options = options;
  }

  /** Returns the record to store, with encrypted content. */
  encrypt(record: SessionRecord): SessionRecord {
    const { data, flash, metadata, client, binding } = record;
    const content = JSON.stringify({ data, flash, metadata, client, binding } satisfies RecordContent);
    const text = this.#options.ring.encrypt(content, associatedDataOf(record));
    return { ...record, ...createEmptyContent(), data: { [ENCRYPTED_MEMBER]: text } };
  }

  /** Returns whether the stored record was encrypted with the newest secret. */
  isCurrent(stored: SessionRecord): boolean {
    const text = encryptedTextOf(stored);
    return text !== null && this.#options.ring.isNewest(text);
  }

  /**
   * Decrypts a record that was read from the store.
   *
   * @returns null when the content was altered, is not encrypted, or was encrypted for another record. The fault has
   *   then been reported.
   * @throws CoatcheckError `STORE_UNAVAILABLE` when the secret is missing: a mistake in the deployment must not log
   *   anyone out.
   */
  decrypt(stored: SessionRecord): SessionRecord | null {
    const content = this.#contentOf(stored);
    if (typeof content !== "string") return { ...stored, ...content };
    // A revoked session is never encrypted again, so its secret may have been removed. Nothing needs the content of the
    // session, so report no fault.
    if (stored.state === "revoked") return { ...stored, ...createEmptyContent() };
    this.#report(stored, content);
    if (content !== "unknown-key") return null;
    const cause = new Error(
      "A session is encrypted with a secret that was not given to createEncryption(). Add the secret to the option `secrets`.",
    );
    throw new CoatcheckError("STORE_UNAVAILABLE", "The session cannot be read; try again shortly.", {
      cause,
    });
  }

  /** Decrypts a copy from a shared tier. Returns null when that fails; the caller then reads the store. */
  decryptCopy(copy: SessionRecord): SessionRecord | null {
    const content = this.#contentOf(copy);
    if (typeof content !== "string") return { ...copy, ...content };
    this.#report(copy, content);
    return null;
  }

  /**
   * Decrypts a record of a list. If that fails, returns the record without content, so that its session can still be
   * found and revoked.
   */
  decryptForList(stored: SessionRecord): SessionRecord {
    const content = this.#contentOf(stored);
    if (typeof content !== "string") return { ...stored, ...content };
    if (stored.state !== "revoked") this.#report(stored, content);
    return { ...stored, ...createEmptyContent() };
  }

  #report({ id }: SessionRecord, reason: EncryptionFault["reason"]): void {
    this.#options.onFault({ kind: "session", id, reason });
  }

  #contentOf(stored: SessionRecord): RecordContent | EncryptionFault["reason"] {
    const { ring, acceptPlaintext } = this.#options;
    const encrypted = encryptedTextOf(stored);
    if (encrypted === null) return acceptPlaintext ? stored : "plaintext";
    const { text, fault } = ring.tryDecrypt(encrypted, associatedDataOf(stored));
    if (fault !== null) return fault;
    const content = parseJson(text);
    return isJsonObject(content) ? (content as unknown as RecordContent) : "altered";
  }
}

/** Returns the associated data of the encryption (AAD): the session and the field that contains the ciphertext. */
function associatedDataOf({ id }: SessionRecord): string {
  return `session:${id}:data`;
}

function encryptedTextOf({ data }: SessionRecord): string | null {
  const text = data[ENCRYPTED_MEMBER];
  return typeof text === "string" && Object.keys(data).length === 1 ? text : null;
}
