import { type ActorSessionDependencies, readActorSession } from "./actor.ts";
import type { CachedSession } from "./cached-session.ts";
import type { Clock, Schedule } from "./clock.ts";
import type { SessionEmitter, SessionEvents } from "./events.ts";
import type { SessionReader } from "./reader.ts";
import { endsAt, type SessionRecord } from "./record.ts";
import type { RevocationScope } from "./store.ts";
import { compactId } from "./token.ts";
import { Watch, type WatchEnd, type WatchedSession, type WatchListener } from "./watch.ts";

/** Options of a {@link SessionWatcher}. */
export interface WatcherOptions {
  /**
   * Milliseconds between two checks. Default: a quarter of the cache's staleness bound, so that every end is reported
   * within the bound. Without a cache, each check reads the store, and the default is 500.
   */
  readonly interval?: number;
  readonly schedule?: Schedule;
  /** Called each time before all sessions are checked. */
  readonly onCheck?: () => void;
}

/** The dependencies of a watcher. */
export interface WatcherDependencies {
  readonly events: SessionEmitter;
  readonly reader: SessionReader;
  readonly clock: Clock;
  readonly schedule: Schedule;
  /**
   * Returns the time of a session's queued touch (activity that is not stored yet), epoch milliseconds. 0 when none is
   * queued.
   */
  readonly touchedAt: (id: string) => number;
  /** Whether this process can read the session's data. A session with unreadable data is reported as expired. */
  readonly hasReadableData: (record: SessionRecord) => boolean;
}

/** Milliseconds between two checks of a manager without a cache. */
const DEFAULT_INTERVAL = 500;

/** The events that are emitted when a session has a new record. */
const RECORD_EVENTS = ["changed", "authenticated", "elevated", "rotated"] as const;

/**
 * Reports changes and the end of sessions, for long responses and connections. Changes by this process are reported at
 * once. To find timeouts and changes by other nodes, it regularly reads all watched sessions through the cache, with
 * one timer. Without watched sessions it has no timer and no listener.
 *
 * Sessions are read by id, not opened by token. A check therefore records no activity, starts no rotation and triggers
 * no theft detection.
 */
export class SessionWatcher {
  readonly #source: WatcherDependencies;
  readonly #schedule: Schedule;
  readonly #interval: number;
  readonly #onCheck: (() => void) | undefined;
  /** The watched sessions, by session id. */
  readonly #sessions = new Map<string, WatchedSession>();
  #cancelTimer: (() => void) | null = null;

  constructor(source: WatcherDependencies, { interval, schedule, onCheck }: WatcherOptions = {}) {
    this.#source = source;
    this.#schedule = schedule ?? source.schedule;
    this.#interval = interval ?? (source.reader.maxStaleness / 4 || DEFAULT_INTERVAL);
    this.#onCheck = onCheck;
  }

  /**
   * Watches the session of `record` until it ends, or until the watch is stopped.
   *
   * @param isWriting whether the watching client is writing at the moment, and may be replacing the token itself; see
   *   {@link Watch.follow}.
   */
  watch(record: SessionRecord, listener: WatchListener, isWriting: () => boolean = () => false): Watch {
    const { id } = record;
    if (this.#sessions.size === 0) this.#start();
    const session = this.#sessions.get(id) ?? {
      key: compactId(id),
      record,
      watches: new Set(),
      isChecking: false,
    };
    this.#sessions.set(id, session);
    if (record.version > session.record.version) session.record = record;
    const watch = new Watch(record, listener, isWriting, () => this.#remove(session, watch));
    session.watches.add(watch);
    return watch;
  }

  #start(): void {
    const { events } = this.#source;
    for (const name of RECORD_EVENTS) events.on(name, this.#onRecord);
    events.on("revoked", this.#onRevoked);
    this.#scheduleCheck();
  }

  #remove(session: WatchedSession, watch: Watch): void {
    if (!session.watches.delete(watch) || session.watches.size > 0) return;
    this.#sessions.delete(session.record.id);
    if (this.#sessions.size > 0) return;
    const { events } = this.#source;
    for (const name of RECORD_EVENTS) events.off(name, this.#onRecord);
    events.off("revoked", this.#onRevoked);
    this.#cancelTimer?.();
  }

  #scheduleCheck(): void {
    this.#cancelTimer = this.#schedule(this.#interval, () => {
      this.#scheduleCheck();
      this.#onCheck?.();
      for (const session of [...this.#sessions.values()]) void this.#check(session);
    });
  }

  /** Reads a session and reports the result. Never rejects. */
  async #check(session: WatchedSession): Promise<void> {
    if (session.isChecking) return;
    session.isChecking = true;
    try {
      const cached = this.#getCached(session) ?? (await this.#read(session.record.id));
      const actor = cached?.record.actor ?? null;
      const isActing = actor === null || (await readActorSession(this.#actorSource, actor)) !== null;
      this.#report(session, isActing ? cached : null);
    } catch {
      // An outage of the store does not end the session. The next check tries again.
    } finally {
      session.isChecking = false;
    }
  }

  /**
   * Returns a cached copy that includes every revocation older than half of the staleness bound. Returns undefined if
   * there is no such copy. Also returns undefined if a watch reports changes, because the data of a cached copy may be
   * too old.
   */
  #getCached({ key, watches }: WatchedSession): CachedSession | undefined {
    for (const watch of watches) if (watch.receivesChanges) return undefined;
    return this.#getCachedByKey(key);
  }

  #getCachedByKey(key: string): CachedSession | undefined {
    const { reader } = this.#source;
    return reader.maxStaleness > 0 ? reader.getStale(key, reader.maxStaleness / 2) : reader.getCached(key);
  }

  get #actorSource(): ActorSessionDependencies {
    const { reader, clock, touchedAt } = this.#source;
    return {
      clock,
      touchedAt,
      reader: {
        getCached: (key) => this.#getCachedByKey(key),
        read: (id, options) => reader.read(id, options),
      },
    };
  }

  async #read(id: string): Promise<CachedSession | null> {
    const { reader } = this.#source;
    const { cached, tier } = await reader.read(id);
    // Read the store before a watch ends: a cached copy may predate the token.
    if (tier === "store" || (cached && this.#endReasonOf(cached) === null)) return cached;
    return (await reader.read(id, { fresh: true })).cached;
  }

  #report(session: WatchedSession, cached: CachedSession | null): void {
    const end = cached ? this.#endReasonOf(cached) : "revoked";
    if (cached === null || end !== null) {
      for (const watch of [...session.watches]) watch.end(end ?? "revoked");
      return;
    }
    if (cached.record.version < session.record.version) return;
    session.record = cached.record;
    const { expiresAt, idleTimeout } = cached.record;
    const endTime = endsAt({ expiresAt, idleTimeout, lastSeenAt: cached.lastSeenAt });
    for (const watch of [...session.watches]) watch.report(cached.record, endTime);
  }

  #endReasonOf(cached: CachedSession): WatchEnd | null {
    const { clock, touchedAt, hasReadableData } = this.#source;
    cached.mergeLastSeen(touchedAt(cached.record.id));
    if (cached.record.state === "revoked") return "revoked";
    return cached.hasExpired(clock.now()) || !hasReadableData(cached.record) ? "expired" : null;
  }

  readonly #onRecord = ({ record }: { readonly record: SessionRecord }): void => {
    const session = this.#sessions.get(record.id);
    if (session === undefined || record.version < session.record.version) return;
    session.record = record;
    for (const watch of [...session.watches]) watch.report(record, undefined);
  };

  readonly #onRevoked = ({ scope }: SessionEvents["revoked"][0]): void => {
    for (const { record, watches } of this.#watchedInScope(scope)) {
      if (isInScope(scope, record)) for (const watch of [...watches]) watch.end("revoked");
    }
  };

  #watchedInScope(scope: RevocationScope): readonly WatchedSession[] {
    if (!("session" in scope)) return [...this.#sessions.values()];
    const session = this.#sessions.get(scope.session);
    return session ? [session] : [];
  }
}

function isInScope(scope: RevocationScope, record: SessionRecord): boolean {
  const { id, subject, actor } = record;
  // Does not find the impersonations of a revoked administrator's session, because that would need a search. Each
  // impersonation ends at its next periodic check.
  if ("session" in scope) return scope.session === id;
  if ("subject" in scope) {
    if (scope.subject === actor?.subject) return scope.except !== actor.sessionId;
    return scope.subject === subject && scope.except !== id;
  }
  if ("tenant" in scope) return scope.tenant === record.tenant;
  return true;
}
