import type { SharedTier } from "../cache/shared/tier.ts";
import type { SharedEntities } from "../context/shared.ts";
import { parseJson } from "../session/json.ts";
import type { ResolvedEncryptionOptions } from "./options.ts";
import type { RecordCipher } from "./record-cipher.ts";

/**
 * Wraps a shared tier of sessions and encrypts the copies in it. Treats a copy that cannot be decrypted as missing: the
 * cache then reads the store.
 */
export function encryptTier(tier: SharedTier, cipher: RecordCipher): SharedTier {
  return {
    async get(key) {
      const found = await tier.get(key);
      const record = found && cipher.decryptCopy(found.record);
      return found && record && { record, position: found.position };
    },
    fill: async (key, { record, position }) =>
      await tier.fill(key, { record: cipher.encrypt(record), position }),
    tombstone: (key) => tier.tombstone(key),
    publish: (hint) => tier.publish(hint),
    subscribe: (listener) => tier.subscribe(listener),
    close: () => tier.close(),
  };
}

/** Wraps a shared tier of a context's entities and encrypts their values. */
export function encryptEntities(
  tier: SharedEntities,
  { ring, acceptPlaintext, onFault }: ResolvedEncryptionOptions,
): SharedEntities {
  return {
    async get(key) {
      const found = await tier.get(key);
      if (found === null) return null;
      const { value } = found;
      if (typeof value !== "string" || !value.startsWith(ENCRYPTED_PREFIX)) {
        if (acceptPlaintext) return found;
        onFault({ kind: "entity", id: key, reason: "plaintext" });
        return null;
      }
      const { text, fault } = ring.tryDecrypt(value.slice(ENCRYPTED_PREFIX.length), associatedDataOf(key));
      const decrypted = fault === null ? parseJson(text) : null;
      if (decrypted !== null && decrypted !== undefined) return { ...found, value: decrypted };
      // Return null, so that the context loads the entity again. A missing secret thus costs one load and is not an
      // error.
      onFault({ kind: "entity", id: key, reason: fault ?? "altered" });
      return null;
    },
    async set(key, entity, ttl) {
      const value = ENCRYPTED_PREFIX + ring.encrypt(JSON.stringify(entity.value), associatedDataOf(key));
      await tier.set(key, { ...entity, value }, ttl);
    },
  };
}

/** The prefix of an encrypted value. Distinguishes it from a string of the application. */
const ENCRYPTED_PREFIX = "coatcheck:encrypted:";

/** Returns the associated data of the encryption (AAD): the entity and the field that contains the ciphertext. */
function associatedDataOf(key: string): string {
  return `entity:${key}:value`;
}
