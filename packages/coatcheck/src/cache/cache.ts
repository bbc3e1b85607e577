import { type Clock, type Schedule, systemClock, systemSchedule } from "../session/clock.ts";
import { storeUnavailable } from "../session/errors.ts";
import { HeldSession } from "../session/held.ts";
import type { Hint, HintChannel } from "../session/hint.ts";
import type { Reading, ReadOptions, SessionReader } from "../session/reader.ts";
import { isLive, isSessionId, type SessionRecord } from "../session/record.ts";
import type { LogPosition, RevocationScope, SessionStore, Snapshot } from "../session/store.ts";
import { compactId } from "../session/token.ts";
import { CacheCore } from "./core.ts";
import { DeadIds } from "./dead-ids.ts";
import { Guard } from "./guard.ts";
import { KnownLog } from "./known-log.ts";
import { LocalTier } from "./local.ts";
import type { CacheSnapshot } from "./metrics.ts";
import { NewestVersions } from "./newest.ts";
import { type CacheOptions, checkedBound, leaseOf } from "./options.ts";
import { Outbox } from "./outbox.ts";
import { Poller } from "./poller.ts";
import type { SharedTier } from "./shared.ts";
import { SharedReader } from "./shared-reader.ts";
import { SingleFlight } from "./single-flight.ts";

/** The caches in front of a store, as the manager reads through them. */
export interface SessionCache extends SessionReader {
  metrics(): CacheSnapshot;
}

const MOST_MARKS = 100_000;
const MOST_DEAD_IDS = 100_000;
/** Milliseconds; sweeps leave the log alone for longer. */
const LONGEST_SILENCE = 10 * 60_000;
/** Milliseconds. */
const LISTEN_AGAIN_AFTER = 1000;
/** How much slower another machine's clock may run than ours. */
const CLOCK_DRIFT = 0.01;

/**
 * Caches sessions in this process, and in a shared tier if there is one, so that a hit is answered synchronously and a
 * revoked session is served by no process for longer than `stalenessBound`, whatever fails.
 *
 * It follows the store's log, so sweep with a retention of more than ten minutes: a process that was asleep for longer
 * than that begins anew, one that was asleep for less expects to hear what it missed.
 *
 * @throws CoatcheckError `VALIDATION_FAILED` for options that contradict each other or are out of range.
 * @example
 * const manager = new SessionManager({ store, secrets, cache: createCache({ store, shared: redisShared(transport) }) });
 */
export function createCache(options: CacheOptions): SessionCache {
  return new TieredCache(options);
}

class TieredCache implements SessionCache {
  readonly #store: SessionStore;
  readonly #shared: SharedTier | null;
  readonly #hints: HintChannel | null;
  readonly #bound: number;
  /** How long ago a load under way may have begun for a new reader to join it. */
  readonly #joinWindow: number;
  readonly #clock: Clock;
  readonly #monotonic: () => number;
  readonly #schedule: Schedule;
  readonly #local: LocalTier;
  readonly #log = new KnownLog(MOST_MARKS);
  readonly #core: CacheCore;
  readonly #dead: DeadIds;
  readonly #newest = new NewestVersions();
  readonly #flights = new SingleFlight<Reading>();
  readonly #storeGuard: Guard;
  readonly #sharedGuard: Guard;
  readonly #sharedReader: SharedReader | null;
  readonly #outbox: Outbox | null;
  readonly #poller: Poller;
  #listening: Promise<void>;
  #isClosed = false;
  #localHits = 0;
  #localMisses = 0;
  #localRefusals = 0;
  #storeReads = 0;

  constructor(options: CacheOptions) {
    const bound = checkedBound(options);
    const { single = false, dataVersion, local = {}, deadlines = {} } = options;
    this.#store = options.store;
    this.#shared = options.shared ?? null;
    this.#hints = options.shared ?? options.hints ?? null;
    this.#bound = single || dataVersion ? 0 : bound;
    this.#joinWindow = single ? Number.POSITIVE_INFINITY : dataVersion ? -1 : bound;
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
      longestSilence: single ? Number.POSITIVE_INFINITY : LONGEST_SILENCE,
      ttl: local.ttl ?? (single ? Number.POSITIVE_INFINITY : this.#shared ? 30_000 : bound),
    });
    this.#dead = new DeadIds(MOST_DEAD_IDS, bound, this.#monotonic);
    const guarded = { schedule: this.#schedule, monotonic: this.#monotonic };
    const storeDeadline = deadlines.store ?? 1000;
    this.#storeGuard = new Guard({ ...guarded, deadline: storeDeadline });
    this.#sharedGuard = new Guard({ ...guarded, deadline: deadlines.shared ?? 100 });
    this.#sharedReader = this.#shared && new SharedReader(this.#shared, this.#sharedGuard);
    this.#outbox = this.#shared && new Outbox(this.#shared, this.#sharedGuard);
    this.#poller = new Poller({
      every: this.#bound === 0 ? Number.POSITIVE_INFINITY : bound / 4,
      deadline: Math.min(storeDeadline, bound / 2),
      schedule: this.#schedule,
      ask: () => this.#core.ask(this.#monotonic(), this.#clock.now()),
      changes: (cursor) => this.#store.changes(cursor),
      answered: (poll, page) => {
        void this.#outbox?.retry();
        return this.#core.answered(poll, page);
      },
    });
    void this.#poller.soon();
    this.#listening = this.#listen();
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
    if (fresh) return await this.#load(key, id, { fresh, atLeast });
    const dead = this.#dead.get(key);
    if (dead && atLeast === 0) return dead;
    // One poll serves everybody whose copy waits for the lease; a store that answers no polls is not waited for.
    if (this.#local.has(key) && !this.#isLeased() && this.#poller.isAnswered) await this.#poller.any();
    const held = this.#core.peek(key, this.#monotonic(), this.#clock.now());
    if (held && held.record.version >= atLeast) return { held, tier: "local" };
    const underWay = this.#flights.join(key, this.#monotonic() - this.#joinWindow);
    const joined = underWay && (await underWay);
    if (joined && versionOf(joined) >= atLeast) return this.#asCopy(joined);
    return await this.#load(key, id, { fresh, atLeast });
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
    this.#flights.forget(key);
    this.#dead.forget(key);
    this.#newest.heard(key, record.version);
    if (record.version === this.#newest.of(key)) this.#core.fill(key, snapshot, this.#monotonic());
    this.#core.drop(key, record.version);
    this.#outbox?.replace(key, snapshot);
    // Nobody holds what was created just now.
    if (record.version > 1) {
      this.#publish({ kind: "written", session: record.id, version: record.version });
    }
  }

  outdated(id: string): void {
    const key = compactId(id);
    this.#flights.forget(key);
    this.#core.drop(key);
  }

  revoked(scope: RevocationScope): void {
    this.#suspect(scope);
    if ("session" in scope) this.#outbox?.tombstone(compactId(scope.session));
    this.#publish({ kind: "revoked", scope });
  }

  async settled(): Promise<void> {
    if (this.#bound === 0) return;
    await new Promise<void>((resolve) => this.#schedule(this.#bound * (1 + CLOCK_DRIFT), resolve));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#poller.close();
    await this.#listening;
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
      store: { reads: this.#storeReads, deadIdHits: this.#dead.hits, ...this.#storeGuard.figures() },
      lease: {
        bound: this.#bound,
        age: Number.isFinite(age) ? age : null,
        isHeld: this.#isLeased(),
      },
      log: { polls: this.#poller.answers, failures: this.#poller.failures, marks: this.#log.size },
    };
  }

  #isLeased(): boolean {
    return this.#core.isLeased(this.#monotonic(), this.#clock.now());
  }

  /** What a load brought to who came after its start. It may be older than their token, so it must turn nobody away. */
  #asCopy(joined: Reading): Reading {
    const { held } = joined;
    return held && isLive(held.record, this.#clock.now()) ? { held, tier: "local" } : joined;
  }

  /** Begins a load, which those who come after it may join. */
  #load(key: string, id: string, options: Required<ReadOptions>): Promise<Reading> {
    return this.#flights.start(key, this.#monotonic(), async (isCurrent) => {
      const shared = options.fresh ? null : await this.#readShared(key, options.atLeast);
      const snapshot = shared ?? (await this.#readStore(id));
      const tier = shared ? "shared" : "store";
      if (snapshot === null || !isLive(snapshot.record, this.#clock.now())) {
        const reading = { held: snapshot && new HeldSession(snapshot), tier } as const;
        if (isCurrent()) this.#dead.add(key, reading);
        return reading;
      }
      const held = isCurrent() ? this.#core.fill(key, snapshot, this.#monotonic()) : undefined;
      if (held && !shared) this.#outbox?.offer(key, snapshot);
      return { held: held ?? new HeldSession(snapshot), tier };
    });
  }

  async #readShared(key: string, atLeast: number): Promise<Snapshot | null> {
    if (!this.#sharedReader || !this.#isLeased()) return null;
    return await this.#sharedReader.read(key, (snapshot) => {
      const wall = this.#clock.now();
      return (
        snapshot.record.version >= Math.max(atLeast, this.#newest.of(key)) &&
        isLive(snapshot.record, wall) &&
        this.#core.accepts(key, snapshot, this.#monotonic(), wall)
      );
    });
  }

  async #readStore(id: string): Promise<Snapshot | null> {
    this.#storeReads++;
    try {
      return await this.#storeGuard.run(() => this.#store.get(id));
    } catch (error) {
      throw storeUnavailable(error);
    }
  }

  #suspect(scope: RevocationScope): void {
    this.#core.suspect(scope);
    if ("session" in scope) {
      this.#flights.forget(compactId(scope.session));
      if (this.#bound > 0) return; // The next regular poll settles it; until then one id is refused.
    } else {
      this.#flights.forgetAll();
    }
    void this.#poller.soon();
  }

  /** Goes on trying: without hints all is right, only slower. */
  async #listen(): Promise<void> {
    try {
      await this.#hints?.subscribe((hint) => this.#heard(hint));
    } catch {
      this.#schedule(LISTEN_AGAIN_AFTER, () => {
        if (!this.#isClosed) this.#listening = this.#listen();
      });
    }
  }

  /** Nobody waits for it; a hint that is lost is made good by the log. */
  #publish(hint: Hint): void {
    const hints = this.#hints;
    if (hints) this.#sharedGuard.run(() => hints.publish(hint)).catch(() => {});
  }

  #heard(hint: Hint): void {
    if (hint.kind === "revoked") {
      this.#suspect(hint.scope);
      return;
    }
    const key = compactId(hint.session);
    this.#flights.forget(key);
    this.#core.drop(key, hint.version);
    this.#newest.heard(key, hint.version);
  }
}

/** 0 for no session, which is an answer too. */
function versionOf({ held }: Reading): number {
  return held ? held.record.version : 0;
}
