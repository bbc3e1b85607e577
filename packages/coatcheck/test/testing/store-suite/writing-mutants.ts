import { setImmediate } from "node:timers/promises";
import type { PutOptions, SessionRecord, SessionStore } from "coatcheck";
import { makeRecord } from "coatcheck/testing";
import { createMutant, createOverlayMutant, type Mutant } from "./mutant.ts";

function createPutMutant(
  put: (store: SessionStore, ...args: Parameters<SessionStore["put"]>) => ReturnType<SessionStore["put"]>,
) {
  return createMutant((store) => ({ put: (record, options) => put(store, record, options) }));
}

async function readStoredVersion(store: SessionStore, id: string): Promise<number> {
  return (await store.get(id))?.record.version ?? 0;
}

/** Returns a mutant whose `put` replaces a revoked session if `isExpected` returns true. */
function createRevivingMutant(isExpected: (stored: SessionRecord, options: PutOptions) => boolean): Mutant {
  return createOverlayMutant((store, overlay) => ({
    async put(record, options) {
      const stored = (await store.get(record.id))?.record;
      if (stored?.state !== "revoked" || !isExpected(stored, options))
        return await store.put(record, options);
      overlay.set(record.id, record);
      return "stored";
    },
  }));
}

/** Returns a mutant that counts sessions with `count` when it checks the session limit. */
function createSessionLimitMutant(
  count: (store: SessionStore, record: SessionRecord, now: number) => Promise<number>,
  { pause = false } = {},
): Mutant {
  return createPutMutant(async (store, record, { sessionLimit, ...options }) => {
    const isExpected = (await readStoredVersion(store, record.id)) === options.expectedVersion;
    if (sessionLimit && isExpected && (await count(store, record, sessionLimit.now)) >= sessionLimit.max)
      return "over-limit";
    if (pause) await setImmediate();
    return await store.put(record, options);
  });
}

async function countOtherLiveSessions(
  store: SessionStore,
  { subject, id }: SessionRecord,
  now: number,
): Promise<number> {
  const { records } = await store.list({ subject: subject ?? "", liveAt: now }, { limit: 1000 });
  return records.filter((record) => record.id !== id).length;
}

/** Faults of `put` and `touch`. */
export const writingMutants = {
  "put copies the record a turn later": createPutMutant(async (store, record, options) => {
    await null;
    return await store.put(record, options);
  }),
  "put merges data": createPutMutant(async (store, record, options) => {
    const stored = (await store.get(record.id))?.record;
    return await store.put({ ...record, data: { ...stored?.data, ...record.data } }, options);
  }),
  "put creates a session that it should update": createPutMutant(async (store, record, options) => {
    const exists = (await readStoredVersion(store, record.id)) > 0;
    return await store.put(record, exists ? options : { ...options, expectedVersion: 0 });
  }),
  "put replaces a session that it should create": createPutMutant(async (store, record, options) => {
    const version = await readStoredVersion(store, record.id);
    return await store.put(
      record,
      options.expectedVersion === 0 ? { ...options, expectedVersion: version } : options,
    );
  }),
  "put ignores the expected version": createPutMutant(async (store, record, options) => {
    const version = await readStoredVersion(store, record.id);
    return await store.put(record, { ...options, expectedVersion: version });
  }),
  "put compares first and sets later": createPutMutant(async (store, record, options) => {
    if ((await readStoredVersion(store, record.id)) !== options.expectedVersion) return "conflict";
    await setImmediate();
    return await store.put(record, {
      ...options,
      expectedVersion: await readStoredVersion(store, record.id),
    });
  }),
  "put revives a revoked session": createRevivingMutant(
    (stored, options) => stored.version === options.expectedVersion,
  ),
  "put creates under the id of a revoked session": createRevivingMutant(
    (_, options) => options.expectedVersion === 0,
  ),
  "put moves lastSeenAt back": createOverlayMutant((store, overlay) => ({
    async put(record, options) {
      overlay.set(record.id, record);
      return await store.put(record, options);
    },
  })),
  "put logs changes of data": createPutMutant((store, record, options) =>
    store.put(record, { ...options, change: "privilege" }),
  ),
  "put logs nothing": createPutMutant((store, record, options) =>
    store.put(record, { ...options, change: "data" }),
  ),
  "put ignores the session limit": createPutMutant((store, record, { sessionLimit, ...options }) =>
    store.put(record, options),
  ),
  "the session limit is checked before the write": createSessionLimitMutant(countOtherLiveSessions, {
    pause: true,
  }),
  "the session limit counts ended sessions": createSessionLimitMutant(async (store, { subject, id }) => {
    const { records } = await store.list({ subject: subject ?? "" }, { limit: 1000 });
    return records.filter((record) => record.id !== id).length;
  }),
  "the session limit counts the stored session twice": createSessionLimitMutant(
    async (store, record, now) => {
      const others = await countOtherLiveSessions(store, record, now);
      return record.version > 1 ? others + 1 : others;
    },
  ),
  "the session limit is reported before a conflict": createPutMutant(async (store, record, options) => {
    const { sessionLimit } = options;
    const others = sessionLimit ? await countOtherLiveSessions(store, record, sessionLimit.now) : 0;
    return sessionLimit && others >= sessionLimit.max ? "over-limit" : await store.put(record, options);
  }),

  "touch overwrites lastSeenAt of any session": createOverlayMutant((store, overlay) => ({
    async touch(touches) {
      for (const { id, lastSeenAt } of touches) {
        const stored = (await store.get(id))?.record;
        if (stored) overlay.set(id, { ...stored, lastSeenAt });
      }
    },
  })),
  "touch increments the version": createMutant((store) => ({
    async touch(touches) {
      for (const { id, lastSeenAt } of touches) {
        const stored = (await store.get(id))?.record;
        if (!stored || lastSeenAt < stored.lastSeenAt) continue;
        const next = { ...stored, lastSeenAt, version: stored.version + 1 };
        await store.put(next, { expectedVersion: stored.version, change: "data" });
      }
    },
  })),
  "touch creates missing sessions": createMutant((store) => ({
    async touch(touches) {
      for (const { id } of touches)
        await store.put(makeRecord({ id }), { expectedVersion: 0, change: "data" });
      await store.touch(touches);
    },
  })),
  "touch stops at a missing session": createMutant((store) => ({
    async touch(touches) {
      for (const touch of touches) {
        if (!(await store.get(touch.id))) return;
        await store.touch([touch]);
      }
    },
  })),
  "touch writes the last of two touches": createOverlayMutant((store, overlay) => ({
    async touch(touches) {
      for (const { id, lastSeenAt } of touches) {
        const stored = (await store.get(id))?.record;
        if (stored && stored.lastSeenAt < lastSeenAt) overlay.set(id, { ...stored, lastSeenAt });
      }
    },
  })),
  "touch does nothing": createMutant(() => ({ touch: async () => {} })),
  "touch writes at most fifty sessions": createMutant((store) => ({
    touch: (touches) => store.touch(touches.slice(0, 50)),
  })),
  "close ends writes in flight": createPutMutant(async (store, record, options) => {
    await setImmediate();
    return await store.put(record, options);
  }),
  "close leaves the store open": createMutant(() => ({ close: async () => {} })),
  "close fails the second time": createMutant((store) => {
    let isOpen = true;
    return {
      async close() {
        if (!isOpen) throw new Error("not open");
        isOpen = false;
        await store.close();
      },
    };
  }),
  "a closed store throws the driver's error": createMutant((store) => ({
    async stats(now) {
      try {
        return await store.stats(now);
      } catch {
        throw new Error("connection closed");
      }
    },
  })),
} satisfies Record<string, Mutant>;
