import { setImmediate } from "node:timers/promises";
import { isLive, isSessionId, type SessionRecord, type SessionStore, type Snapshot } from "coatcheck";
import { makeRecord } from "coatcheck/testing";
import { createMutant, createOverlayMutant, createRecordMutant, type Mutant } from "./mutant.ts";

/**
 * Returns a mutant whose `get` reads the row first and the end of the log afterwards. `pause` delays the second read.
 */
function createRowFirstMutant(pause: () => Promise<unknown> | null): Mutant {
  return createMutant((store) => ({
    async get(id) {
      const copy = await store.get(id);
      await pause();
      return copy && { ...copy, position: (await store.changes(null)).cursor };
    },
  }));
}

/**
 * A mutant whose `get` still returns the active record for one turn of the event loop after the revocation's log item
 * is visible.
 */
const logFirstMutant = createOverlayMutant((store, overlay) => ({
  async revoke(scope, reason) {
    const { records } = await store.list({ state: "active" }, { limit: 1000 });
    for (const record of records) overlay.set(record.id, record);
    const count = await store.revoke(scope, reason);
    await setImmediate();
    overlay.clear();
    return count;
  },
}));

function createHidingMutant(isHidden: (record: SessionRecord) => boolean): Mutant {
  return createMutant((store) => ({
    async get(id) {
      const copy = await store.get(id);
      return copy && isHidden(copy.record) ? null : copy;
    },
  }));
}

/** Faults of `get`, and of the records that `get` and `list` return. */
export const readingMutants = {
  "get reads the row a microtask before the end of the log": createRowFirstMutant(() => null),
  "get reads the row a turn before the end of the log": createRowFirstMutant(() => setImmediate()),
  "the log item is visible before the revoked row": logFirstMutant,
  "get returns position 0": createMutant((store) => ({
    async get(id) {
      const copy = await store.get(id);
      return copy && { ...copy, position: 0 };
    },
  })),
  "positions of get decrease": createMutant((store) => {
    let position = 1000;
    return {
      async get(id) {
        const copy = await store.get(id);
        return copy && { ...copy, position: position-- };
      },
    };
  }),
  "get returns cached records": createMutant((store) => {
    const copies = new Map<string, Snapshot>();
    return {
      async get(id) {
        const copy = copies.get(id) ?? (await store.get(id));
        if (copy) copies.set(id, copy);
        return copy;
      },
    };
  }),
  "get returns a record for a missing session": createMutant((store) => ({
    get: async (id) => (await store.get(id)) ?? { record: makeRecord(), position: 1 },
  })),
  "get hides expired sessions": createHidingMutant(
    (record) => record.state === "active" && !isLive(record, Date.now()),
  ),
  "get hides revoked sessions": createHidingMutant(({ state }) => state === "revoked"),
  "get returns the object that put received": createOverlayMutant((store, overlay) => ({
    async put(record, options) {
      overlay.set(record.id, record);
      return await store.put(record, options);
    },
  })),
  "list returns the stored object": createMutant((store) => {
    let copy: SessionRecord | undefined;
    return {
      async list(filter, request) {
        const page = await store.list(filter, request);
        copy ??= structuredClone(page.records[0]);
        return { ...page, records: copy ? [copy] : [] };
      },
    };
  }),
  "a field is lost": createRecordMutant((record) => ({ ...record, metadata: {} })),
  "list leaves data out": createMutant((store) => ({
    async list(filter, request) {
      const page = await store.list(filter, request);
      return { ...page, records: page.records.map((record) => ({ ...record, data: {} })) };
    },
  })),
  "names of data are sorted": createMutant((store) => ({
    put: (record, options) =>
      store.put({ ...record, data: Object.fromEntries(Object.entries(record.data).sort()) }, options),
  })),
  "long data is cut": createRecordMutant((record) =>
    JSON.stringify(record.data).length > 1000 ? { ...record, data: {} } : record,
  ),
  "ids are compared in lower case": respellId((id) => id.toLowerCase()),
  "ids are compared without blanks": respellId((id) => id.trim()),
  "ids are parsed like a uuid of PostgreSQL": respellId((id) => id.replaceAll(/[{}]/g, "")),
  "get throws for a malformed id": createMutant((store) => ({
    async get(id) {
      if (!isSessionId(id)) throw new Error("invalid input syntax for type uuid");
      return await store.get(id);
    },
  })),
} satisfies Record<string, Mutant>;

function respellId(respell: (id: string) => string): Mutant {
  return createMutant((store: SessionStore) => ({ get: (id) => store.get(respell(id)) }));
}
