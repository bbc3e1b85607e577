import { CoatcheckError } from "../session/errors.ts";
import { isJsonObject, parseJson } from "../session/json.ts";
import type { SessionRecord } from "../session/record.ts";
import type { EncryptionFault, ResolvedOptions } from "./options.ts";

/**
 * The encrypted fields of a record: everything that the application or the client has put in, except the fields that
 * stores search for.
 */
type Content = Pick<SessionRecord, "data" | "flash" | "metadata" | "client">;

const noContent = (): Content => ({ data: {}, flash: {}, metadata: {}, client: null });
/** The only member of the data of an encrypted record. */
const ENVELOPE = "coatcheck:encrypted";

/** Encrypts the content of session records, in one piece: one nonce and one tag for each write. */
export class RecordCipher {
  readonly #options: ResolvedOptions;

  constructor(options: ResolvedOptions) {
    this.#options = options;
  }

  /** The record as it is stored. */
  encrypt(record: SessionRecord): SessionRecord {
    const { data, flash, metadata, client } = record;
    const content = JSON.stringify({ data, flash, metadata, client } satisfies Content);
    const text = this.#options.ring.encrypt(content, placeOf(record));
    return { ...record, ...noContent(), data: { [ENVELOPE]: text } };
  }

  /** Whether the newest secret encrypted the stored record. */
  isCurrent(stored: SessionRecord): boolean {
    const text = envelopeOf(stored);
    return text !== null && this.#options.ring.isNewest(text);
  }

  /**
   * Decrypts the record of a store.
   *
   * @returns null when its content was not encrypted for this record; the fault has been reported.
   * @throws CoatcheckError `STORE_UNAVAILABLE` when the secret is missing: that is a fault of the deployment, and must not
   *   log anyone out.
   */
  decrypt(stored: SessionRecord): SessionRecord | null {
    const content = this.#contentOf(stored);
    if (typeof content !== "string") return { ...stored, ...content };
    // A revoked session needs no content, and no later write encrypts it under a newer secret.
    if (stored.state === "revoked") return { ...stored, ...noContent() };
    this.#report(stored, content);
    if (content !== "unknown-key") return null;
    const cause = new Error("A session is encrypted under a secret that is not in the list of this process.");
    throw new CoatcheckError("STORE_UNAVAILABLE", "The session cannot be read; try again shortly.", {
      cause,
    });
  }

  /** Decrypts a copy of a shared tier; null when it cannot be used, since the store has the record. */
  decryptCopy(copy: SessionRecord): SessionRecord | null {
    const content = this.#contentOf(copy);
    if (typeof content !== "string") return { ...copy, ...content };
    this.#report(copy, content);
    return null;
  }

  /** Decrypts a record of a list. One whose content cannot be used has none: its session can still be found and revoked. */
  decryptForList(stored: SessionRecord): SessionRecord {
    const content = this.#contentOf(stored);
    if (typeof content !== "string") return { ...stored, ...content };
    if (stored.state !== "revoked") this.#report(stored, content);
    return { ...stored, ...noContent() };
  }

  #report({ id }: SessionRecord, reason: EncryptionFault["reason"]): void {
    this.#options.onFault({ kind: "session", id, reason });
  }

  #contentOf(stored: SessionRecord): Content | EncryptionFault["reason"] {
    const { ring, acceptPlaintext } = this.#options;
    const envelope = envelopeOf(stored);
    if (envelope === null) return acceptPlaintext ? stored : "plaintext";
    const { text, fault } = ring.tryDecrypt(envelope, placeOf(stored));
    if (fault !== null) return fault;
    const content = parseJson(text);
    return isJsonObject(content) ? (content as unknown as Content) : "altered";
  }
}

/** The associated data: the session, and the field that holds the text. */
function placeOf({ id }: SessionRecord): string {
  return `session:${id}:data`;
}

function envelopeOf({ data }: SessionRecord): string | null {
  const text = data[ENVELOPE];
  return typeof text === "string" && Object.keys(data).length === 1 ? text : null;
}
