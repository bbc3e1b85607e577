import type { Clock, Schedule } from "../session/clock.ts";
import { CoatcheckError, type Fault } from "../session/errors.ts";
import type { HintChannel } from "../session/hint.ts";
import type { SessionStore } from "../session/store.ts";
import { type Lease, SoleLease, TimedLease, WatchedLease } from "./lease.ts";
import type { LocalLimits } from "./local.ts";
import type { SharedTier } from "./shared.ts";

/** What a cache is made of; only `store` must be given. */
export interface CacheOptions {
  readonly store: SessionStore;
  /** The tier that several processes share, such as `redisShared`. Closed with the cache. */
  readonly shared?: SharedTier;
  /** Carries hints where there is no shared tier, such as `postgresHints`. Closed with the cache. */
  readonly hints?: HintChannel;
  /** Milliseconds: the longest that any process may go on serving a revoked session. 100 at least, 2000 unless given. */
  readonly stalenessBound?: number;
  /** This process is the only one that writes to the store. No lease is needed then, and nothing is ever stale. */
  readonly single?: boolean;
  /**
   * For several processes on one host over one SQLite file: the store's `PRAGMA data_version`, asked at every hit
   * (2 to 4 µs). Revocations then show at once, everywhere.
   */
  readonly dataVersion?: () => number;
  /** 100,000 entries and 256 MB unless given. */
  readonly local?: Partial<LocalLimits> & {
    /**
     * Milliseconds until a copy is read again. The bound is about revocations; this is about *data* that was written in
     * another process, should its hint be lost. 30 s with a shared tier, else the staleness bound;
     * a single process needs none.
     */
    readonly ttl?: number;
  };
  /** Milliseconds to wait for one answer. `shared`, hints included, 100, `store` 1000 unless given. */
  readonly deadlines?: { readonly shared?: number; readonly store?: number };
  readonly clock?: Clock;
  /** Monotonic milliseconds. */
  readonly monotonic?: () => number;
  readonly schedule?: Schedule;
}

/** The lease that fits the deployment. */
export function leaseOf({ single, dataVersion }: CacheOptions, bound: number): Lease {
  if (single) return new SoleLease();
  return dataVersion ? new WatchedLease(dataVersion) : new TimedLease(bound);
}

/** The staleness bound, milliseconds, once the options have been looked through. */
export function checkedBound(options: CacheOptions): number {
  const { stalenessBound = 2000, single, dataVersion, shared, hints, local = {} } = options;
  const faults: Fault[] = [];
  if (!(stalenessBound >= 100 && stalenessBound < Number.POSITIVE_INFINITY)) {
    faults.push({ path: "stalenessBound", message: "must be at least 100 milliseconds" });
  }
  if (single && dataVersion)
    faults.push({ path: "dataVersion", message: "is of no use to a single process" });
  if (single && shared) faults.push({ path: "shared", message: "is of no use to a single process" });
  if (single && hints) faults.push({ path: "hints", message: "is of no use to a single process" });
  if (shared && hints) faults.push({ path: "hints", message: "is the shared tier's work already" });
  for (const name of ["maxEntries", "maxBytes"] as const) {
    const limit = local[name] ?? 1;
    if (!Number.isSafeInteger(limit) || limit < 1) {
      faults.push({ path: `local.${name}`, message: "must be a whole number above 0" });
    }
  }
  if (!((local.ttl ?? 0) >= 0)) faults.push({ path: "local.ttl", message: "must be 0 milliseconds or more" });
  if (faults.length === 0) return stalenessBound;
  throw new CoatcheckError("VALIDATION_FAILED", "The cache's options will not do.", { faults });
}
