import type { Clock, Schedule } from "../session/clock.ts";
import { CoatcheckError } from "../session/errors.ts";
import type { SessionStore } from "../session/store.ts";
import { type Lease, SoleLease, TimedLease, WatchedLease } from "./lease.ts";
import type { LocalLimits } from "./local.ts";
import type { SharedTier } from "./shared.ts";

/** What a cache is made of; only `store` must be given. */
export interface CacheOptions {
  readonly store: SessionStore;
  /** The tier that several processes share, such as `redisShared`. Closed with the cache. */
  readonly shared?: SharedTier;
  /** Milliseconds: the longest that any process may go on serving a revoked session. 100 at least, 2000 unless given. */
  readonly stalenessBound?: number;
  /** This process is the only one that writes to the store. No lease is needed then, and nothing is ever stale. */
  readonly single?: boolean;
  /**
   * For several processes on one host over one SQLite file: the store's `PRAGMA data_version`, asked at every hit
   * (2 to 4 µs). Revocations then show at once, everywhere.
   */
  readonly dataVersion?: () => number;
  readonly local?: Partial<LocalLimits> & {
    /**
     * Milliseconds until a copy is read again. The bound is about revocations; this is about *data* that was written in
     * another process, should its hint be lost. 30 s with a shared tier, else the staleness bound.
     */
    readonly ttl?: number;
  };
  /** Milliseconds to wait for one answer. `shared` 100, `store` 1000 unless given. */
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
export function checkedBound({ stalenessBound = 2000, single, dataVersion, shared }: CacheOptions): number {
  const faults = [];
  if (!(stalenessBound >= 100 && stalenessBound < Number.POSITIVE_INFINITY)) {
    faults.push({ path: "stalenessBound", message: "must be at least 100 milliseconds" });
  }
  if (single && dataVersion)
    faults.push({ path: "dataVersion", message: "is of no use to a single process" });
  if (single && shared) faults.push({ path: "shared", message: "is of no use to a single process" });
  if (faults.length > 0)
    throw new CoatcheckError("VALIDATION_FAILED", "The cache's options will not do.", { faults });
  return stalenessBound;
}
