/** What the manager has done since it was made. Durations in milliseconds. */
export interface SessionMetrics {
  /** `getSession` answered from what this page knew. */
  readonly hits: number;
  readonly misses: number;
  /** Percent. */
  readonly cacheHitRate: number;
  /** The server did not answer: the last known session was served. */
  readonly staleServes: number;
  /** Questions sent to the server. */
  readonly fetches: number;
  /** Questions that joined one already under way. */
  readonly deduped: number;
  /** Answers taken over from another tab. */
  readonly crossTabAdoptions: number;
  readonly csrfRecoveries: number;
  readonly errors: number;
  /** Of the newest 100 answers. */
  readonly p50: number;
  readonly p95: number;
  /** Where the server found the session, by its `Server-Timing` header: `{ local: 12, shared: 1, store: 3 }`. */
  readonly byTier: Readonly<Record<string, number>>;
}

/** Counts what the manager does. */
export interface Meter {
  readonly counts: {
    -readonly [Name in Exclude<keyof SessionMetrics, "cacheHitRate" | "p50" | "p95" | "byTier">]: number;
  };
  /** One question was answered after `duration` milliseconds. */
  answered(duration: number, serverTiming: string | null): void;
  read(): SessionMetrics;
}

const KEPT = 100;

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
    answered(duration, serverTiming) {
      durations.unshift(duration);
      durations.splice(KEPT);
      const tier = serverTiming?.match(/\bsession;desc="?(\w+)/)?.[1];
      if (tier) byTier[tier] = (byTier[tier] ?? 0) + 1;
    },
    read() {
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
