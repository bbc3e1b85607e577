import type { Clock, Schedule } from "../session/clock.ts";
import type { DataVersionSource } from "../session/data-version.ts";
import { CoatcheckError, type Fault } from "../session/errors.ts";
import type { HintChannel } from "../session/hint.ts";
import {
  type KnownOptions,
  requireKnownNestedOptions,
  requireKnownOptions,
  requireMethod,
} from "../session/known-options.ts";
import { warnOfShortDurations } from "../session/short-durations.ts";
import type { SessionStore } from "../session/store.ts";
import { DataVersionLease, type Lease, SingleProcessLease, TimedLease } from "./lease.ts";
import type { LocalLimits } from "./local.ts";
import type { SharedTier } from "./shared/tier.ts";

/** Options of `createCache`. Only `store` is required. */
export interface CacheOptions {
  /** The store that the cache reads and whose revocation log it polls. The manager closes it. */
  readonly store: SessionStore;
  /** The tier that several processes share, such as `redisShared()`. Closed with the cache. */
  readonly shared?: SharedTier;
  /** Carries hints between processes, such as `postgresHints()`. Default: the shared tier. Closed with the cache. */
  readonly hints?: HintChannel;
  /** Longest time for which any process may serve a revoked session, in milliseconds. Minimum: 100. Default: 2000. */
  readonly maxStaleness?: number;
  /**
   * Set it to true only if one process writes to the store. The cache then needs no lease, and no copy is stale. If
   * other processes write too, this process keeps accepting the sessions that they revoke, with no time limit. With a
   * SQLite store the option is safe: that store detects the commits of other processes, so the cache uses its
   * `dataVersion` instead. Default: false.
   */
  readonly singleProcess?: boolean;
  /**
   * For several processes on one host with one SQLite file: returns the store's `PRAGMA data_version`. The cache calls
   * it at every hit (2 to 4 µs), so that each process sees revocations at the next request.
   */
  readonly dataVersion?: () => number;
  /** Limits of the local tier. Default: 100,000 entries and 256 MiB. */
  readonly local?: Partial<LocalLimits> & {
    /**
     * Milliseconds until a copy is read again. If the hint about another process's write is lost, this process serves
     * the older *data* for at most this long. For revocations, the staleness bound applies instead. Default: 30 s with
     * a shared tier, otherwise the staleness bound; Infinity with `singleProcess`.
     */
    readonly ttl?: number;
  };
  /** Milliseconds to wait for one response. Default: `shared` (including hints) 100, `store` 1000. */
  readonly deadlines?: { readonly shared?: number; readonly store?: number };
  /** Default: the system clock. */
  readonly clock?: Clock;
  /** Returns monotonic milliseconds. Default: `performance.now`. */
  readonly monotonic?: () => number;
  /** Default: `setTimeout`, unreferenced. */
  readonly schedule?: Schedule;
}

const CACHE_OPTIONS = {
  store: true,
  shared: true,
  hints: true,
  maxStaleness: "number",
  singleProcess: "boolean",
  dataVersion: "function",
  local: true,
  deadlines: true,
  clock: true,
  monotonic: "function",
  schedule: "function",
} satisfies KnownOptions<CacheOptions>;
const LOCAL_OPTIONS = { maxEntries: "number", maxBytes: "number", ttl: "number" } satisfies KnownOptions<
  NonNullable<CacheOptions["local"]>
>;
const DEADLINE_OPTIONS = { shared: "milliseconds", store: "milliseconds" } satisfies KnownOptions<
  NonNullable<CacheOptions["deadlines"]>
>;

/**
 * Replaces `singleProcess` by `dataVersion` if the store detects the commits of other processes, because nothing stops
 * an operator from starting a second process on the same SQLite file. Keeps `singleProcess` for a database in memory,
 * which no other process can open.
 */
export function preferDataVersion(options: CacheOptions): CacheOptions {
  const store: SessionStore & Partial<DataVersionSource> = options.store;
  if (!options.singleProcess || !store.dataVersion || store.isPrivate) return options;
  return { ...options, singleProcess: false, dataVersion: store.dataVersion.bind(store) };
}

/** Chooses the lease for the deployment that the options describe. */
export function createLease({ singleProcess, dataVersion }: CacheOptions, bound: number): Lease {
  if (singleProcess) return new SingleProcessLease();
  return dataVersion ? new DataVersionLease(dataVersion) : new TimedLease(bound);
}

/**
 * Validates the options.
 *
 * @returns the staleness bound, in milliseconds.
 * @throws UsageError for an unknown option.
 * @throws CoatcheckError `VALIDATION_FAILED` with every fault; the first is in the message.
 */
export function resolveMaxStaleness(options: CacheOptions): number {
  requireKnownOptions("cache options", options, CACHE_OPTIONS);
  requireKnownNestedOptions("cache options", options, "local", LOCAL_OPTIONS);
  requireKnownNestedOptions("cache options", options, "deadlines", DEADLINE_OPTIONS);
  const { maxStaleness = 2000, singleProcess, dataVersion, shared, hints, local = {} } = options;
  requireMethod("cache options", "store", options.store, { method: "get", what: "a session store" });
  if (shared)
    requireMethod("cache options", "shared", shared, {
      method: "tombstone",
      what: "a shared tier, from redisShared()",
    });
  if (hints)
    requireMethod("cache options", "hints", hints, { method: "publish", what: "a channel of hints" });
  const faults: Fault[] = [];
  if (!(maxStaleness >= 100 && maxStaleness < Number.POSITIVE_INFINITY)) {
    const message = `must be a finite number of milliseconds, at least 100 (got ${maxStaleness})`;
    faults.push({ path: "maxStaleness", message });
  }
  for (const [path, value] of Object.entries({ dataVersion, shared, hints })) {
    if (singleProcess && value)
      faults.push({ path, message: 'must not be set together with "singleProcess"' });
  }
  if (shared && hints) {
    faults.push({
      path: "hints",
      message: 'must not be set together with "shared", because the shared cache already delivers the hints',
    });
  }
  for (const name of ["maxEntries", "maxBytes"] as const) {
    const limit = local[name] ?? 1;
    if (!Number.isSafeInteger(limit) || limit < 1) {
      faults.push({ path: `local.${name}`, message: `must be a positive integer (got ${limit})` });
    }
  }
  if (!((local.ttl ?? 0) >= 0)) {
    const message = `must be a number of milliseconds, 0 or more (got ${local.ttl})`;
    faults.push({ path: "local.ttl", message });
  }
  warnOfShortDurations("cache options", "grace", { "local.ttl": local.ttl });
  warnOfShortDurations("cache options", "quickWait", { "deadlines.shared": options.deadlines?.shared });
  warnOfShortDurations("cache options", "wait", { "deadlines.store": options.deadlines?.store });
  const [first] = faults;
  if (!first) return maxStaleness;
  const message = `Invalid cache options: ${first.path} ${first.message}.`;
  throw new CoatcheckError("VALIDATION_FAILED", message, { faults });
}
