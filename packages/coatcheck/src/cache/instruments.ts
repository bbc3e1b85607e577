import type { GuardFigures } from "./guard.ts";
import type { CacheSnapshot } from "./metrics.ts";

/** One figure, and what tells it from its instrument's others. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A kind of figure, as both Prometheus and OpenTelemetry know it. */
export interface Instrument {
  readonly name: string;
  /** `counter`: only grows. */
  readonly kind: "counter" | "gauge";
  readonly description: string;
  readonly unit?: "s" | "By";
  read(snapshot: CacheSnapshot): readonly Sample[];
}

/** Everything that a snapshot tells, except how latencies are spread. */
export const INSTRUMENTS: readonly Instrument[] = [
  {
    name: "coatcheck_cache_entries",
    kind: "gauge",
    description: "Sessions held in this process.",
    read: ({ local }) => one(local.entries),
  },
  {
    name: "coatcheck_cache_memory",
    kind: "gauge",
    description: "Memory that they take, estimated.",
    unit: "By",
    read: ({ local }) => one(local.bytes),
  },
  {
    name: "coatcheck_cache_reads",
    kind: "counter",
    description: "Reads of a tier, by what came of them; refusal: a copy was there, and must not answer.",
    read: ({ local, shared }) => [
      ...outcomesOf("local", local),
      ...(shared ? outcomesOf("shared", shared) : []),
    ],
  },
  {
    name: "coatcheck_cache_store_reads",
    kind: "counter",
    description: "Reads that reached the store.",
    read: ({ store }) => one(store.reads),
  },
  {
    name: "coatcheck_cache_dead_id_hits",
    kind: "counter",
    description: "Reads of the store that were saved because the id was known to be dead.",
    read: ({ store }) => one(store.deadIdHits),
  },
  {
    name: "coatcheck_cache_failures",
    kind: "counter",
    description: "Calls of a remote tier that failed or were not answered in time.",
    read: (snapshot) => remote(snapshot, ({ failures }) => failures),
  },
  {
    name: "coatcheck_cache_turned_away",
    kind: "counter",
    description: "Calls of a remote tier that were not made, because its breaker was open.",
    read: (snapshot) => remote(snapshot, ({ turnedAway }) => turnedAway),
  },
  {
    name: "coatcheck_cache_breaker",
    kind: "gauge",
    description: "A remote tier's breaker: 0 closed, 0.5 half-open, 1 open.",
    read: (snapshot) => remote(snapshot, ({ breaker }) => BREAKER_VALUES[breaker]),
  },
  {
    name: "coatcheck_lease_bound",
    kind: "gauge",
    description: "The longest that a revoked session may be served; 0 when nothing can be stale.",
    unit: "s",
    read: ({ lease }) => one(lease.bound / 1000),
  },
  {
    name: "coatcheck_lease_age",
    kind: "gauge",
    description: "Since the newest answered poll of the log was sent; absent before the first.",
    unit: "s",
    read: ({ lease }) => (lease.age === null ? [] : one(lease.age / 1000)),
  },
  {
    name: "coatcheck_lease_held",
    kind: "gauge",
    description: "1 while copies may answer.",
    read: ({ lease }) => one(lease.isHeld ? 1 : 0),
  },
  {
    name: "coatcheck_log_polls",
    kind: "counter",
    description: "Polls of the log, by whether they were answered.",
    read: ({ log }) => [
      { labels: { outcome: "answered" }, value: log.polls },
      { labels: { outcome: "failed" }, value: log.failures },
    ],
  },
  {
    name: "coatcheck_log_marks",
    kind: "gauge",
    description: "Revocations that are remembered in this process.",
    read: ({ log }) => one(log.marks),
  },
];

const BREAKER_VALUES = { closed: 0, "half-open": 0.5, open: 1 } as const;

function one(value: number): readonly Sample[] {
  return [{ labels: {}, value }];
}

function outcomesOf(
  tier: string,
  { hits, misses, refusals }: { readonly hits: number; readonly misses: number; readonly refusals: number },
): readonly Sample[] {
  return Object.entries({ hit: hits, miss: misses, refusal: refusals }).map(([outcome, value]) => ({
    labels: { tier, outcome },
    value,
  }));
}

/** The tiers beyond this process. */
export function remoteTiers({ shared, store }: CacheSnapshot): readonly (readonly [string, GuardFigures])[] {
  return shared
    ? [
        ["shared", shared],
        ["store", store],
      ]
    : [["store", store]];
}

function remote(snapshot: CacheSnapshot, read: (figures: GuardFigures) => number): readonly Sample[] {
  return remoteTiers(snapshot).map(([tier, figures]) => ({ labels: { tier }, value: read(figures) }));
}
