import {
  CoatcheckError,
  compareNewestFirst,
  isLive,
  isSessionId,
  type LogItem,
  pageOf,
  type RevocationScope,
  readPageRequest,
  requireFilter,
  requireKey,
  requireScope,
  type SessionFilter,
  type SessionRecord,
  type SessionStore,
} from "coatcheck";
import { open } from "lmdb";

type Row = { record: SessionRecord; revokedAt: number | null };
type LogEntry = { item: LogItem; at: number };

export function lmdbStore(path: string): SessionStore {
  const database = open({ path, encoding: "json", noSubdir: true });
  const rows = database.openDB<Row, string>({ name: "rows", encoding: "json" });
  const log = database.openDB<LogEntry, number>({ name: "log", encoding: "json" });
  const counters = database.openDB<number, string>({ name: "counters", encoding: "json" });
  let isOpen = true;

  // A transaction excludes all others, even those of other processes, and is on the disk when the promise resolves.
  const atomically = async <Result>(act: () => Result): Promise<Result> => {
    if (!isOpen) throw new CoatcheckError("STORE_UNAVAILABLE", "The session store is closed.");
    try {
      return database.transactionSync(act);
    } catch (error) {
      throw new CoatcheckError("STORE_UNAVAILABLE", "LMDB failed.", { cause: error });
    }
  };
  // LMDB limits the length of a key, and a malformed id must count as missing.
  const rowOf = (id: string) => (isSessionId(id) ? rows.get(id) : undefined);
  const end = () => counters.get("end") ?? 1;
  const append = (createItem: (position: number) => LogItem) => {
    const position = end();
    log.putSync(position, { item: createItem(position), at: Date.now() });
    counters.putSync("end", position + 1);
    return position;
  };
  const save = (record: SessionRecord, revokedAt: number | null = null) =>
    rows.putSync(record.id, { record, revokedAt });
  // Reads every row, which is fast enough for some thousand sessions. For more, keep an index of each filter.
  const select = (matches: (record: SessionRecord) => boolean) =>
    Array.from(rows.getRange(), ({ value }) => value.record).filter(matches);

  return {
    get: (id) =>
      atomically(() => {
        const row = rowOf(id);
        return row ? { record: row.record, position: end() } : null;
      }),
    put: async (given, { expectedVersion, change, sessionLimit: limit }) => {
      const record = structuredClone(given);
      return await atomically(() => {
        const stored = rowOf(record.id)?.record;
        if (stored && stored.state !== "active") return "conflict";
        if ((stored?.version ?? 0) !== expectedVersion) return "conflict";
        const isSibling = ({ id, subject }: SessionRecord) => id !== record.id && subject === record.subject;
        if (limit && record.subject !== null) {
          const others = select((each) => isSibling(each) && isLive(each, limit.now));
          if (others.length >= limit.max) return "over-limit";
        }
        save({ ...record, lastSeenAt: Math.max(record.lastSeenAt, stored?.lastSeenAt ?? 0) });
        if (change === "privilege")
          append((position) => ({ position, session: record.id, minVersion: record.version }));
        return "stored";
      });
    },
    touch: (touches) =>
      atomically(() => {
        for (const { id, lastSeenAt } of touches) {
          const record = rowOf(id)?.record;
          if (record?.state === "active" && record.lastSeenAt < lastSeenAt) save({ ...record, lastSeenAt });
        }
      }),
    revoke: async (scope, reason) => {
      requireScope(scope);
      return await atomically(() => {
        const revoked = select((record) => record.state === "active" && isInScope(record, scope));
        for (const record of revoked)
          save({ ...record, state: "revoked", reason, version: record.version + 1 }, Date.now());
        const [first] = revoked;
        if (!first) return 0;
        append((position) =>
          "session" in scope
            ? { position, session: first.id, minVersion: first.version + 1 }
            : { position, scope },
        );
        return revoked.length;
      });
    },
    invalidate: async (key) => {
      requireKey(key);
      return await atomically(() => append((position) => ({ position, key })));
    },
    list: async (filter, page) => {
      requireFilter(filter);
      const { limit, after } = readPageRequest(page);
      const isAfter = (record: SessionRecord) => !after || compareNewestFirst(after, record) < 0;
      const found = await atomically(() => select((record) => matches(record, filter) && isAfter(record)));
      return pageOf(found.sort(compareNewestFirst), limit);
    },
    stats: (now) =>
      atomically(() => {
        const live = select((record) => isLive(record, now)).sort(compareNewestFirst);
        const authenticated = live.filter(({ type }) => type === "authenticated").length;
        const [newest, oldest] = [live[0]?.createdAt ?? null, live.at(-1)?.createdAt ?? null];
        return { total: rows.getCount(), active: live.length, authenticated, oldest, newest, countedAt: now };
      }),
    changes: (cursor) =>
      atomically(() => {
        if (cursor === null) return { items: [], cursor: end() };
        const items = Array.from(log.getRange({ start: cursor }), ({ value }) => value.item);
        return { items, cursor: Math.max(cursor, end()) };
      }),
    sweep: (before, limit) =>
      atomically(() => {
        for (const { key, value } of Array.from(log.getRange())) if (value.at < before) log.removeSync(key);
        const ended = Array.from(rows.getRange()).filter(({ value: { record, revokedAt } }) =>
          revokedAt === null ? !isLive(record, before - 1) : revokedAt < before,
        );
        for (const { key } of ended.slice(0, limit)) rows.removeSync(key);
        return Math.min(ended.length, limit);
      }),
    close: async () => {
      if (isOpen) await database.close();
      isOpen = false;
    },
  };
}

function isInScope(record: SessionRecord, scope: RevocationScope): boolean {
  if ("session" in scope) return record.id === scope.session;
  if ("subject" in scope) return record.subject === scope.subject && record.id !== scope.except;
  return "everyone" in scope || record.tenant === scope.tenant;
}

function matches(record: SessionRecord, { liveAt, ...fields }: SessionFilter): boolean {
  const names = Object.keys(fields) as (keyof typeof fields)[];
  const isEqual = names.every((name) => record[name] === fields[name]);
  return isEqual && (liveAt === undefined || isLive(record, liveAt));
}
