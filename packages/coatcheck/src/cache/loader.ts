import { CachedSession } from "../session/cached-session.ts";
import type { Clock } from "../session/clock.ts";
import { storeUnavailableError } from "../session/errors.ts";
import type { ReadOptions, ReadResult } from "../session/reader.ts";
import { isLive } from "../session/record.ts";
import type { SessionStore, Snapshot } from "../session/store.ts";
import type { CircuitBreaker } from "./circuit-breaker.ts";
import type { CacheCore } from "./core.ts";
import type { LatestVersions } from "./latest-versions.ts";
import type { NegativeCache } from "./negative-cache.ts";
import type { SharedReader } from "./shared/reader.ts";
import type { SharedWriter } from "./shared/writer.ts";
import { SingleFlight } from "./single-flight.ts";

/** The parts of a cache that a loader reads from and fills. */
export interface LoaderDependencies {
  readonly store: SessionStore;
  readonly storeBreaker: CircuitBreaker;
  /** Null without a shared tier. */
  readonly sharedReader: SharedReader | null;
  /** Null without a shared tier. */
  readonly sharedWriter: SharedWriter | null;
  readonly core: CacheCore;
  readonly negativeCache: NegativeCache;
  readonly latestVersions: LatestVersions;
  /** Maximum age of an in-flight load that a new reader may join, in milliseconds. Negative: never join. */
  readonly joinWindow: number;
  readonly clock: Clock;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
}

/**
 * Loads sessions that the local tier cannot serve, from the shared tier or the store, and fills the caches with them.
 */
export class SessionLoader {
  readonly #deps: LoaderDependencies;
  readonly #flights = new SingleFlight<ReadResult>();
  /** Number of reads sent to the store. */
  storeReads = 0;

  constructor(deps: LoaderDependencies) {
    this.#deps = deps;
  }

  /**
   * Joins a recent load of the same session. Starts a new load if there is none, or if the joined load returned a
   * version below `atLeast`.
   */
  async joinOrLoad(key: string, id: string, atLeast: number): Promise<ReadResult> {
    const { monotonic, joinWindow } = this.#deps;
    const inFlight = this.#flights.join(key, monotonic() - joinWindow);
    const joinedResult = inFlight && (await inFlight);
    if (joinedResult && versionOf(joinedResult) >= atLeast) return this.#markAsCopy(joinedResult);
    return await this.load(key, id, { fresh: false, atLeast });
  }

  /** Starts a load that later readers may join. `fresh` skips the shared tier. */
  load(key: string, id: string, options: Required<ReadOptions>): Promise<ReadResult> {
    const { core, clock, monotonic, negativeCache, sharedWriter } = this.#deps;
    return this.#flights.start(key, monotonic(), async (isCurrent) => {
      const shared = options.fresh ? null : await this.#readShared(key, options.atLeast);
      const snapshot = shared ?? (await this.#readStore(id));
      const tier = shared ? "shared" : "store";
      if (snapshot === null || !isLive(snapshot.record, clock.now())) {
        const reading = { cached: snapshot && new CachedSession(snapshot), tier } as const;
        if (isCurrent()) negativeCache.add(key, reading);
        return reading;
      }
      const cached = isCurrent() ? core.fill(key, snapshot, monotonic()) : undefined;
      if (cached && !shared) sharedWriter?.fill(key, snapshot);
      return { cached: cached ?? new CachedSession(snapshot), tier };
    });
  }

  /**
   * Call this function after a write or a revocation. The result of an in-flight load may be older than the change, so
   * the load must not be cached or joined.
   */
  forget(key: string): void {
    this.#flights.forget(key);
  }

  /** Like {@link forget}, for every in-flight load. */
  forgetAll(): void {
    this.#flights.forgetAll();
  }

  /**
   * Marks the result of a joined load as a copy. The load may predate the caller's token, so its result is never
   * grounds for rejecting that token. With the tier `local`, the manager reads the store before it rejects a token.
   */
  #markAsCopy(joined: ReadResult): ReadResult {
    const { cached } = joined;
    return cached && isLive(cached.record, this.#deps.clock.now()) ? { cached, tier: "local" } : joined;
  }

  async #readShared(key: string, atLeast: number): Promise<Snapshot | null> {
    const { sharedReader, core, latestVersions, clock, monotonic } = this.#deps;
    if (!sharedReader || !core.isLeased(monotonic(), clock.now())) return null;
    return await sharedReader.read(key, (snapshot) => {
      const wall = clock.now();
      return (
        snapshot.record.version >= Math.max(atLeast, latestVersions.get(key)) &&
        isLive(snapshot.record, wall) &&
        core.allowsShared(key, snapshot, monotonic(), wall)
      );
    });
  }

  async #readStore(id: string): Promise<Snapshot | null> {
    this.storeReads++;
    try {
      return await this.#deps.storeBreaker.run(() => this.#deps.store.get(id));
    } catch (error) {
      throw storeUnavailableError(error);
    }
  }
}

/** Returns the version of the session that was read. Returns 0 if no session was found. */
function versionOf({ cached }: ReadResult): number {
  return cached ? cached.record.version : 0;
}
