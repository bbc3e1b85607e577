import { CoatcheckError } from "../session/errors.ts";
import { endsAt, isLive, type RevokeReason, type SessionRecord } from "../session/record.ts";
import type { LogItem, RevocationScope, SessionFilter, SessionStore } from "../session/store.ts";
import { compareNewestFirst, encodeCursor, readPageRequest } from "./page.ts";

/** A log item and when it was written, for the sweep. */
interface LogEntry {
  readonly item: LogItem;
  readonly at: number;
}

/**
 * Sessions in this process's memory: for tests, and for a single process that may forget everyone when it ends.
 * It keeps the whole contract, but for surviving the process. `clock` dates the log for the sweep.
 */
export function memoryStore(clock: { now(): number } = { now: Date.now }): SessionStore {
  const records = new Map<string, SessionRecord>();
  const bySubject = new Map<string, Set<string>>();
  const log: LogEntry[] = [];
  let position = 0;
  let isOpen = true;

  function requireOpen(): void {
    if (!isOpen) throw new CoatcheckError("STORE_UNAVAILABLE", "The session store has been closed.");
  }

  function save(record: SessionRecord): void {
    const before = records.get(record.id);
    if (before?.subject !== record.subject) {
      if (before) unindex(before);
      if (record.subject !== null) {
        const ids = bySubject.get(record.subject) ?? new Set();
        bySubject.set(record.subject, ids.add(record.id));
      }
    }
    records.set(record.id, deepFreeze(record));
  }

  function unindex({ id, subject }: SessionRecord): void {
    if (subject === null) return;
    const ids = bySubject.get(subject);
    ids?.delete(id);
    if (ids?.size === 0) bySubject.delete(subject);
  }

  function append(item: LogItem): void {
    log.push({ item, at: clock.now() });
    position++;
  }

  function* candidates(filter: { subject?: string | undefined }): Generator<SessionRecord> {
    if (filter.subject === undefined) return yield* records.values();
    for (const id of bySubject.get(filter.subject) ?? []) {
      const record = records.get(id);
      if (record) yield record;
    }
  }

  function countLive(subject: string, now: number, except: string): number {
    let count = 0;
    for (const record of candidates({ subject })) {
      if (record.id !== except && isLive(record, now)) count++;
    }
    return count;
  }

  function end(record: SessionRecord, reason: RevokeReason): SessionRecord {
    const ended = { ...record, state: "revoked", reason, version: record.version + 1 } as const;
    save(ended);
    return ended;
  }

  return {
    async get(id) {
      requireOpen();
      const record = records.get(id);
      return record ? { record, position } : null;
    },

    async put(record, { expectedVersion, change, limit }) {
      requireOpen();
      const stored = records.get(record.id);
      const isExpected = stored
        ? stored.state === "active" && stored.version === expectedVersion
        : expectedVersion === 0;
      if (!isExpected) return "conflict";
      if (limit && record.subject !== null) {
        if (countLive(record.subject, limit.now, record.id) >= limit.most) return "over-limit";
      }
      save(structuredClone(record));
      if (change === "privilege") append({ position, session: record.id, leastVersion: record.version });
      return "stored";
    },

    async touch(touches) {
      requireOpen();
      for (const { id, lastSeenAt } of touches) {
        const record = records.get(id);
        if (record?.state === "active" && record.lastSeenAt < lastSeenAt) save({ ...record, lastSeenAt });
      }
    },

    async revoke(scope, reason) {
      requireOpen();
      const ended: SessionRecord[] = [];
      for (const record of [...candidates("subject" in scope ? scope : {})]) {
        if (record.state === "active" && isWithin(record, scope)) ended.push(end(record, reason));
      }
      if (!("session" in scope)) append({ position, scope });
      else if (ended[0]) append({ position, session: scope.session, leastVersion: ended[0].version });
      return ended.length;
    },

    async list(filter, page) {
      requireOpen();
      const { limit, after } = readPageRequest(page);
      const found = [...candidates(filter)]
        .filter((record) => matches(record, filter) && (!after || compareNewestFirst(after, record) < 0))
        .sort(compareNewestFirst);
      const shown = found.slice(0, limit);
      const last = shown.at(-1);
      return { records: shown, next: last && found.length > limit ? encodeCursor(last) : null };
    },

    async stats(now) {
      requireOpen();
      const live = [...records.values()].filter((record) => isLive(record, now));
      const created = live.map(({ createdAt }) => createdAt);
      return {
        total: records.size,
        active: live.length,
        authenticated: live.filter(({ subject }) => subject !== null).length,
        oldest: created.length > 0 ? created.reduce((left, right) => Math.min(left, right)) : null,
        newest: created.length > 0 ? created.reduce((left, right) => Math.max(left, right)) : null,
      };
    },

    async changes(cursor) {
      requireOpen();
      if (cursor === null) return { items: [], cursor: position };
      const first = log.findIndex(({ item }) => item.position >= cursor);
      return { items: first === -1 ? [] : log.slice(first).map(({ item }) => item), cursor: position };
    },

    async sweep(before, limit) {
      requireOpen();
      while (log[0] && log[0].at < before) log.shift();
      let count = 0;
      for (const record of records.values()) {
        if (count === limit) break;
        if (!hasEndedBefore(record, before)) continue;
        unindex(record);
        records.delete(record.id);
        count++;
      }
      return count;
    },

    async close() {
      isOpen = false;
    },
  };
}

function isWithin(record: SessionRecord, scope: RevocationScope): boolean {
  if ("session" in scope) return record.id === scope.session;
  if ("subject" in scope) return record.subject === scope.subject && record.id !== scope.except;
  return "everyone" in scope || record.tenant === scope.tenant;
}

function matches(record: SessionRecord, { liveAt, ...filter }: SessionFilter): boolean {
  const fields = Object.entries(filter) as [keyof typeof filter, unknown][];
  return (
    fields.every(([name, value]) => value === undefined || record[name] === value) &&
    (liveAt === undefined || isLive(record, liveAt))
  );
}

/** A revoked row ended, for the sweep, when it was last seen or later: its timeouts still bound how long it is kept. */
function hasEndedBefore(record: SessionRecord, before: number): boolean {
  return (record.state === "revoked" ? record.lastSeenAt : endsAt(record)) < before;
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
