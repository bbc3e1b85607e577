import type { Clock, SessionRecord, SessionStore } from "coatcheck";
import { memoryStore } from "coatcheck/store/memory";

/** Creates a memory store with one fault. */
export type Mutant = () => SessionStore;

/** Returns a mutant: a memory store with some methods replaced by the methods that `change` returns. */
export function createMutant(change: (store: SessionStore) => Partial<SessionStore>, clock?: Clock): Mutant {
  return () => {
    const store = memoryStore(clock ? { clock } : {});
    return { ...store, ...change(store) };
  };
}

/** Returns a mutant: a memory store whose `get` and `list` apply `change` to each record. */
export function createRecordMutant(change: (record: SessionRecord) => SessionRecord): Mutant {
  return createMutant((store) => ({
    async get(id) {
      const copy = await store.get(id);
      return copy && { ...copy, record: change(copy.record) };
    },
    async list(filter, request) {
      const page = await store.list(filter, request);
      return { ...page, records: page.records.map(change) };
    },
  }));
}

/**
 * Returns a mutant: a memory store whose `get` returns the records of a map instead of the stored records. The methods
 * that `change` returns fill the map.
 */
export function createOverlayMutant(
  change: (store: SessionStore, overlay: Map<string, SessionRecord>) => Partial<SessionStore>,
): Mutant {
  return createMutant((store) => {
    const overlay = new Map<string, SessionRecord>();
    return {
      async get(id) {
        const copy = await store.get(id);
        return copy && { ...copy, record: overlay.get(id) ?? copy.record };
      },
      ...change(store, overlay),
    };
  });
}

/** Reads all stored sessions. */
export async function readAllSessions(store: SessionStore): Promise<readonly SessionRecord[]> {
  return (await store.list({}, { limit: 1000 })).records;
}
