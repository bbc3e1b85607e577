import { setImmediate } from "node:timers/promises";
import type { LogItem, RevocationScope, SessionRecord, SessionStore } from "coatcheck";
import {
  createMutant,
  createOverlayMutant,
  createRecordMutant,
  type Mutant,
  readAllSessions,
} from "./mutant.ts";

type Revoke = SessionStore["revoke"];

function createRevokeMutant(
  revoke: (store: SessionStore, ...args: Parameters<Revoke>) => ReturnType<Revoke>,
): Mutant {
  return createMutant((store) => ({ revoke: (scope, reason) => revoke(store, scope, reason) }));
}

function createRevokedRecordMutant(change: (record: SessionRecord) => SessionRecord): Mutant {
  return createRecordMutant((record) => (record.state === "revoked" ? change(record) : record));
}

function createLogItemMutant(change: (item: LogItem) => readonly LogItem[]): Mutant {
  return createMutant((store) => ({
    async changes(cursor) {
      const page = await store.changes(cursor);
      return { ...page, items: page.items.flatMap(change) };
    },
  }));
}

/** Returns a mutant whose log also has items for calls of `revoke` that revoked no session, if `isLogged` accepts their
 * scope. */
function createEmptyRevocationMutant(isLogged: (scope: RevocationScope) => boolean): Mutant {
  return createMutant((store) => {
    const extra: LogItem[] = [];
    return {
      async revoke(scope, reason) {
        const count = await store.revoke(scope, reason);
        if (count === 0 && isLogged(scope)) {
          const { cursor } = await store.changes(null);
          extra.push({ position: cursor, session: "none", minVersion: 1 });
        }
        return count;
      },
      async changes(cursor) {
        const page = await store.changes(cursor);
        return cursor === null ? page : { ...page, items: [...page.items, ...extra] };
      },
    };
  });
}

/**
 * A mutant in which later writes change a session that a mass revocation has ended. A store that writes one row per
 * mass revocation can easily have this fault.
 */
const revivingMassRevocationMutant = createOverlayMutant((store, overlay) => ({
  async put(record, options) {
    const stored = (await store.get(record.id))?.record;
    if (stored?.state !== "revoked" || stored.tenant === record.tenant)
      return await store.put(record, options);
    overlay.set(record.id, record);
    return "stored";
  },
}));

/** Faults of `revoke` and of the log. */
export const revokingMutants = {
  "revoke keeps the version": createRevokedRecordMutant((record) => ({
    ...record,
    version: record.version - 1,
  })),
  "revoke stores no reason": createRevokedRecordMutant((record) => ({ ...record, reason: null })),
  "revoke changes lastSeenAt": createRevokedRecordMutant((record) => ({
    ...record,
    lastSeenAt: record.lastSeenAt + 1,
  })),
  "revoke counts revoked sessions": createRevokeMutant(async (store, scope, reason) => {
    const isStored = "session" in scope && (await store.get(scope.session)) !== null;
    const count = await store.revoke(scope, reason);
    return isStored ? 1 : count;
  }),
  "revoke counts missing sessions": createRevokeMutant(async (store, scope, reason) => {
    return Math.max(1, await store.revoke(scope, reason));
  }),
  "revoke ends every session": createRevokeMutant((store, _, reason) =>
    store.revoke({ everyone: true }, reason),
  ),
  "revoke of a subject ends one session": createRevokeMutant(async (store, scope, reason) => {
    if (!("subject" in scope)) return await store.revoke(scope, reason);
    const { records } = await store.list({ subject: scope.subject, state: "active" }, { limit: 1 });
    return records[0] ? await store.revoke({ session: records[0].id }, reason) : 0;
  }),
  "revoke ends the excepted session": createRevokeMutant((store, scope, reason) =>
    store.revoke("subject" in scope ? { subject: scope.subject } : scope, reason),
  ),
  "revoke of a tenant ends other sessions": createRevokeMutant(async (store, scope, reason) => {
    return await store.revoke("tenant" in scope ? { everyone: true } : scope, reason);
  }),
  "revoke of everyone ends authenticated sessions": createRevokeMutant(async (store, scope, reason) => {
    if (!("everyone" in scope)) return await store.revoke(scope, reason);
    const { records } = await store.list({ type: "authenticated", state: "active" }, { limit: 1000 });
    const counts = await Promise.all(records.map(({ id }) => store.revoke({ session: id }, reason)));
    return counts.reduce((left, right) => left + right, 0);
  }),
  "a mass revocation logs each session": createRevokeMutant(async (store, scope, reason) => {
    const before = await readAllSessions(store);
    const isInScope = (record: SessionRecord) =>
      "everyone" in scope ||
      ("tenant" in scope && record.tenant === scope.tenant) ||
      ("subject" in scope && record.subject === scope.subject);
    if ("session" in scope) return await store.revoke(scope, reason);
    const ids = before.filter(isInScope).map(({ id }) => id);
    const counts = await Promise.all(ids.map((id) => store.revoke({ session: id }, reason)));
    return counts.reduce((left, right) => left + right, 0);
  }),
  "revoke resolves before the commit": createRevokeMutant(async (store, scope, reason) => {
    const isActive = "session" in scope && (await store.get(scope.session))?.record.state === "active";
    setImmediate()
      .then(() => store.revoke(scope, reason))
      .catch(() => {});
    return isActive ? 1 : 0;
  }),
  "revoke counts before it revokes": createRevokeMutant(async (store, scope, reason) => {
    const isActive = "session" in scope && (await store.get(scope.session))?.record.state === "active";
    await setImmediate();
    const count = await store.revoke(scope, reason);
    return isActive ? 1 : count;
  }),
  "revoke gives up when the row has changed": createRevokeMutant(async (store, scope, reason) => {
    if (!("session" in scope)) return await store.revoke(scope, reason);
    const before = await store.get(scope.session);
    await setImmediate();
    const now = await store.get(scope.session);
    return before?.record.version === now?.record.version ? await store.revoke(scope, reason) : 0;
  }),
  "revoke accepts an undefined scope": createRevokeMutant(async (store, scope, reason) => {
    const isEmpty = Object.values(scope ?? {}).every((value) => value === undefined);
    return await store.revoke(isEmpty ? { everyone: true } : scope, reason);
  }),
  "a mass revocation ends later sessions too": createOverlayMutant((store, overlay) => {
    let isRevoked = false;
    return {
      async revoke(scope, reason) {
        isRevoked ||= !("session" in scope);
        return await store.revoke(scope, reason);
      },
      async put(record, options) {
        if (isRevoked) overlay.set(record.id, { ...record, state: "revoked", reason: "admin" });
        return await store.put(record, options);
      },
    };
  }),
  "a session that joins a revoked tenant is revoked": createMutant((store) => {
    const revoked = new Set<string>();
    return {
      async revoke(scope, reason) {
        if ("tenant" in scope) revoked.add(scope.tenant);
        return await store.revoke(scope, reason);
      },
      async put(record, options) {
        const outcome = await store.put(record, options);
        if (options.expectedVersion > 0 && record.tenant !== null && revoked.has(record.tenant)) {
          await store.revoke({ session: record.id }, "admin");
        }
        return outcome;
      },
    };
  }),
  "put revives a session that a mass revocation ended": revivingMassRevocationMutant,
  "revoke finds a session by its first subject": createMutant((store) => {
    const first = new Map<string, string | null>();
    return {
      async put(record, options) {
        if (!first.get(record.id)) first.set(record.id, record.subject);
        return await store.put(record, options);
      },
      async revoke(scope, reason) {
        if (!("subject" in scope)) return await store.revoke(scope, reason);
        const ids = [...first].filter(([, subject]) => subject === scope.subject).map(([id]) => id);
        const counts = await Promise.all(ids.map((id) => store.revoke({ session: id }, reason)));
        return counts.reduce((left, right) => left + right, 0);
      },
    };
  }),

  "the log omits revocations of single sessions": createLogItemMutant((item) =>
    "session" in item ? [] : [item],
  ),
  "the log omits mass revocations": createLogItemMutant((item) => ("scope" in item ? [] : [item])),
  "the log omits invalidations of keys": createLogItemMutant((item) => ("key" in item ? [] : [item])),
  "the log items of keys have a position that is too low": createLogItemMutant((item) => [
    "key" in item ? { ...item, position: item.position - 1 } : item,
  ]),
  "keys are stored as UTF-8": createLogItemMutant((item) => [
    "key" in item ? { ...item, key: item.key.toWellFormed() } : item,
  ]),
  "invalidate touches the sessions": createMutant((store) => ({
    async invalidate(key) {
      const touched = await readAllSessions(store);
      await store.touch(touched.map(({ id, lastSeenAt }) => ({ id, lastSeenAt: lastSeenAt + 1 })));
      return await store.invalidate(key);
    },
  })),
  "invalidate logs a repeated key once": createMutant((store) => {
    const positions = new Map<string, Promise<number>>();
    return {
      async invalidate(key) {
        const position = positions.get(key) ?? store.invalidate(key);
        positions.set(key, position);
        return await position;
      },
    };
  }),
  "invalidate accepts every key": createMutant((store) => ({
    invalidate: (key) => store.invalidate(String(key).slice(0, 512) || "none"),
  })),
  "invalidate returns the end of the log": createMutant((store) => ({
    async invalidate(key) {
      await store.invalidate(key);
      return (await store.changes(null)).cursor;
    },
  })),
  "invalidate resolves before the commit": createMutant((store) => ({
    async invalidate(key) {
      setImmediate()
        .then(() => store.invalidate(key))
        .catch(() => {});
      return (await store.changes(null)).cursor;
    },
  })),
  "the log omits the excepted session of a revocation": createLogItemMutant((item) =>
    "scope" in item && "subject" in item.scope
      ? [{ ...item, scope: { subject: item.scope.subject } }]
      : [item],
  ),
  "the log names the version before the revocation": createLogItemMutant((item) =>
    "minVersion" in item ? [{ ...item, minVersion: item.minVersion - 1 }] : [item],
  ),
  "the log has an item for a missing session": createEmptyRevocationMutant((scope) => "session" in scope),
  "the log has an item for a subject without sessions": createEmptyRevocationMutant(
    (scope) => "subject" in scope,
  ),
  "changes(null) returns the log": createMutant((store) => ({
    changes: (cursor) => store.changes(cursor ?? 0),
  })),
  "changes(null) returns a position past the end": createMutant((store) => ({
    async changes(cursor) {
      return cursor === null ? { items: [], cursor: Number.MAX_SAFE_INTEGER } : await store.changes(cursor);
    },
  })),
  "changes returns the given cursor": createMutant((store) => ({
    async changes(cursor) {
      const page = await store.changes(cursor);
      return cursor === null ? page : { ...page, cursor };
    },
  })),
  "changes returns a lower cursor": createMutant((store) => ({
    async changes(cursor) {
      const page = await store.changes(cursor);
      return page.items.length === 0 && cursor !== null ? { ...page, cursor: cursor - 1 } : page;
    },
  })),
  "changes omits the newest item": createMutant((store) => ({
    async changes(cursor) {
      const page = await store.changes(cursor);
      return { ...page, items: page.items.slice(0, -1) };
    },
  })),
  "changes returns the result of the previous call": createMutant((store) => {
    let previous = store.changes(null);
    return {
      async changes(cursor) {
        if (cursor === null) return await store.changes(null);
        const page = await previous;
        previous = store.changes(page.cursor);
        return page;
      },
    };
  }),
} satisfies Record<string, Mutant>;
