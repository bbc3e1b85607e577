/**
 * Encryption at rest: the content of sessions and contexts cannot be read in the database or in Redis. Each value is
 * encrypted with AES-256-GCM and bound to its session or entity. A value that was altered, or copied to another
 * session, is rejected.
 *
 * @example
 * import { SessionManager } from "coatcheck";
 * import { createCache } from "coatcheck/cache";
 * import { createEncryption } from "coatcheck/encryption";
 * import { memoryStore } from "coatcheck/store/memory";
 *
 * const encryption = createEncryption({ secrets: ["a long secret for data at rest"] });
 * const stored = memoryStore();
 * const store = encryption.store(stored);
 * const cache = createCache({ store, singleProcess: true });
 * const sessions = new SessionManager({ store, cache, secrets: ["a long secret of your own"] });
 *
 * const { record } = await sessions.create({ data: { note: "private" } });
 * console.log((await sessions.find(record.id))?.data); // { note: 'private' }
 * console.log(JSON.stringify(await stored.get(record.id)).includes("private")); // false
 *
 * @module
 */
import type { SharedTier } from "../cache/shared/tier.ts";
import type { SharedEntities } from "../context/shared.ts";
import type { SessionStore } from "../session/store.ts";
import { type EncryptionOptions, resolveOptions } from "./options.ts";
import { RecordCipher } from "./record-cipher.ts";
import { encryptEntities, encryptTier } from "./shared-tiers.ts";
import { type EncryptedStore, EncryptingStore } from "./store.ts";

export type { EncryptionFault, EncryptionOptions } from "./options.ts";
export type { EncryptedStore, ReencryptOptions, ReencryptResult } from "./store.ts";

/** Adds encryption to stores and shared tiers. {@link createEncryption} creates it. */
export interface Encryption {
  /** Returns a store that encrypts the content of sessions. Pass the returned store to the cache and to the manager. */
  store(store: SessionStore): EncryptedStore;
  /** Wraps the shared tier of a cache, such as `redisShared()`, and encrypts the copies in it. */
  shared(tier: SharedTier): SharedTier;
  /** Wraps the shared tier of a context, such as `redisEntities()`, and encrypts the copies in it. */
  entities(tier: SharedEntities): SharedEntities;
}

/**
 * Creates the encryption of an application. Use secrets that differ from the session manager's, because each list is
 * rotated at its own time. Keep the secrets outside of the database.
 *
 * @throws UsageError for an unknown option; CoatcheckError `VALIDATION_FAILED` for an empty list of secrets, and for a
 *   secret of fewer than 16 characters.
 */
export function createEncryption(options: EncryptionOptions): Encryption {
  const resolved = resolveOptions(options);
  const cipher = new RecordCipher(resolved);
  return {
    store: (store) => new EncryptingStore(store, cipher),
    shared: (tier) => encryptTier(tier, cipher),
    entities: (tier) => encryptEntities(tier, resolved),
  };
}
