import { type Clock, type Schedule, systemClock, systemSchedule } from "../session/clock.ts";
import type { HeldSession } from "../session/held.ts";
import type { Hint, HintChannel } from "../session/hint.ts";
import type { Reading, ReadOptions, SessionReader } from "../session/reader.ts";
import { isSessionId, type SessionRecord } from "../session/record.ts";
import type { LogPosition, RevocationScope, SessionStore } from "../session/store.ts";
import { compactId } from "../session/token.ts";
import { CacheCore } from "./core.ts";
import { DeadIds } from "./dead-ids.ts";
import { Guard } from "./guard.ts";
import { KnownLog } from "./known-log.ts";
import { SessionLoader } from "./loader.ts";
import { LocalTier } from "./local.ts";
import type { CacheSnapshot } from "./metrics.ts";
import { NewestVersions } from "./newest.ts";
import { type CacheOptions, checkedBound, leaseOf } from "./options.ts";
import { Outbox } from "./outbox.ts";
import { Poller } from "./poller.ts";
import { SharedReader } from "./shared-reader.ts";

/** Caches in front of a session store. Pass it to the manager's `cache` option. */
export interface SessionCache extends SessionReader {
  /** A snapshot of the counters and gauges of all tiers. */
  metrics(): CacheSnapshot;
}

const MAX_MARKS = 100_000;
const MAX_DEAD_IDS = 100_000;
/** Milliseconds. Sweeps must keep log items for longer than this. */
const MAX_SILENCE = 10 * 60_000;
/** Milliseconds. */
const SUBSCRIBE_RETRY_DELAY = 1000;
/** How much slower than ours another machine's clock may run, as a fraction. */
const CLOCK_DRIFT = 0.01;

/**
 * Caches sessions in this process, and in a shared tier if one is configured. A cache hit is synchronous, and no process
 * serves a revoked session for longer than `stalenessBound`, even while Redis or the database is unavailable.
 *
 * The cache polls the store's revocation log, so sweep with a retention of more than ten minutes. A process that could
 * not poll for ten minutes drops all copies and starts over, because items that it has not seen may have been swept.
 *
 * @throws CoatcheckError `VALIDATION_FAILED` if options contradict each other or are out of range.
 * @example
 * const manager = new SessionManager({ store, secrets, cache: createCache({ store, shared: redisShared(transport) }) });
 */
export function createCache(options: CacheOptions): SessionCache {
  return new TieredCache(options);
}

class TieredCache implements SessionCache {
  readonly #store: SessionStore;
  readonly #hints: HintChannel | null;
  readonly #bound: number;
  readonly #clock: Clock;
  readonly #monotonic: () => number;
  readonly #schedule: Schedule;
  readonly #local: LocalTier;
  readonly #log = new KnownLog(MAX_MARKS);
  readonly #core: CacheCore;
  readonly #deadIds: DeadIds;
  readonly #newestVersions = new NewestVersions();
  readonly #loader: SessionLoader;
  readonly #storeGuard: Guard;
  readonly #sharedGuard: Guard;
  readonly #sharedReader: SharedReader | null;
  readonly #sharedWriter: Outbox | null;
  readonly #poller: Poller;
  #subscribing: Promise<void>;
  #isClosed = false;
  #localHits = 0;
  #localMisses = 0;
  #localRefusals = 0;

  constructor(options: CacheOptions) {
    const bound = checkedBound(options);
    const { single = false, dataVersion, shared = null, local = {}, deadlines = {} } = options;
    this.#store = options.store;
    this.#hints = shared ?? options.hints ?? null;
    this.#bound = single || dataVersion ? 0 : bound;
    this.#clock = options.clock ?? systemClock;
    this.#monotonic = options.monotonic ?? (() => performance.now());
    this.#schedule = options.schedule ?? systemSchedule;
    this.#local = new LocalTier({
      maxEntries: local.maxEntries ?? 100_000,
      maxBytes: local.maxBytes ?? 256 * 1024 * 1024,
    });
    this.#core = new CacheCore({
      lease: leaseOf(options, bound),
      log: this.#log,
      local: this.#local,
      longestSilence: single ? Number.POSITIVE_INFINITY : MAX_SILENCE,
      ttl: local.ttl ?? (single ? Number.POSITIVE_INFINITY : shared ? 30_000 : bound),
    });
    this.#deadIds = new DeadIds(MAX_DEAD_IDS, bound, this.#monotonic);
    const guardOptions = { schedule: this.#schedule, monotonic: this.#monotonic };
    const storeDeadline = deadlines.store ?? 1000;
    this.#storeGuard = new Guard({ ...guardOptions, deadline: storeDeadline });
    this.#sharedGuard = new Guard({ ...guardOptions, deadline: deadlines.shared ?? 100 });
    this.#sharedReader = shared && new SharedReader(shared, this.#sharedGuard);
    this.#sharedWriter = shared && new Outbox(shared, this.#sharedGuard);
    this.#loader = new SessionLoader({
      store: this.#store,
      storeGuard: this.#storeGuard,
      sharedReader: this.#sharedReader,
      sharedWriter: this.#sharedWriter,
      core: this.#core,
      deadIds: this.#deadIds,
      newestVersions: this.#newestVersions,
      joinWindow: single ? Number.POSITIVE_INFINITY : dataVersion ? -1 : bound,
      clock: this.#clock,
      monotonic: this.#monotonic,
    });
    this.#poller = this.#createPoller(bound, storeDeadline);
    void this.#poller.soon();
    this.#subscribing = this.#subscribe();
  }

  peek(key: string): HeldSession | undefined {
    const held = this.#core.peek(key, this.#monotonic(), this.#clock.now());
    if (held !== undefined) this.#localHits++;
    else if (this.#local.has(key)) this.#localRefusals++;
    else this.#localMisses++;
    return held;
  }

  async read(id: string, { fresh = false, atLeast = 0 }: ReadOptions = {}): Promise<Reading> {
    if (!isSessionId(id)) return { held: null, tier: "store" };
    const key = compactId(id);
    if (fresh) return await this.#loader.load(key, id, { fresh, atLeast });
    const dead = this.#deadIds.get(key);
    if (dead && atLeast === 0) return dead;
    // One poll renews the lease for all waiting readers. If the last poll failed, go to the store instead of waiting.
    if (this.#local.has(key) && !this.#isLeased() && this.#poller.isAnswered) await this.#poller.any();
    const held = this.#core.peek(key, this.#monotonic(), this.#clock.now());
    if (held && held.record.version >= atLeast) return { held, tier: "local" };
    return await this.#loader.joinOrLoad(key, id, atLeast);
  }

  degraded(key: string, maxAge: number): HeldSession | undefined {
    return this.#core.degraded(key, maxAge, this.#monotonic(), this.#clock.now());
  }

  position(): LogPosition {
    return this.#core.position;
  }

  wrote(record: SessionRecord, position: LogPosition): void {
    const key = compactId(record.id);
    const snapshot = { record, position };
    this.#loader.forget(key);
    this.#deadIds.forget(key);
    this.#newestVersions.heard(key, record.version);
    // An acknowledgement may arrive after that of a newer write; it must not fill the cache with the older version.
    if (record.version === this.#newestVersions.of(key)) this.#core.fill(key, snapshot, this.#monotonic());
    this.#core.drop(key, record.version);
    this.#sharedWriter?.replace(key, snapshot);
    // No other process can hold a copy of a session that was just created.
    if (record.version > 1) {
      this.#publish({ kind: "written", session: record.id, version: record.version });
    }
  }

  outdated(id: string): void {
    const key = compactId(id);
    this.#loader.forget(key);
    this.#core.drop(key);
  }

  revoked(scope: RevocationScope): void {
    this.#markPending(scope);
    if ("session" in scope) this.#sharedWriter?.tombstone(compactId(scope.session));
    this.#publish({ kind: "revoked", scope });
  }

  async settled(): Promise<void> {
    if (this.#bound === 0) return;
    await new Promise<void>((resolve) => this.#schedule(this.#bound * (1 + CLOCK_DRIFT), resolve));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#poller.close();
    await this.#subscribing;
    await this.#hints?.close();
  }

  metrics(): CacheSnapshot {
    const age = this.#core.leaseAge(this.#monotonic(), this.#clock.now());
    return {
      local: {
        entries: this.#local.entries,
        bytes: this.#local.bytes,
        hits: this.#localHits,
        misses: this.#localMisses,
        refusals: this.#localRefusals,
      },
      shared: this.#sharedReader?.figures() ?? null,
      store: {
        reads: this.#loader.storeReads,
        deadIdHits: this.#deadIds.hits,
        ...this.#storeGuard.figures(),
      },
      lease: {
        bound: this.#bound,
        age: Number.isFinite(age) ? age : null,
        isHeld: this.#isLeased(),
      },
      log: { polls: this.#poller.answers, failures: this.#poller.failures, marks: this.#log.size },
    };
  }

  #createPoller(bound: number, storeDeadline: number): Poller {
    return new Poller({
      every: this.#bound === 0 ? Number.POSITIVE_INFINITY : bound / 4,
      deadline: Math.min(storeDeadline, bound / 2),
      schedule: this.#schedule,
      ask: () => this.#core.ask(this.#monotonic(), this.#clock.now()),
      changes: (cursor) => this.#store.changes(cursor),
      answered: (poll, page) => {
        void this.#sharedWriter?.retry();
        return this.#core.answered(poll, page);
      },
    });
  }

  #isLeased(): boolean {
    return this.#core.isLeased(this.#monotonic(), this.#clock.now());
  }

  #markPending(scope: RevocationScope): void {
    this.#core.suspect(scope);
    if ("session" in scope) {
      this.#loader.forget(compactId(scope.session));
      if (this.#bound > 0) return; // The next regular poll clears it; until then only this one id is refused.
    } else {
      this.#loader.forgetAll();
    }
    void this.#poller.soon();
  }

  /** Retries until it succeeds. Without hints the cache is still correct, but sees changes of other processes later. */
  async #subscribe(): Promise<void> {
    try {
      await this.#hints?.subscribe((hint) => this.#applyHint(hint));
    } catch {
      this.#schedule(SUBSCRIBE_RETRY_DELAY, () => {
        if (!this.#isClosed) this.#subscribing = this.#subscribe();
      });
    }
  }

  /** Fire and forget: the polled log makes up for lost hints. */
  #publish(hint: Hint): void {
    const hints = this.#hints;
    if (hints) this.#sharedGuard.run(() => hints.publish(hint)).catch(() => {});
  }

  #applyHint(hint: Hint): void {
    if (hint.kind === "revoked") {
      this.#markPending(hint.scope);
      return;
    }
    const key = compactId(hint.session);
    this.#loader.forget(key);
    this.#core.drop(key, hint.version);
    this.#newestVersions.heard(key, hint.version);
  }
}
