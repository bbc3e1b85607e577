import type { RemoteCallMetrics } from "../circuit-breaker.ts";

/** Metrics of the shared tier. */
export interface SharedMetrics extends RemoteCallMetrics {
  readonly hits: number;
  /** Number of reads that found no copy, or only the tombstone of a revoked session. */
  readonly misses: number;
  /**
   * Copies that could not be served, because the log rejected them, a timeout had passed, or the reader required a
   * newer version.
   */
  readonly refusals: number;
}

/** Counters and gauges of a cache. Counters start at 0 when the cache is created and never decrease. */
export interface CacheSnapshot {
  readonly local: {
    readonly entries: number;
    /** Estimated bytes of memory. */
    readonly bytes: number;
    readonly hits: number;
    readonly misses: number;
    /**
     * Copies that could not be served, because there was no lease, a mass revocation applied, or a timeout or the TTL
     * had passed.
     */
    readonly refusals: number;
  };
  /** Null without a shared tier. */
  readonly shared: SharedMetrics | null;
  readonly store: RemoteCallMetrics & {
    readonly reads: number;
    /**
     * Number of store reads that were skipped, because a recent read had found no session or an ended session for the
     * id.
     */
    readonly negativeHits: number;
  };
  readonly lease: {
    /** Staleness bound in milliseconds; 0 if no copy can be stale (`singleProcess` or `dataVersion`). */
    readonly maxStaleness: number;
    /** Milliseconds since the newest successful poll was sent; null before the first. */
    readonly age: number | null;
    /** Whether copies may be served now. */
    readonly isValid: boolean;
  };
  readonly log: { readonly polls: number; readonly failures: number; readonly entries: number };
}
