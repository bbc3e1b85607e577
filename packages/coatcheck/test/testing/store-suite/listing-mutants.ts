import { setImmediate } from "node:timers/promises";
import {
  compareNewestFirst,
  type SessionFilter,
  type SessionRecord,
  type SessionStore,
  type StoreStats,
} from "coatcheck";
import { createMutant, type Mutant, readAllSessions } from "./mutant.ts";

const HOUR = 3_600_000;

type List = SessionStore["list"];

function createListMutant(
  list: (store: SessionStore, ...args: Parameters<List>) => ReturnType<List>,
): Mutant {
  return createMutant((store) => ({ list: (filter, page) => list(store, filter, page) }));
}

/** Compares a text with a pattern like the operator LIKE of SQL, with the wildcard %. */
function matchesPattern(pattern: string, text: string): boolean {
  return pattern === "%" || pattern === text;
}

function createIgnoredFieldMutant(field: keyof SessionFilter): Mutant {
  return createListMutant((store, { [field]: _, ...filter }, page) => store.list(filter, page));
}

/** Returns a mutant that sorts by `compare`, and whose cursor is the number of rows before the page. */
function createOffsetMutant(compare: (left: SessionRecord, right: SessionRecord) => number): Mutant {
  return createListMutant(async (store, filter, { limit, cursor = "0" }) => {
    const records = (await store.list(filter, { limit: 1000 })).records.toSorted(compare);
    const end = Number(cursor) + limit;
    return { records: records.slice(Number(cursor), end), next: end < records.length ? String(end) : null };
  });
}

function createStatsMutant(change: (stats: StoreStats) => Partial<StoreStats>): Mutant {
  return createMutant((store) => ({
    async stats(now) {
      const stats = await store.stats(now);
      return { ...stats, ...change(stats) };
    },
  }));
}

function createSweepMutant(
  sweep: (store: SessionStore, before: number, limit: number) => Promise<number>,
): Mutant {
  return createMutant((store) => ({ sweep: (before, limit) => sweep(store, before, limit) }));
}

/** Faults of `list`, `stats` and `sweep`. */
export const listingMutants = {
  "list ignores subject": createIgnoredFieldMutant("subject"),
  "list ignores tenant": createIgnoredFieldMutant("tenant"),
  "list ignores visitorId": createIgnoredFieldMutant("visitorId"),
  "list ignores parentId": createIgnoredFieldMutant("parentId"),
  "list ignores owner": createIgnoredFieldMutant("owner"),
  "list ignores type": createIgnoredFieldMutant("type"),
  "list ignores state": createIgnoredFieldMutant("state"),
  "list ignores liveAt": createIgnoredFieldMutant("liveAt"),
  "liveAt selects revoked sessions": createListMutant(async (store, { liveAt, ...filter }, page) => {
    const found = await store.list(filter, page);
    const isLive = ({ expiresAt, lastSeenAt, idleTimeout }: SessionRecord) =>
      liveAt === undefined || liveAt < Math.min(expiresAt, lastSeenAt + idleTimeout);
    return { ...found, records: found.records.filter(isLive) };
  }),
  "list filters by the first value of a field": createMutant((store) => {
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
  "list treats a subject as a pattern": createListMutant(async (store, { subject, ...filter }, page) => {
    const found = await store.list(filter, page);
    const matches = ({ subject: stored }: SessionRecord) =>
      subject === undefined || (stored !== null && matchesPattern(subject, stored));
    return { ...found, records: found.records.filter(matches) };
  }),
  "revoke treats a tenant as a pattern": createMutant((store) => ({
    async revoke(scope, reason) {
      if (!("tenant" in scope)) return await store.revoke(scope, reason);
      const tenants = new Set((await readAllSessions(store)).flatMap(({ tenant }) => tenant ?? []));
      const matching = [...tenants].filter((tenant) => matchesPattern(scope.tenant, tenant));
      const counts = await Promise.all(matching.map((tenant) => store.revoke({ tenant }, reason)));
      return counts.reduce((left, right) => left + right, 0);
    },
  })),
  "list ignores undefined filters": createListMutant((store, filter, page) => {
    const fields = Object.entries(filter ?? {}).filter(([, value]) => value !== undefined);
    return store.list(Object.fromEntries(fields), page);
  }),
  "list has a default page": createListMutant((store, filter, page) =>
    store.list(filter, Object.assign({ limit: 10 }, page)),
  ),
  "list sorts oldest first": createOffsetMutant((left, right) => compareNewestFirst(right, left)),
  "list sorts by createdAt only": createOffsetMutant(
    (left, right) => right.createdAt - left.createdAt || (left.id < right.id ? -1 : 1),
  ),
  "list pages by offset": createOffsetMutant(compareNewestFirst),
  "the last page has a cursor for a next page": createListMutant(async (store, filter, page) => {
    const found = await store.list(filter, page);
    return { ...found, next: found.next ?? "more" };
  }),
  "list restarts for a malformed cursor": createListMutant(async (store, filter, { limit, cursor }) => {
    try {
      return await store.list(filter, cursor === undefined ? { limit } : { limit, cursor });
    } catch {
      return await store.list(filter, { limit });
    }
  }),
  "list clamps the limit": createListMutant((store, filter, page) =>
    store.list(filter, { ...page, limit: Math.min(1000, Math.max(1, Math.floor(page.limit) || 1)) }),
  ),

  "stats counts ended sessions as active": createStatsMutant(({ total }) => ({ active: total })),
  "stats counts live sessions as authenticated": createStatsMutant(({ active }) => ({
    authenticated: active,
  })),
  "stats swaps oldest and newest": createStatsMutant(({ oldest, newest }) => ({
    oldest: newest,
    newest: oldest,
  })),
  "stats omits ended sessions": createStatsMutant(({ active }) => ({ total: active })),
  "stats returns 0 for no oldest session": createStatsMutant(({ oldest }) => ({ oldest: oldest ?? 0 })),
  "stats reports its own time": createStatsMutant(() => ({ countedAt: Date.now() })),
  "stats returns the first count again": createMutant((store) => {
    let first: Promise<StoreStats> | undefined;
    return { stats: (now) => (first ??= store.stats(now)) };
  }),

  "sweep deletes sessions that ended up to an hour later": createSweepMutant((store, before, limit) =>
    store.sweep(before + HOUR, limit),
  ),
  "sweep deletes sessions that ended exactly at the given time": createSweepMutant((store, before, limit) =>
    store.sweep(before + 1, limit),
  ),
  "sweep ignores the limit": createSweepMutant((store, before) => store.sweep(before, 1000)),
  "sweep deletes nothing": createSweepMutant(async () => 0),
  "sweep deletes at most fifty sessions": createSweepMutant((store, before, limit) =>
    store.sweep(before, Math.min(limit, 50)),
  ),
  "sweep counts before it deletes": createSweepMutant(async (store, before, limit) => {
    const ended = (await readAllSessions(store)).filter(
      ({ lastSeenAt, idleTimeout }) => lastSeenAt + idleTimeout < before,
    );
    await setImmediate();
    await store.sweep(before, limit);
    return Math.min(limit, ended.length);
  }),
  "sweep deletes revoked sessions at once": createMutant(() => ({}), { now: () => 0 }),
  "sweep deletes revoked sessions at their timeout": createMutant(() => ({}), {
    now: () => Number.MAX_SAFE_INTEGER,
  }),
  "sweep keeps the log": createMutant((store) => {
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
  "sweep restarts the positions": createMutant((store) => {
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
