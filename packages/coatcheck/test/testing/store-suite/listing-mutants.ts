import { setImmediate } from "node:timers/promises";
import {
  compareNewestFirst,
  type SessionFilter,
  type SessionRecord,
  type SessionStore,
  type StoreStats,
} from "coatcheck";
import { allSessions, type Mutant, mutant } from "./mutant.ts";

const HOUR = 3_600_000;

type List = SessionStore["list"];

function listMutant(list: (store: SessionStore, ...args: Parameters<List>) => ReturnType<List>): Mutant {
  return mutant((store) => ({ list: (filter, page) => list(store, filter, page) }));
}

/** Compares like SQL's operator LIKE, with the wildcard %. */
function matchesPattern(pattern: string, text: string): boolean {
  return pattern === "%" || pattern === text;
}

function ignoredFieldMutant(field: keyof SessionFilter): Mutant {
  return listMutant((store, { [field]: _, ...filter }, page) => store.list(filter, page));
}

/** Returns a mutant that sorts by `compare` and pages by offset, the number of rows before the page. */
function pagesByOffset(compare: (left: SessionRecord, right: SessionRecord) => number): Mutant {
  return listMutant(async (store, filter, { limit, cursor = "0" }) => {
    const records = (await store.list(filter, { limit: 1000 })).records.toSorted(compare);
    const end = Number(cursor) + limit;
    return { records: records.slice(Number(cursor), end), next: end < records.length ? String(end) : null };
  });
}

function statsMutant(change: (stats: StoreStats) => Partial<StoreStats>): Mutant {
  return mutant((store) => ({
    async stats(now) {
      const stats = await store.stats(now);
      return { ...stats, ...change(stats) };
    },
  }));
}

function sweepMutant(sweep: (store: SessionStore, before: number, limit: number) => Promise<number>): Mutant {
  return mutant((store) => ({ sweep: (before, limit) => sweep(store, before, limit) }));
}

/** Faults of `list`, `stats` and `sweep`. */
export const listingMutants = {
  "list ignores subject": ignoredFieldMutant("subject"),
  "list ignores tenant": ignoredFieldMutant("tenant"),
  "list ignores visitorId": ignoredFieldMutant("visitorId"),
  "list ignores parentId": ignoredFieldMutant("parentId"),
  "list ignores owner": ignoredFieldMutant("owner"),
  "list ignores type": ignoredFieldMutant("type"),
  "list ignores state": ignoredFieldMutant("state"),
  "list ignores liveAt": ignoredFieldMutant("liveAt"),
  "liveAt selects revoked sessions": listMutant(async (store, { liveAt, ...filter }, page) => {
    const found = await store.list(filter, page);
    const isLive = ({ expiresAt, lastSeenAt, idleTimeout }: SessionRecord) =>
      liveAt === undefined || liveAt < Math.min(expiresAt, lastSeenAt + idleTimeout);
    return { ...found, records: found.records.filter(isLive) };
  }),
  "list filters by the first value of a field": mutant((store) => {
    const first = new Map<string, SessionRecord>();
    return {
      async put(record, options) {
        if (!first.has(record.id)) first.set(record.id, record);
        return await store.put(record, options);
      },
      async list(filter, page) {
        const found = await store.list({}, page);
        const names = Object.keys(filter) as (keyof SessionRecord & keyof SessionFilter)[];
        const matches = ({ id }: SessionRecord) =>
          names.every((name) => first.get(id)?.[name] === filter[name]);
        return { ...found, records: found.records.filter(matches) };
      },
    };
  }),
  "list treats a subject as a pattern": listMutant(async (store, { subject, ...filter }, page) => {
    const found = await store.list(filter, page);
    const matches = ({ subject: stored }: SessionRecord) =>
      subject === undefined || (stored !== null && matchesPattern(subject, stored));
    return { ...found, records: found.records.filter(matches) };
  }),
  "revoke treats a tenant as a pattern": mutant((store) => ({
    async revoke(scope, reason) {
      if (!("tenant" in scope)) return await store.revoke(scope, reason);
      const tenants = new Set((await allSessions(store)).flatMap(({ tenant }) => tenant ?? []));
      const matching = [...tenants].filter((tenant) => matchesPattern(scope.tenant, tenant));
      const counts = await Promise.all(matching.map((tenant) => store.revoke({ tenant }, reason)));
      return counts.reduce((left, right) => left + right, 0);
    },
  })),
  "list ignores undefined filters": listMutant((store, filter, page) => {
    const fields = Object.entries(filter ?? {}).filter(([, value]) => value !== undefined);
    return store.list(Object.fromEntries(fields), page);
  }),
  "list has a default page": listMutant((store, filter, page) =>
    store.list(filter, Object.assign({ limit: 10 }, page)),
  ),
  "list sorts oldest first": pagesByOffset((left, right) => compareNewestFirst(right, left)),
  "list sorts by createdAt only": pagesByOffset(
    (left, right) => right.createdAt - left.createdAt || (left.id < right.id ? -1 : 1),
  ),
  "list pages by offset": pagesByOffset(compareNewestFirst),
  "the last page has a cursor for a next page": listMutant(async (store, filter, page) => {
    const found = await store.list(filter, page);
    return { ...found, next: found.next ?? "more" };
  }),
  "list restarts for a malformed cursor": listMutant(async (store, filter, { limit, cursor }) => {
    try {
      return await store.list(filter, cursor === undefined ? { limit } : { limit, cursor });
    } catch {
      return await store.list(filter, { limit });
    }
  }),
  "list clamps the limit": listMutant((store, filter, page) =>
    store.list(filter, { ...page, limit: Math.min(1000, Math.max(1, Math.floor(page.limit) || 1)) }),
  ),

  "stats counts ended sessions as active": statsMutant(({ total }) => ({ active: total })),
  "stats counts live sessions as authenticated": statsMutant(({ active }) => ({ authenticated: active })),
  "stats swaps oldest and newest": statsMutant(({ oldest, newest }) => ({ oldest: newest, newest: oldest })),
  "stats omits ended sessions": statsMutant(({ active }) => ({ total: active })),
  "stats returns 0 for no oldest session": statsMutant(({ oldest }) => ({ oldest: oldest ?? 0 })),
  "stats reports its own time": statsMutant(() => ({ countedAt: Date.now() })),
  "stats returns the first count again": mutant((store) => {
    let first: Promise<StoreStats> | undefined;
    return { stats: (now) => (first ??= store.stats(now)) };
  }),

  "sweep deletes sessions that ended up to an hour later": sweepMutant((store, before, limit) =>
    store.sweep(before + HOUR, limit),
  ),
  "sweep deletes sessions that ended exactly at the given time": sweepMutant((store, before, limit) =>
    store.sweep(before + 1, limit),
  ),
  "sweep ignores the limit": sweepMutant((store, before) => store.sweep(before, 1000)),
  "sweep deletes nothing": sweepMutant(async () => 0),
  "sweep deletes at most fifty sessions": sweepMutant((store, before, limit) =>
    store.sweep(before, Math.min(limit, 50)),
  ),
  "sweep counts before it deletes": sweepMutant(async (store, before, limit) => {
    const ended = (await allSessions(store)).filter(
      ({ lastSeenAt, idleTimeout }) => lastSeenAt + idleTimeout < before,
    );
    await setImmediate();
    await store.sweep(before, limit);
    return Math.min(limit, ended.length);
  }),
  "sweep deletes revoked sessions at once": mutant(() => ({}), { now: () => 0 }),
  "sweep deletes revoked sessions at their timeout": mutant(() => ({}), {
    now: () => Number.MAX_SAFE_INTEGER,
  }),
  "sweep keeps the log": mutant((store) => {
    const start = store.changes(null);
    let log = start.then(({ items }) => [...items]);
    return {
      async sweep(before, limit) {
        const { cursor } = await start;
        const { items } = await store.changes(cursor);
        log = log.then((kept) => [...kept, ...items]);
        return await store.sweep(before, limit);
      },
      async changes(cursor) {
        const page = await store.changes(cursor);
        return cursor === null ? page : { ...page, items: [...(await log), ...page.items] };
      },
    };
  }),
  "sweep restarts the positions": mutant((store) => {
    let swept = 0;
    return {
      async sweep(before, limit) {
        const count = await store.sweep(before, limit);
        const { items, cursor } = await store.changes(0);
        if (items.length === 0) swept = cursor - 1;
        return count;
      },
      async changes(cursor) {
        const page = await store.changes(cursor);
        return { ...page, cursor: page.cursor - swept };
      },
    };
  }),
} satisfies Record<string, Mutant>;
