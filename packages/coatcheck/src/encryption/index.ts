/**
 * Encryption at rest: what sessions and contexts contain is unreadable in the database and in Redis. AES-256-GCM, bound to
 * the session, so that a value that was altered or copied to another session is not used.
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

/** Encrypts the parts of an application that keep data. {@link createEncryption} creates it. */
export interface Encryption {
  /** A store that encrypts the content of sessions. Pass it to the cache and to the manager. */
  store(store: SessionStore): EncryptedStore;
  /** The shared tier of a cache, such as `redisShared()`, with encrypted copies. */
  shared(tier: SharedTier): SharedTier;
  /** The shared tier of a context, such as `redisEntities()`, with encrypted copies. */
  entities(tier: SharedEntities): SharedEntities;
}

/**
 * Creates the encryption of an application, from its secrets for data at rest. Use others than the session manager's: they
 * are kept in another place than the database, and changed at other times.
 *
 * @throws UsageError for an unknown option; CoatcheckError `VALIDATION_FAILED` without a secret, or for one of fewer than 16
 *   characters.
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
