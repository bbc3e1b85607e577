import type { RemoteCallMetrics } from "../circuit-breaker.ts";
import type { CacheSnapshot } from "./snapshot.ts";

/** One value of an instrument, with the labels that distinguish it from the instrument's other values. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric that both Prometheus and OpenTelemetry can export. */
export interface Instrument {
  readonly name: string;
  /** A `counter` never decreases. */
  readonly kind: "counter" | "gauge";
  readonly description: string;
  readonly unit?: "s" | "By";
  read(snapshot: CacheSnapshot): readonly Sample[];
}

/** Every metric of a snapshot except the latency histograms, which only Prometheus exports. */
export const INSTRUMENTS: readonly Instrument[] = [
  {
    name: "coatcheck_cache_entries",
    kind: "gauge",
    description: "Sessions in the local tier.",
    read: ({ local }) => singleSample(local.entries),
  },
  {
    name: "coatcheck_cache_memory",
    kind: "gauge",
    description: "Estimated memory of the local tier.",
    unit: "By",
    read: ({ local }) => singleSample(local.bytes),
  },
  {
    name: "coatcheck_cache_reads",
    kind: "counter",
    description: "Reads of a tier by outcome. A refusal is a copy that could not be served.",
    read: ({ local, shared }) => [
      ...outcomeSamples("local", local),
      ...(shared ? outcomeSamples("shared", shared) : []),
    ],
  },
  {
    name: "coatcheck_cache_store_reads",
    kind: "counter",
    description: "Reads sent to the store.",
    read: ({ store }) => singleSample(store.reads),
  },
  {
    name: "coatcheck_cache_negative_hits",
    kind: "counter",
    description: "Store reads saved because the id was recently found missing or ended.",
    read: ({ store }) => singleSample(store.negativeHits),
  },
  {
    name: "coatcheck_cache_failures",
    kind: "counter",
    description: "Calls to a remote tier that failed or missed their deadline.",
    read: (snapshot) => remoteTierSamples(snapshot, ({ failures }) => failures),
  },
  {
    name: "coatcheck_cache_rejected",
    kind: "counter",
    description: "Calls to a remote tier rejected because its circuit breaker was open.",
    read: (snapshot) => remoteTierSamples(snapshot, ({ rejected }) => rejected),
  },
  {
    name: "coatcheck_cache_breaker",
    kind: "gauge",
    description: "Circuit breaker of a remote tier: 0 closed, 0.5 half-open, 1 open.",
    read: (snapshot) => remoteTierSamples(snapshot, ({ breaker }) => BREAKER_VALUES[breaker]),
  },
  {
    name: "coatcheck_lease_max_staleness",
    kind: "gauge",
    description: "Longest time for which a revoked session may be served; 0 if no copy can be stale.",
    unit: "s",
    read: ({ lease }) => singleSample(lease.maxStaleness / 1000),
  },
  {
    name: "coatcheck_lease_age",
    kind: "gauge",
    description: "Time since the newest successful log poll was sent; absent before the first.",
    unit: "s",
    read: ({ lease }) => (lease.age === null ? [] : singleSample(lease.age / 1000)),
  },
  {
    name: "coatcheck_lease_valid",
    kind: "gauge",
    description: "1 while cached copies may be served.",
    read: ({ lease }) => singleSample(lease.isValid ? 1 : 0),
  },
  {
    name: "coatcheck_log_polls",
    kind: "counter",
    description: "Polls of the revocation log by outcome.",
    read: ({ log }) => [
      { labels: { outcome: "answered" }, value: log.polls },
      { labels: { outcome: "failed" }, value: log.failures },
    ],
  },
  {
    name: "coatcheck_log_entries",
    kind: "gauge",
    description: "Revocations kept in this process.",
    read: ({ log }) => singleSample(log.entries),
  },
];

const BREAKER_VALUES = { closed: 0, "half-open": 0.5, open: 1 } as const;

function singleSample(value: number): readonly Sample[] {
  return [{ labels: {}, value }];
}

function outcomeSamples(
  tier: string,
  { hits, misses, refusals }: { readonly hits: number; readonly misses: number; readonly refusals: number },
): readonly Sample[] {
  return Object.entries({ hit: hits, miss: misses, refusal: refusals }).map(([outcome, value]) => ({
    labels: { tier, outcome },
    value,
  }));
}

/** The tiers outside this process, with their metrics. */
export function remoteTiers({
  shared,
  store,
}: CacheSnapshot): readonly (readonly [string, RemoteCallMetrics])[] {
  return shared
    ? [
        ["shared", shared],
        ["store", store],
      ]
    : [["store", store]];
}

function remoteTierSamples(
  snapshot: CacheSnapshot,
  read: (metrics: RemoteCallMetrics) => number,
): readonly Sample[] {
  return remoteTiers(snapshot).map(([tier, metrics]) => ({ labels: { tier }, value: read(metrics) }));
}
