import { setImmediate } from "node:timers/promises";
import type { PutOptions, SessionRecord, SessionStore } from "coatcheck";
import { makeRecord } from "coatcheck/testing";
import { type Mutant, mutant, overlayMutant } from "./mutant.ts";

function putMutant(
  put: (store: SessionStore, ...args: Parameters<SessionStore["put"]>) => ReturnType<SessionStore["put"]>,
) {
  return mutant((store) => ({ put: (record, options) => put(store, record, options) }));
}

async function storedVersion(store: SessionStore, id: string): Promise<number> {
  return (await store.get(id))?.record.version ?? 0;
}

/** Lets `put` replace a revoked session if `isExpected` returns true. */
function revivingMutant(isExpected: (stored: SessionRecord, options: PutOptions) => boolean): Mutant {
  return overlayMutant((store, overlay) => ({
    async put(record, options) {
      const stored = (await store.get(record.id))?.record;
      if (stored?.state !== "revoked" || !isExpected(stored, options))
        return await store.put(record, options);
      overlay.set(record.id, record);
      return "stored";
    },
  }));
}

/** Checks the session limit with `count` instead of the store's own check. */
function sessionLimitMutant(
  count: (store: SessionStore, record: SessionRecord, now: number) => Promise<number>,
  { pause = false } = {},
): Mutant {
  return putMutant(async (store, record, { sessionLimit, ...options }) => {
    const isExpected = (await storedVersion(store, record.id)) === options.expectedVersion;
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
  "put copies the record a turn later": putMutant(async (store, record, options) => {
    await null;
    return await store.put(record, options);
  }),
  "put merges data": putMutant(async (store, record, options) => {
    const stored = (await store.get(record.id))?.record;
    return await store.put({ ...record, data: { ...stored?.data, ...record.data } }, options);
  }),
  "put creates a session that it should update": putMutant(async (store, record, options) => {
    const exists = (await storedVersion(store, record.id)) > 0;
    return await store.put(record, exists ? options : { ...options, expectedVersion: 0 });
  }),
  "put replaces a session that it should create": putMutant(async (store, record, options) => {
    const version = await storedVersion(store, record.id);
    return await store.put(
      record,
      options.expectedVersion === 0 ? { ...options, expectedVersion: version } : options,
    );
  }),
  "put ignores the expected version": putMutant(async (store, record, options) => {
    const version = await storedVersion(store, record.id);
    return await store.put(record, { ...options, expectedVersion: version });
  }),
  "put compares first and sets later": putMutant(async (store, record, options) => {
    if ((await storedVersion(store, record.id)) !== options.expectedVersion) return "conflict";
    await setImmediate();
    return await store.put(record, { ...options, expectedVersion: await storedVersion(store, record.id) });
  }),
  "put revives a revoked session": revivingMutant(
    (stored, options) => stored.version === options.expectedVersion,
  ),
  "put creates under the id of a revoked session": revivingMutant(
    (_, options) => options.expectedVersion === 0,
  ),
  "put moves lastSeenAt back": overlayMutant((store, overlay) => ({
    async put(record, options) {
      overlay.set(record.id, record);
      return await store.put(record, options);
    },
  })),
  "put logs changes of data": putMutant((store, record, options) =>
    store.put(record, { ...options, change: "privilege" }),
  ),
  "put logs nothing": putMutant((store, record, options) =>
    store.put(record, { ...options, change: "data" }),
  ),
  "put ignores the session limit": putMutant((store, record, { sessionLimit, ...options }) =>
    store.put(record, options),
  ),
  "the session limit is checked before the write": sessionLimitMutant(countOtherLiveSessions, {
    pause: true,
  }),
  "the session limit counts ended sessions": sessionLimitMutant(async (store, { subject, id }) => {
    const { records } = await store.list({ subject: subject ?? "" }, { limit: 1000 });
    return records.filter((record) => record.id !== id).length;
  }),
  "the session limit counts the stored session twice": sessionLimitMutant(async (store, record, now) => {
    const others = await countOtherLiveSessions(store, record, now);
    return record.version > 1 ? others + 1 : others;
  }),
  "the session limit is reported before a conflict": putMutant(async (store, record, options) => {
    const { sessionLimit } = options;
    const others = sessionLimit ? await countOtherLiveSessions(store, record, sessionLimit.now) : 0;
    return sessionLimit && others >= sessionLimit.max ? "over-limit" : await store.put(record, options);
  }),

  "touch overwrites lastSeenAt of any session": overlayMutant((store, overlay) => ({
    async touch(touches) {
      for (const { id, lastSeenAt } of touches) {
        const stored = (await store.get(id))?.record;
        if (stored) overlay.set(id, { ...stored, lastSeenAt });
      }
    },
  })),
  "touch increments the version": mutant((store) => ({
    async touch(touches) {
      for (const { id, lastSeenAt } of touches) {
        const stored = (await store.get(id))?.record;
        if (!stored || lastSeenAt < stored.lastSeenAt) continue;
        const next = { ...stored, lastSeenAt, version: stored.version + 1 };
        await store.put(next, { expectedVersion: stored.version, change: "data" });
      }
    },
  })),
  "touch creates missing sessions": mutant((store) => ({
    async touch(touches) {
      for (const { id } of touches)
        await store.put(makeRecord({ id }), { expectedVersion: 0, change: "data" });
      await store.touch(touches);
    },
  })),
  "touch stops at a missing session": mutant((store) => ({
    async touch(touches) {
      for (const touch of touches) {
        if (!(await store.get(touch.id))) return;
        await store.touch([touch]);
      }
    },
  })),
  "touch writes the last of two touches": overlayMutant((store, overlay) => ({
    async touch(touches) {
      for (const { id, lastSeenAt } of touches) {
        const stored = (await store.get(id))?.record;
        if (stored && stored.lastSeenAt < lastSeenAt) overlay.set(id, { ...stored, lastSeenAt });
      }
    },
  })),
  "touch does nothing": mutant(() => ({ touch: async () => {} })),
  "touch writes at most fifty sessions": mutant((store) => ({
    touch: (touches) => store.touch(touches.slice(0, 50)),
  })),
  "close ends writes in flight": putMutant(async (store, record, options) => {
    await setImmediate();
    return await store.put(record, options);
  }),
  "close leaves the store open": mutant(() => ({ close: async () => {} })),
  "close fails the second time": mutant((store) => {
    let isOpen = true;
    return {
      async close() {
        if (!isOpen) throw new Error("not open");
        isOpen = false;
        await store.close();
      },
    };
  }),
  "a closed store throws the driver's error": mutant((store) => ({
    async stats(now) {
      try {
        return await store.stats(now);
      } catch {
        throw new Error("connection closed");
      }
    },
  })),
} satisfies Record<string, Mutant>;
