import type { DataVersionSource } from "../session/data-version.ts";
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

/** Options of {@link EncryptedStore.reencrypt}. They select one page of sessions. */
export interface ReencryptOptions {
  /** Number of sessions to read, 1 to 1000. Default: 100. */
  readonly limit?: number;
  /** The `next` of the previous call; absent for the first call. */
  readonly cursor?: string;
}

/** The result of one call of {@link EncryptedStore.reencrypt}. */
export interface ReencryptResult {
  /** Number of sessions that were encrypted again. */
  readonly reencrypted: number;
  /** The cursor of the next call; null when every active session has been read. */
  readonly next: string | null;
}

const REENCRYPT_OPTIONS = { limit: true, cursor: true } satisfies KnownOptions<ReencryptOptions>;

/** A session store that encrypts the content of sessions. */
export interface EncryptedStore extends SessionStore {
  /**
   * Encrypts one page of active sessions with the newest secret. Skips sessions that are already encrypted with that
   * secret. Ordinary writes of a session use the newest secret too. Safe to run on several nodes, and while sessions
   * are written.
   *
   * @throws CoatcheckError `STORE_UNAVAILABLE`; `VALIDATION_FAILED` for an invalid limit or cursor.
   */
  reencrypt(options?: ReencryptOptions): Promise<ReencryptResult>;
}

/** Encrypts records before another store stores them, and decrypts the records that it returns. */
export class EncryptingStore implements EncryptedStore {
  readonly #store: SessionStore;
  readonly #cipher: RecordCipher;
  /** Present if the inner store has it: the cache uses it to detect the commits of other processes. */
  readonly dataVersion?: () => number;
  readonly isPrivate: boolean;

  constructor(store: SessionStore & Partial<DataVersionSource>, cipher: RecordCipher) {
    this.#store = store;
    this.#cipher = cipher;
    this.isPrivate = store.isPrivate ?? false;
    if (store.dataVersion) this.dataVersion = store.dataVersion.bind(store);
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

  /**
   * Returns whether the session was stored. After a conflict, storing it is unnecessary, because the other write has
   * encrypted the session.
   */
  async #encryptAgain(stored: SessionRecord): Promise<boolean> {
    const record = this.#cipher.decrypt(stored);
    if (record === null) return false;
    const newer = { ...record, version: record.version + 1 };
    return (await this.put(newer, { expectedVersion: record.version, change: "data" })) === "stored";
  }
}
