import { type KnownOptions, requireKnownOptions } from "../session/known-options.ts";
import type { SessionRecord } from "../session/record.ts";
import type {
  LogPage,
  LogPosition,
  Page,
  PageRequest,
  PutOptions,
  PutOutcome,
  SessionFilter,
  SessionStore,
  Snapshot,
  StoreStats,
  Touch,
} from "../session/store.ts";
import type { RecordCipher } from "./record-cipher.ts";

/** Options of {@link EncryptedStore.reencrypt}: its page of sessions. */
export interface ReencryptOptions {
  /** Sessions to read, 1 to 1000. Default: 100. */
  readonly limit?: number;
  /** The `next` of the call before; absent for the first one. */
  readonly cursor?: string;
}

/** The result of one call of {@link EncryptedStore.reencrypt}. */
export interface ReencryptResult {
  /** Sessions that were encrypted again. */
  readonly reencrypted: number;
  /** The cursor of the next call; null when every active session has been read. */
  readonly next: string | null;
}

const REENCRYPT_OPTIONS = { limit: true, cursor: true } satisfies KnownOptions<ReencryptOptions>;

/** A session store whose content is encrypted. */
export interface EncryptedStore extends SessionStore {
  /**
   * Encrypts one page of the active sessions again: those that an older secret encrypted, or none. Every other write of a
   * session does so as well. Safe to run on several nodes, and while sessions are written.
   *
   * @throws CoatcheckError `STORE_UNAVAILABLE`; `VALIDATION_FAILED` for an invalid limit or cursor.
   */
  reencrypt(options?: ReencryptOptions): Promise<ReencryptResult>;
}

/** Encrypts what a store keeps, and decrypts what it returns. */
export class EncryptingStore implements EncryptedStore {
  readonly #store: SessionStore;
  readonly #cipher: RecordCipher;

  constructor(store: SessionStore, cipher: RecordCipher) {
    this.#store = store;
    this.#cipher = cipher;
  }

  async get(id: string): Promise<Snapshot | null> {
    const found = await this.#store.get(id);
    const record = found && this.#cipher.decrypt(found.record);
    return found && record && { record, position: found.position };
  }

  async put(record: SessionRecord, options: PutOptions): Promise<PutOutcome> {
    return await this.#store.put(this.#cipher.encrypt(record), options);
  }

  async touch(touches: readonly Touch[]): Promise<void> {
    await this.#store.touch(touches);
  }

  async revoke(...given: Parameters<SessionStore["revoke"]>): Promise<number> {
    return await this.#store.revoke(...given);
  }

  async invalidate(key: string): Promise<LogPosition> {
    return await this.#store.invalidate(key);
  }

  async list(filter: SessionFilter, page: PageRequest): Promise<Page> {
    const { records, next } = await this.#store.list(filter, page);
    return { records: records.map((record) => this.#cipher.decryptForList(record)), next };
  }

  async stats(now: number): Promise<StoreStats> {
    return await this.#store.stats(now);
  }

  async changes(cursor: LogPosition | null): Promise<LogPage> {
    return await this.#store.changes(cursor);
  }

  async sweep(before: number, limit: number): Promise<number> {
    return await this.#store.sweep(before, limit);
  }

  async close(): Promise<void> {
    await this.#store.close();
  }

  async reencrypt(options: ReencryptOptions = {}): Promise<ReencryptResult> {
    requireKnownOptions("options of reencrypt()", options, REENCRYPT_OPTIONS);
    const { limit = 100, cursor } = options;
    const page = { limit, ...(cursor !== undefined && { cursor }) };
    const { records, next } = await this.#store.list({ state: "active" }, page);
    let reencrypted = 0;
    for (const stored of records) {
      if (!this.#cipher.isCurrent(stored) && (await this.#encryptAgain(stored))) reencrypted++;
    }
    return { reencrypted, next };
  }

  /** Whether it was stored. A conflict means that another write was faster, and has encrypted the session. */
  async #encryptAgain(stored: SessionRecord): Promise<boolean> {
    const record = this.#cipher.decrypt(stored);
    if (record === null) return false;
    const newer = { ...record, version: record.version + 1 };
    return (await this.put(newer, { expectedVersion: record.version, change: "data" })) === "stored";
  }
}
