import type { CachedSession } from "../session/cached-session.ts";
import { type Clock, type Schedule, systemClock, systemSchedule } from "../session/clock.ts";
import type { Hint, HintChannel } from "../session/hint.ts";
import type { ReadOptions, ReadResult, SessionReader } from "../session/reader.ts";
import { isSessionId, type SessionRecord } from "../session/record.ts";
import type { LogPosition, RevocationScope, SessionStore } from "../session/store.ts";
import { compactId } from "../session/token.ts";
import { CircuitBreaker } from "./circuit-breaker.ts";
import { CacheCore } from "./core.ts";
import { InvalidatedKeys } from "./invalidated-keys.ts";
import { type Invalidations, LogInvalidations } from "./invalidations.ts";
import { LatestVersions } from "./latest-versions.ts";
import { SessionLoader } from "./loader.ts";
import { LocalTier } from "./local.ts";
import type { CacheSnapshot } from "./metrics/snapshot.ts";
import { NegativeCache } from "./negative-cache.ts";
import { type CacheOptions, createLease, preferDataVersion, resolveMaxStaleness } from "./options.ts";
import { Poller } from "./poller.ts";
import { RevocationLog } from "./revocation-log.ts";
import { SharedReader } from "./shared/reader.ts";
import { SharedWriter } from "./shared/writer.ts";

/** A cache in front of a session store, for the `cache` option of `SessionManager`. */
export interface SessionCache extends SessionReader {
  /**
   * Invalidates the application's own cached data on every node, through the store's log. Used by `coatcheck/context`.
   */
  readonly invalidations: Invalidations;
  /** A snapshot of the counters and gauges of all tiers. */
  metrics(): CacheSnapshot;
}

const MAX_KEPT_LOG_ITEMS = 100_000;
const MAX_NEGATIVE_ENTRIES = 100_000;
/**
 * Milliseconds without a successful poll after which all copies are dropped. Sweeps must keep log items for longer than
 * this.
 */
const MAX_TIME_WITHOUT_POLL = 10 * 60_000;
/** Milliseconds between two attempts to subscribe to hints. */
const SUBSCRIBE_RETRY_DELAY = 1000;
/** Fraction by which another machine's clock may run slower than the clock of this machine. */
const CLOCK_DRIFT = 0.01;

/**
 * Caches sessions in this process, and in a shared tier if one is configured. A cache hit is synchronous, and no
 * process serves a revoked session for longer than `maxStaleness`, even while Redis or the database is unavailable.
 *
 * The cache polls the store's revocation log, so sweep with a retention of more than ten minutes. A process that could
 * not poll for ten minutes drops all copies and starts over, because log items that it has not read may have been
 * deleted.
 *
 * @throws UsageError for an unknown option.
 * @throws CoatcheckError `VALIDATION_FAILED` if options contradict each other or are out of range.
 * @example
 * const manager = new SessionManager({ store, secrets, cache: createCache({ store, shared: redisShared(transport) }) });
 */
export function createCache(options: CacheOptions): SessionCache {
  return new TieredCache(options);
}

class TieredCache implements SessionCache {
  readonly invalidations: LogInvalidations;
  readonly store: SessionStore;
  readonly #hints: HintChannel | null;
  readonly #maxStaleness: number;
  readonly #clock: Clock;
  readonly #monotonic: () => number;
  readonly #schedule: Schedule;
  readonly #local: LocalTier;
  readonly #log = new RevocationLog(MAX_KEPT_LOG_ITEMS);
  readonly #keys = new InvalidatedKeys(MAX_KEPT_LOG_ITEMS);
  readonly #core: CacheCore;
  readonly #deadIds: NegativeCache;
  readonly #newestVersions = new LatestVersions();
  readonly #loader: SessionLoader;
  readonly #storeBreaker: CircuitBreaker;
  readonly #sharedBreaker: CircuitBreaker;
  readonly #sharedReader: SharedReader | null;
  readonly #sharedWriter: SharedWriter | null;
  readonly #poller: Poller;
  #pendingSubscription: Promise<void>;
  #isClosed = false;
  #localHits = 0;
  #localMisses = 0;
  #localRefusals = 0;

  constructor(given: CacheOptions) {
    const bound = resolveMaxStaleness(given);
    const options = preferDataVersion(given);
    const { singleProcess = false, dataVersion, shared = null, local = {}, deadlines = {} } = options;
    this.store = options.store;
    this.#hints = options.hints ?? shared ?? null;
    this.#maxStaleness = singleProcess || dataVersion ? 0 : bound;
    this.#clock = options.clock ?? systemClock;
    this.#monotonic = options.monotonic ?? (() => performance.now());
    this.#schedule = options.schedule ?? systemSchedule;
    this.#local = new LocalTier({
      maxEntries: local.maxEntries ?? 100_000,
      maxBytes: local.maxBytes ?? 256 * 1024 * 1024,
    });
    this.#core = new CacheCore({
      lease: createLease(options, bound),
      log: this.#log,
      keys: this.#keys,
      local: this.#local,
      maxTimeWithoutPoll: singleProcess ? Number.POSITIVE_INFINITY : MAX_TIME_WITHOUT_POLL,
      ttl: local.ttl ?? (singleProcess ? Number.POSITIVE_INFINITY : shared ? 30_000 : bound),
    });
    this.#deadIds = new NegativeCache(MAX_NEGATIVE_ENTRIES, bound, this.#monotonic);
    const guardOptions = { schedule: this.#schedule, monotonic: this.#monotonic };
    const storeDeadline = deadlines.store ?? 1000;
    this.#storeBreaker = new CircuitBreaker({ ...guardOptions, deadline: storeDeadline });
    this.#sharedBreaker = new CircuitBreaker({ ...guardOptions, deadline: deadlines.shared ?? 100 });
    this.#sharedReader = shared && new SharedReader(shared, this.#sharedBreaker);
    this.#sharedWriter = shared && new SharedWriter(shared, this.#sharedBreaker);
    this.#loader = new SessionLoader({
      store: this.store,
      storeBreaker: this.#storeBreaker,
      sharedReader: this.#sharedReader,
      sharedWriter: this.#sharedWriter,
      core: this.#core,
      negativeCache: this.#deadIds,
      latestVersions: this.#newestVersions,
      joinWindow: singleProcess ? Number.POSITIVE_INFINITY : dataVersion ? -1 : bound,
      clock: this.#clock,
      monotonic: this.#monotonic,
    });
    this.#poller = this.#createPoller(bound, storeDeadline);
    this.invalidations = this.#createInvalidations(singleProcess);
    void this.#poller.pollNow();
    this.#pendingSubscription = this.#subscribe();
  }

  get maxStaleness(): number {
    return this.#maxStaleness;
  }

  getCached(key: string): CachedSession | undefined {
    const cached = this.#core.get(key, this.#monotonic(), this.#clock.now());
    if (cached !== undefined) this.#localHits++;
    else if (this.#local.has(key)) this.#localRefusals++;
    else this.#localMisses++;
    return cached;
  }

  async read(id: string, { fresh = false, atLeast = 0 }: ReadOptions = {}): Promise<ReadResult> {
    if (!isSessionId(id)) return { cached: null, tier: "store" };
    const key = compactId(id);
    if (fresh) return await this.#loader.load(key, id, { fresh, atLeast });
    const dead = this.#deadIds.get(key);
    if (dead && atLeast === 0) return dead;
    // One poll renews the lease for all waiting readers. If the last poll failed, go to the store instead of waiting.
    if (this.#local.has(key) && !this.#isLeased() && this.#poller.lastPollSucceeded)
      await this.#poller.pollOrJoin();
    const cached = this.#core.get(key, this.#monotonic(), this.#clock.now());
    if (cached && cached.record.version >= atLeast) return { cached, tier: "local" };
    return await this.#loader.joinOrLoad(key, id, atLeast);
  }

  getStale(key: string, maxAge: number): CachedSession | undefined {
    return this.#core.getStale(key, maxAge, this.#monotonic(), this.#clock.now());
  }

  position(): LogPosition {
    return this.#core.position;
  }

  recordWrite(record: SessionRecord, position: LogPosition): void {
    const key = compactId(record.id);
    const snapshot = { record, position };
    this.#loader.forget(key);
    this.#deadIds.delete(key);
    this.#newestVersions.record(key, record.version);
    // Acknowledgements can arrive out of order: do not cache this version if a newer one is already known.
    if (record.version === this.#newestVersions.get(key)) this.#core.fill(key, snapshot, this.#monotonic());
    this.#core.drop(key, record.version);
    this.#sharedWriter?.write(key, snapshot);
    // No other process can hold a copy of a session that was just created.
    if (record.version > 1) {
      this.#publish({ kind: "written", session: record.id, version: record.version });
    }
  }

  invalidate(id: string): void {
    const key = compactId(id);
    this.#loader.forget(key);
    this.#core.drop(key);
  }

  recordRevocation(scope: RevocationScope): void {
    this.#markPending(scope);
    if ("session" in scope) this.#sharedWriter?.tombstone(compactId(scope.session));
    this.#publish({ kind: "revoked", scope });
  }

  async waitForPropagation(): Promise<void> {
    if (this.#maxStaleness === 0) return;
    await new Promise<void>((resolve) => this.#schedule(this.#maxStaleness * (1 + CLOCK_DRIFT), resolve));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#poller.close();
    await this.#pendingSubscription;
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
      shared: this.#sharedReader?.metrics() ?? null,
      store: {
        reads: this.#loader.storeReads,
        negativeHits: this.#deadIds.hits,
        ...this.#storeBreaker.metrics(),
      },
      lease: {
        maxStaleness: this.#maxStaleness,
        age: Number.isFinite(age) ? age : null,
        isValid: this.#isLeased(),
      },
      log: { polls: this.#poller.successes, failures: this.#poller.failures, entries: this.#log.size },
    };
  }

  #createPoller(bound: number, storeDeadline: number): Poller {
    return new Poller({
      interval: this.#maxStaleness === 0 ? Number.POSITIVE_INFINITY : bound / 4,
      deadline: Math.min(storeDeadline, bound / 2),
      schedule: this.#schedule,
      startPoll: () => this.#core.startPoll(this.#monotonic(), this.#clock.now()),
      changes: (cursor) => this.store.changes(cursor),
      applyPage: (poll, page) => {
        void this.#sharedWriter?.retry();
        return this.#core.applyPage(poll, page);
      },
    });
  }

  #createInvalidations(isSingleProcess: boolean): LogInvalidations {
    return new LogInvalidations({
      store: this.store,
      core: this.#core,
      keys: this.#keys,
      poller: this.#poller,
      isLeased: () => this.#isLeased(),
      publish: (key, position) => this.#publish({ kind: "invalidated", key, position }),
      pollsRegularly: this.#maxStaleness > 0,
      joinWindow: isSingleProcess ? Number.POSITIVE_INFINITY : this.#maxStaleness,
    });
  }

  #isLeased(): boolean {
    return this.#core.isLeased(this.#monotonic(), this.#clock.now());
  }

  #markPending(scope: RevocationScope): void {
    this.#core.markPending(scope);
    if ("session" in scope) {
      this.#loader.forget(compactId(scope.session));
      if (this.#maxStaleness > 0) return; // The next regular poll clears it; until then only this one id is refused.
    } else {
      this.#loader.forgetAll();
    }
    void this.#poller.pollNow();
  }

  /** Subscribes to hints, with retries. Without hints, the cache learns of other processes' changes only by polling. */
  async #subscribe(): Promise<void> {
    try {
      await this.#hints?.subscribe((hint) => this.#applyHint(hint));
    } catch {
      this.#schedule(SUBSCRIBE_RETRY_DELAY, () => {
        if (!this.#isClosed) this.#pendingSubscription = this.#subscribe();
      });
    }
  }

  /**
   * Does not wait for the result. If a hint is lost, other processes learn of the change when they next poll the log.
   */
  #publish(hint: Hint): void {
    const hints = this.#hints;
    if (hints) this.#sharedBreaker.run(() => hints.publish(hint)).catch(() => {});
  }

  #applyHint(hint: Hint): void {
    if (hint.kind === "revoked") {
      this.#markPending(hint.scope);
      return;
    }
    if (hint.kind === "invalidated") {
      this.invalidations.markPending(hint.key, hint.position);
      return;
    }
    const key = compactId(hint.session);
    this.#loader.forget(key);
    this.#core.drop(key, hint.version);
    this.#newestVersions.record(key, hint.version);
  }
}
