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
import { type KnownOptions, requireKnownOptions } from "../session/known-options.ts";
import { compareNewestFirst, pageOf, readPageRequest } from "../session/page.ts";
import { endsAt, isLive, type RevokeReason, type SessionRecord } from "../session/record.ts";
import { requireFilter, requireKey, requireScope } from "../session/scope.ts";
import type {
  LogItem,
  LogPage,
  LogPosition,
  Page,
  PageRequest,
  PutOptions,
  PutOutcome,
  RevocationScope,
  SessionFilter,
  SessionStore,
  Snapshot,
  StoreStats,
  Touch,
} from "../session/store.ts";

/** A log item, with the time at which it was appended. `sweep` uses this time to find the log items to delete. */
interface LogEntry {
  readonly item: LogItem;
  readonly at: number;
}

/** A stored session. */
interface StoredSession {
  readonly record: SessionRecord;
  /** Epoch milliseconds of the revocation; null while the session is active. */
  readonly revokedAt: number | null;
}

/** Options of {@link memoryStore}. */
interface MemoryStoreOptions {
  /**
   * Supplies the time of each revocation. `sweep` uses these times to find the revoked sessions to delete. Default: the
   * system clock.
   */
  readonly clock?: Clock;
}

const STORE_OPTIONS = { clock: true } satisfies KnownOptions<MemoryStoreOptions>;

/**
 * Creates a session store in the memory of this process. Use it for tests, or for a single process that may lose all
 * sessions when it exits. Records that the store returns are deeply frozen.
 *
 * @throws UsageError for an unknown option.
 */
export function memoryStore(options: MemoryStoreOptions = {}): SessionStore {
  requireKnownOptions("memory store options", options, STORE_OPTIONS);
  const sessions = new MemorySessions(options.clock ?? systemClock);
  let isOpen = true;

  async function whileOpen<Result>(call: () => Result): Promise<Result> {
    if (!isOpen) throw new CoatcheckError("STORE_UNAVAILABLE", "The session store is closed.");
    return call();
  }

  return {
    get: (id) => whileOpen(() => sessions.get(id)),
    put: (record, putOptions) => whileOpen(() => sessions.put(record, putOptions)),
    touch: (touches) => whileOpen(() => sessions.touch(touches)),
    revoke: (scope, reason) => whileOpen(() => sessions.revoke(scope, reason)),
    invalidate: (key) => whileOpen(() => sessions.invalidate(key)),
    list: (filter, page) => whileOpen(() => sessions.list(filter, page)),
    stats: (now) => whileOpen(() => sessions.stats(now)),
    changes: (cursor) => whileOpen(() => sessions.changesFrom(cursor)),
    sweep: (before, limit) => whileOpen(() => sessions.sweep(before, limit)),
    async close() {
      isOpen = false;
    },
  };
}

/** The stored sessions, an index by subject, and the log. The methods are synchronous, so each is atomic. */
class MemorySessions {
  readonly #clock: Clock;
  readonly #rows = new Map<string, StoredSession>();
  readonly #bySubject = new Map<string, Set<string>>();
  readonly #log: LogEntry[] = [];
  #position = 1;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(id: string): Snapshot | null {
    const row = this.#rows.get(id);
    return row ? { record: row.record, position: this.#position } : null;
  }

  put(record: SessionRecord, { expectedVersion, change, sessionLimit }: PutOptions): PutOutcome {
    const stored = this.#rows.get(record.id)?.record;
    const isExpected = stored
      ? stored.state === "active" && stored.version === expectedVersion
      : expectedVersion === 0;
    if (!isExpected) return "conflict";
    if (sessionLimit && record.subject !== null) {
      if (this.#countLive(record.subject, sessionLimit.now, record.id) >= sessionLimit.max)
        return "over-limit";
    }
    const lastSeenAt = Math.max(stored?.lastSeenAt ?? record.lastSeenAt, record.lastSeenAt);
    this.#save({ ...createFrozenCopy(record), lastSeenAt });
    if (change === "privilege") {
      this.#append((position) => ({ position, session: record.id, minVersion: record.version }));
    }
    return "stored";
  }

  touch(touches: readonly Touch[]): void {
    for (const { id, lastSeenAt } of touches) {
      const record = this.#rows.get(id)?.record;
      if (record?.state === "active" && record.lastSeenAt < lastSeenAt) this.#save({ ...record, lastSeenAt });
    }
  }

  revoke(scope: RevocationScope, reason: RevokeReason): number {
    requireScope(scope);
    const matching = this.#findCandidates(scope).filter(
      (record) => record.state === "active" && isInScope(record, scope),
    );
    const [first] = matching;
    if (!first) return 0;
    for (const record of matching) {
      const revoked = { ...record, state: "revoked", reason, version: record.version + 1 } as const;
      this.#save(revoked, this.#clock.now());
    }
    this.#append((position) =>
      "session" in scope
        ? { position, session: scope.session, minVersion: first.version + 1 }
        : { position, scope: { ...scope } },
    );
    return matching.length;
  }

  invalidate(key: string): LogPosition {
    requireKey(key);
    return this.#append((position) => ({ position, key }));
  }

  list(filter: SessionFilter, page: PageRequest): Page {
    requireFilter(filter);
    const { limit, after } = readPageRequest(page);
    const matchingRecords = this.#findCandidates(filter)
      .filter((record) => matchesFilter(record, filter) && (!after || compareNewestFirst(after, record) < 0))
      .sort(compareNewestFirst);
    return pageOf(matchingRecords, limit);
  }

  stats(now: number): StoreStats {
    const live = this.#findCandidates({}).filter((record) => isLive(record, now));
    live.sort(compareNewestFirst);
    return {
      total: this.#rows.size,
      active: live.length,
      authenticated: live.filter(({ type }) => type === "authenticated").length,
      oldest: live.at(-1)?.createdAt ?? null,
      newest: live[0]?.createdAt ?? null,
      countedAt: now,
    };
  }

  changesFrom(cursor: LogPosition | null): LogPage {
    if (cursor === null) return { items: [], cursor: this.#position };
    const first = this.#log.findIndex(({ item }) => item.position >= cursor);
    const entries = first === -1 ? [] : this.#log.slice(first);
    return { items: entries.map(({ item }) => item), cursor: this.#position };
  }

  sweep(before: number, limit: number): number {
    const firstKept = this.#log.findIndex(({ at }) => at >= before);
    this.#log.splice(0, firstKept === -1 ? this.#log.length : firstKept);
    let count = 0;
    for (const { record, revokedAt } of this.#rows.values()) {
      if (count === limit) break;
      if ((revokedAt ?? endsAt(record)) >= before) continue;
      this.#unindex(record);
      this.#rows.delete(record.id);
      count++;
    }
    return count;
  }

  #save(record: SessionRecord, revokedAt: number | null = null): void {
    const before = this.#rows.get(record.id)?.record;
    if (before?.subject !== record.subject) {
      if (before) this.#unindex(before);
      if (record.subject !== null) {
        const ids = this.#bySubject.get(record.subject) ?? new Set();
        this.#bySubject.set(record.subject, ids.add(record.id));
      }
    }
    this.#rows.set(record.id, { record: deepFreeze(record), revokedAt });
  }

  #unindex({ id, subject }: SessionRecord): void {
    if (subject === null) return;
    const ids = this.#bySubject.get(subject);
    ids?.delete(id);
    if (ids?.size === 0) this.#bySubject.delete(subject);
  }

  #append(createItem: (position: LogPosition) => LogItem): LogPosition {
    const position = this.#position++;
    this.#log.push({ item: deepFreeze(createItem(position)), at: this.#clock.now() });
    return position;
  }

  /**
   * Returns the records that may match `search`: those with its id or its subject, or all records if it has neither.
   * The caller checks each record.
   */
  #findCandidates(search: RevocationScope | SessionFilter): SessionRecord[] {
    if ("session" in search) return this.#findRecords([search.session]);
    if ("subject" in search && search.subject !== undefined) {
      return this.#findRecords(this.#bySubject.get(search.subject) ?? []);
    }
    return Array.from(this.#rows.values(), ({ record }) => record);
  }

  #findRecords(ids: Iterable<string>): SessionRecord[] {
    return Array.from(ids).flatMap((id) => this.#rows.get(id)?.record ?? []);
  }

  #countLive(subject: string, now: number, except: string): number {
    const records = this.#findCandidates({ subject });
    return records.filter((record) => record.id !== except && isLive(record, now)).length;
  }
}

function isInScope(record: SessionRecord, scope: RevocationScope): boolean {
  if ("session" in scope) return record.id === scope.session;
  if ("subject" in scope) return record.subject === scope.subject && record.id !== scope.except;
  return "everyone" in scope || record.tenant === scope.tenant;
}

function matchesFilter(record: SessionRecord, { liveAt, ...filter }: SessionFilter): boolean {
  const fields = Object.entries(filter) as [keyof typeof filter, unknown][];
  return (
    fields.every(([name, value]) => value === undefined || record[name] === value) &&
    (liveAt === undefined || isLive(record, liveAt))
  );
}

/** Objects that are frozen at every depth, so that records may share them. */
const frozenObjects = new WeakSet<object>();

/** Freezes a value at every depth. */
function deepFreeze<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null && !frozenObjects.has(value)) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    frozenObjects.add(Object.freeze(value));
  }
  return value;
}

/**
 * Returns a copy of JSON that is frozen at every depth. Parts that this module has frozen need no copy. Faster than
 * `structuredClone` for an object with thousands of members, and slower for one with hundreds.
 */
function createFrozenCopy<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null || frozenObjects.has(value)) return value;
  const copy = Array.isArray(value) ? value.map(createFrozenCopy) : copyMembers(value);
  frozenObjects.add(Object.freeze(copy));
  return copy as Value;
}

function copyMembers(value: object): object {
  const copy: Record<string, unknown> = { ...value };
  for (const name of Object.keys(copy)) {
    const member = copy[name];
    if (typeof member === "object" && member !== null) copy[name] = createFrozenCopy(member);
  }
  return copy;
}
