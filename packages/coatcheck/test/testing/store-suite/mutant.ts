import type { Clock, SessionRecord, SessionStore } from "coatcheck";
import { memoryStore } from "coatcheck/store/memory";

/** Creates a memory store with one fault. */
export type Mutant = () => SessionStore;

/** A memory store whose methods are replaced by those that `change` returns. */
export function mutant(change: (store: SessionStore) => Partial<SessionStore>, clock?: Clock): Mutant {
  return () => {
    const store = memoryStore(clock ? { clock } : {});
    return { ...store, ...change(store) };
  };
}

/** A memory store whose `get` and `list` return records as `change` alters them. */
export function recordMutant(change: (record: SessionRecord) => SessionRecord): Mutant {
  return mutant((store) => ({
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
 * A memory store whose `get` returns, for some sessions, other records than those in the store. `change` returns the
 * methods that put them into the map.
 */
export function overlayMutant(
  change: (store: SessionStore, overlay: Map<string, SessionRecord>) => Partial<SessionStore>,
): Mutant {
  return mutant((store) => {
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

/** All stored sessions. */
export async function allSessions(store: SessionStore): Promise<readonly SessionRecord[]> {
  return (await store.list({}, { limit: 1000 })).records;
}
