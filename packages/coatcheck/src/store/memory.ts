/**
 * A session store in the memory of one process, for tests and for development. It implements the whole `SessionStore`
 * contract except durability: all sessions are lost when the process exits.
 *
 * @example
 * import { SessionManager } from "coatcheck";
 * import { memoryStore } from "coatcheck/store/memory";
 *
 * const sessions = new SessionManager({ store: memoryStore(), secrets: ["a long random secret"] });
 * const { token } = await sessions.create({ subject: "user-7" });
 *
 * @module
 */
import { type Clock, systemClock } from "../session/clock.ts";
import { CoatcheckError } from "../session/errors.ts";
import { endsAt, isLive, type RevokeReason, type SessionRecord } from "../session/record.ts";
import type { LogItem, RevocationScope, SessionFilter, SessionStore } from "../session/store.ts";
import { compareNewestFirst, pageOf, readPageRequest } from "./page.ts";

/** A log item with the time at which it was appended, which `sweep` compares. */
interface LogEntry {
  readonly item: LogItem;
  readonly at: number;
}

/** A stored session. */
interface Row {
  readonly record: SessionRecord;
  /** Epoch milliseconds of the revocation; null while the session is active. */
  readonly revokedAt: number | null;
}

/**
 * Creates a session store in the memory of this process. Use it for tests, or for a single process that may lose all
 * sessions when it exits. Records that the store returns are deeply frozen.
 *
 * @param options - `clock` supplies the time of each revocation, which `sweep` compares. Default: the system clock.
 */
export function memoryStore(options: { readonly clock?: Clock } = {}): SessionStore {
  const { clock = systemClock } = options;
  const rows = new Map<string, Row>();
  const bySubject = new Map<string, Set<string>>();
  const log: LogEntry[] = [];
  let position = 1;
  let isOpen = true;

  function requireOpen(): void {
    if (!isOpen) throw new CoatcheckError("STORE_UNAVAILABLE", "The session store is closed.");
  }

  function save(record: SessionRecord, revokedAt: number | null = null): void {
    const before = rows.get(record.id)?.record;
    if (before?.subject !== record.subject) {
      if (before) unindex(before);
      if (record.subject !== null) {
        const ids = bySubject.get(record.subject) ?? new Set();
        bySubject.set(record.subject, ids.add(record.id));
      }
    }
    rows.set(record.id, { record: deepFreeze(record), revokedAt });
  }

  function unindex({ id, subject }: SessionRecord): void {
    if (subject === null) return;
    const ids = bySubject.get(subject);
    ids?.delete(id);
    if (ids?.size === 0) bySubject.delete(subject);
  }

  function append(item: (at: number) => LogItem): void {
    log.push({ item: deepFreeze(item(position)), at: clock.now() });
    position++;
  }

  /**
   * The records that may match, narrowed down by the best index: id, then subject. The caller checks each of them.
   */
  function candidates(search: RevocationScope | SessionFilter): SessionRecord[] {
    if ("session" in search) return present([search.session]);
    if ("subject" in search && search.subject !== undefined)
      return present(bySubject.get(search.subject) ?? []);
    return Array.from(rows.values(), ({ record }) => record);
  }

  function present(ids: Iterable<string>): SessionRecord[] {
    return Array.from(ids).flatMap((id) => rows.get(id)?.record ?? []);
  }

  function countLive(subject: string, now: number, except: string): number {
    return candidates({ subject }).filter((record) => record.id !== except && isLive(record, now)).length;
  }

  function markRevoked(record: SessionRecord, reason: RevokeReason): void {
    save({ ...record, state: "revoked", reason, version: record.version + 1 }, clock.now());
  }

  return {
    async get(id) {
      requireOpen();
      const row = rows.get(id);
      return row ? { record: row.record, position } : null;
    },

    async put(record, { expectedVersion, change, limit }) {
      requireOpen();
      const stored = rows.get(record.id)?.record;
      const isExpected = stored
        ? stored.state === "active" && stored.version === expectedVersion
        : expectedVersion === 0;
      if (!isExpected) return "conflict";
      if (limit && record.subject !== null) {
        if (countLive(record.subject, limit.now, record.id) >= limit.most) return "over-limit";
      }
      const lastSeenAt = Math.max(stored?.lastSeenAt ?? record.lastSeenAt, record.lastSeenAt);
      save({ ...structuredClone(record), lastSeenAt });
      if (change === "privilege") {
        append((at) => ({ position: at, session: record.id, leastVersion: record.version }));
      }
      return "stored";
    },

    async touch(touches) {
      requireOpen();
      for (const { id, lastSeenAt } of touches) {
        const record = rows.get(id)?.record;
        if (record?.state === "active" && record.lastSeenAt < lastSeenAt) save({ ...record, lastSeenAt });
      }
    },

    async revoke(scope, reason) {
      requireOpen();
      const matching = candidates(scope).filter(
        (record) => record.state === "active" && isInScope(record, scope),
      );
      const [first] = matching;
      if (!first) return 0;
      for (const record of matching) markRevoked(record, reason);
      append((at) =>
        "session" in scope
          ? { position: at, session: scope.session, leastVersion: first.version + 1 }
          : { position: at, scope: { ...scope } },
      );
      return matching.length;
    },

    async list(filter, page) {
      requireOpen();
      const { limit, after } = readPageRequest(page);
      const found = candidates(filter)
        .filter((record) => matches(record, filter) && (!after || compareNewestFirst(after, record) < 0))
        .sort(compareNewestFirst);
      return pageOf(found, limit);
    },

    async stats(now) {
      requireOpen();
      const live = candidates({}).filter((record) => isLive(record, now));
      live.sort(compareNewestFirst);
      return {
        total: rows.size,
        active: live.length,
        authenticated: live.filter(({ type }) => type === "authenticated").length,
        oldest: live.at(-1)?.createdAt ?? null,
        newest: live[0]?.createdAt ?? null,
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
      const kept = log.findIndex(({ at }) => at >= before);
      log.splice(0, kept === -1 ? log.length : kept);
      let count = 0;
      for (const { record, revokedAt } of rows.values()) {
        if (count === limit) break;
        if ((revokedAt ?? endsAt(record)) >= before) continue;
        unindex(record);
        rows.delete(record.id);
        count++;
      }
      return count;
    },

    async close() {
      isOpen = false;
    },
  };
}

function isInScope(record: SessionRecord, scope: RevocationScope): boolean {
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

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
