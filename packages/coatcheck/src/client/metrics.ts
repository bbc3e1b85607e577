/** Counters of a client since it was created. Durations are in milliseconds. */
export interface SessionMetrics {
  /** Calls of `getSession` that returned the page's cached copy of the session, without a request. */
  readonly hits: number;
  /** Calls of `getSession` that had to send a request. */
  readonly misses: number;
  /** `hits` as a percentage of `hits` and `misses`. */
  readonly cacheHitRate: number;
  /** Calls of `getSession` that returned the last known session because the server could not be reached. */
  readonly staleServes: number;
  /** Refreshes that were sent to the server. */
  readonly fetches: number;
  /** Refreshes that shared a request in flight. */
  readonly deduped: number;
  /** Views received from another tab. */
  readonly crossTabAdoptions: number;
  /** Requests that were repeated with a newer CSRF token. */
  readonly csrfRecoveries: number;
  /** Calls of a session endpoint that failed. */
  readonly errors: number;
  /** Median duration of the newest 100 calls. */
  readonly p50: number;
  /** 95th percentile of the newest 100 calls. */
  readonly p95: number;
  /**
   * Number of responses by the place where the server found the session (its `Server-Timing` header): `{ local: 12,
   * shared: 1, store: 3 }`.
   */
  readonly byTier: Readonly<Record<string, number>>;
}

/** Collects the metrics of one client. */
export interface Meter {
  readonly counts: {
    -readonly [Name in Exclude<keyof SessionMetrics, "cacheHitRate" | "p50" | "p95" | "byTier">]: number;
  };
  /** Records a response that took `duration` milliseconds. */
  recordResponse(duration: number, serverTiming: string | null): void;
  getMetrics(): SessionMetrics;
}

/** Maximum number of durations from which the percentiles are computed. */
const MAX_DURATIONS = 100;

export function createMeter(): Meter {
  const byTier: Record<string, number> = {};
  const durations: number[] = [];
  const counts: Meter["counts"] = {
    hits: 0,
    misses: 0,
    staleServes: 0,
    fetches: 0,
    deduped: 0,
    crossTabAdoptions: 0,
    csrfRecoveries: 0,
    errors: 0,
  };
  return {
    counts,
    recordResponse(duration, serverTiming) {
      durations.unshift(duration);
      durations.splice(MAX_DURATIONS);
      const tier = serverTiming?.match(/\bsession;desc="?(\w+)/)?.[1];
      if (tier) byTier[tier] = (byTier[tier] ?? 0) + 1;
    },
    getMetrics() {
      const sorted = durations.toSorted((left, right) => left - right);
      const percentile = (share: number) => sorted.at(share * sorted.length) ?? 0;
      return {
        ...counts,
        cacheHitRate: (100 * counts.hits) / (counts.hits + counts.misses || 1),
        p50: percentile(0.5),
        p95: percentile(0.95),
        byTier,
      };
    },
  };
}
