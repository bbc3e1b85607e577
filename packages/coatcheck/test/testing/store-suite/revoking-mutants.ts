import { setImmediate } from "node:timers/promises";
import type { LogItem, RevocationScope, SessionRecord, SessionStore } from "coatcheck";
import { allSessions, type Mutant, mutant, overlayMutant, recordMutant } from "./mutant.ts";

type Revoke = SessionStore["revoke"];

function revokeMutant(
  revoke: (store: SessionStore, ...args: Parameters<Revoke>) => ReturnType<Revoke>,
): Mutant {
  return mutant((store) => ({ revoke: (scope, reason) => revoke(store, scope, reason) }));
}

function revokedRecords(change: (record: SessionRecord) => SessionRecord): Mutant {
  return recordMutant((record) => (record.state === "revoked" ? change(record) : record));
}

function itemMutant(change: (item: LogItem) => readonly LogItem[]): Mutant {
  return mutant((store) => ({
    async changes(cursor) {
      const page = await store.changes(cursor);
      return { ...page, items: page.items.flatMap(change) };
    },
  }));
}

/** Returns a mutant whose log has an item for each call of `revoke` that revoked no session. */
function logsEmptyRevocations(isLogged: (scope: RevocationScope) => boolean): Mutant {
  return mutant((store) => {
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
 * Lets later writes change a session that a mass revocation has ended. Stores that write one row per mass revocation
 * are likely to have this fault.
 */
const revivesAfterMassRevocation = overlayMutant((store, overlay) => ({
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
  "revoke keeps the version": revokedRecords((record) => ({ ...record, version: record.version - 1 })),
  "revoke stores no reason": revokedRecords((record) => ({ ...record, reason: null })),
  "revoke changes lastSeenAt": revokedRecords((record) => ({ ...record, lastSeenAt: record.lastSeenAt + 1 })),
  "revoke counts revoked sessions": revokeMutant(async (store, scope, reason) => {
    const isStored = "session" in scope && (await store.get(scope.session)) !== null;
    const count = await store.revoke(scope, reason);
    return isStored ? 1 : count;
  }),
  "revoke counts missing sessions": revokeMutant(async (store, scope, reason) => {
    return Math.max(1, await store.revoke(scope, reason));
  }),
  "revoke ends every session": revokeMutant((store, _, reason) => store.revoke({ everyone: true }, reason)),
  "revoke of a subject ends one session": revokeMutant(async (store, scope, reason) => {
    if (!("subject" in scope)) return await store.revoke(scope, reason);
    const { records } = await store.list({ subject: scope.subject, state: "active" }, { limit: 1 });
    return records[0] ? await store.revoke({ session: records[0].id }, reason) : 0;
  }),
  "revoke ends the excepted session": revokeMutant((store, scope, reason) =>
    store.revoke("subject" in scope ? { subject: scope.subject } : scope, reason),
  ),
  "revoke of a tenant ends other sessions": revokeMutant(async (store, scope, reason) => {
    return await store.revoke("tenant" in scope ? { everyone: true } : scope, reason);
  }),
  "revoke of everyone ends authenticated sessions": revokeMutant(async (store, scope, reason) => {
    if (!("everyone" in scope)) return await store.revoke(scope, reason);
    const { records } = await store.list({ type: "authenticated", state: "active" }, { limit: 1000 });
    const counts = await Promise.all(records.map(({ id }) => store.revoke({ session: id }, reason)));
    return counts.reduce((left, right) => left + right, 0);
  }),
  "a mass revocation logs each session": revokeMutant(async (store, scope, reason) => {
    const before = await allSessions(store);
    const isInScope = (record: SessionRecord) =>
      "everyone" in scope ||
      ("tenant" in scope && record.tenant === scope.tenant) ||
      ("subject" in scope && record.subject === scope.subject);
    if ("session" in scope) return await store.revoke(scope, reason);
    const ids = before.filter(isInScope).map(({ id }) => id);
    const counts = await Promise.all(ids.map((id) => store.revoke({ session: id }, reason)));
    return counts.reduce((left, right) => left + right, 0);
  }),
  "revoke resolves before the commit": revokeMutant(async (store, scope, reason) => {
    const isActive = "session" in scope && (await store.get(scope.session))?.record.state === "active";
    setImmediate()
      .then(() => store.revoke(scope, reason))
      .catch(() => {});
    return isActive ? 1 : 0;
  }),
  "revoke counts before it revokes": revokeMutant(async (store, scope, reason) => {
    const isActive = "session" in scope && (await store.get(scope.session))?.record.state === "active";
    await setImmediate();
    const count = await store.revoke(scope, reason);
    return isActive ? 1 : count;
  }),
  "revoke gives up when the row has changed": revokeMutant(async (store, scope, reason) => {
    if (!("session" in scope)) return await store.revoke(scope, reason);
    const before = await store.get(scope.session);
    await setImmediate();
    const now = await store.get(scope.session);
    return before?.record.version === now?.record.version ? await store.revoke(scope, reason) : 0;
  }),
  "revoke accepts an undefined scope": revokeMutant(async (store, scope, reason) => {
    const isEmpty = Object.values(scope ?? {}).every((value) => value === undefined);
    return await store.revoke(isEmpty ? { everyone: true } : scope, reason);
  }),
  "a mass revocation ends later sessions too": overlayMutant((store, overlay) => {
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
  "a session that joins a revoked tenant is revoked": mutant((store) => {
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
  "put revives a session that a mass revocation ended": revivesAfterMassRevocation,
  "revoke finds a session by its first subject": mutant((store) => {
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

  "the log omits revocations of single sessions": itemMutant((item) => ("session" in item ? [] : [item])),
  "the log omits mass revocations": itemMutant((item) => ("scope" in item ? [] : [item])),
  "the log omits invalidations of keys": itemMutant((item) => ("key" in item ? [] : [item])),
  "the log items of keys have a position that is too low": itemMutant((item) => [
    "key" in item ? { ...item, position: item.position - 1 } : item,
  ]),
  "keys are stored as UTF-8": itemMutant((item) => [
    "key" in item ? { ...item, key: item.key.toWellFormed() } : item,
  ]),
  "invalidate touches the sessions": mutant((store) => ({
    async invalidate(key) {
      const touched = await allSessions(store);
      await store.touch(touched.map(({ id, lastSeenAt }) => ({ id, lastSeenAt: lastSeenAt + 1 })));
      return await store.invalidate(key);
    },
  })),
  "invalidate logs a repeated key once": mutant((store) => {
    const positions = new Map<string, Promise<number>>();
    return {
      async invalidate(key) {
        const position = positions.get(key) ?? store.invalidate(key);
        positions.set(key, position);
        return await position;
      },
    };
  }),
  "invalidate accepts every key": mutant((store) => ({
    invalidate: (key) => store.invalidate(String(key).slice(0, 512) || "none"),
  })),
  "invalidate returns the end of the log": mutant((store) => ({
    async invalidate(key) {
      await store.invalidate(key);
      return (await store.changes(null)).cursor;
    },
  })),
  "invalidate resolves before the commit": mutant((store) => ({
    async invalidate(key) {
      setImmediate()
        .then(() => store.invalidate(key))
        .catch(() => {});
      return (await store.changes(null)).cursor;
    },
  })),
  "the log omits the excepted session of a revocation": itemMutant((item) =>
    "scope" in item && "subject" in item.scope
      ? [{ ...item, scope: { subject: item.scope.subject } }]
      : [item],
  ),
  "the log names the version before the revocation": itemMutant((item) =>
    "minVersion" in item ? [{ ...item, minVersion: item.minVersion - 1 }] : [item],
  ),
  "the log has an item for a missing session": logsEmptyRevocations((scope) => "session" in scope),
  "the log has an item for a subject without sessions": logsEmptyRevocations((scope) => "subject" in scope),
  "changes(null) returns the log": mutant((store) => ({ changes: (cursor) => store.changes(cursor ?? 0) })),
  "changes(null) returns a position past the end": mutant((store) => ({
    async changes(cursor) {
      return cursor === null ? { items: [], cursor: Number.MAX_SAFE_INTEGER } : await store.changes(cursor);
    },
  })),
  "changes returns the given cursor": mutant((store) => ({
    async changes(cursor) {
      const page = await store.changes(cursor);
      return cursor === null ? page : { ...page, cursor };
    },
  })),
  "changes returns a lower cursor": mutant((store) => ({
    async changes(cursor) {
      const page = await store.changes(cursor);
      return page.items.length === 0 && cursor !== null ? { ...page, cursor: cursor - 1 } : page;
    },
  })),
  "changes omits the newest item": mutant((store) => ({
    async changes(cursor) {
      const page = await store.changes(cursor);
      return { ...page, items: page.items.slice(0, -1) };
    },
  })),
  "changes returns the result of the previous call": mutant((store) => {
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
