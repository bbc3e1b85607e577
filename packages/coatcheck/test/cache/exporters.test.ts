import { createNoopMeter } from "@opentelemetry/api";
import { expect, test } from "vitest";
import { type OpenTelemetryMeter, observeCache } from "../../src/cache/metrics/opentelemetry.ts";
import { prometheusText } from "../../src/cache/metrics/prometheus.ts";
import { Cluster, InMemorySharedTier } from "./fixtures.ts";

async function createUsedCache() {
  const cluster = new Cluster();
  const shared = new InMemorySharedTier();
  const { cache } = await cluster.startNode({ shared, maxStaleness: 2000 });
  const { id } = await cluster.storeSession();
  await cache.read(id);
  await cache.read(id);
  await cluster.time.advance(250);
  return cache;
}

/** Creates a meter that records the observed values by name and labels. */
function createRecordingMeter() {
  type Callback = Parameters<ReturnType<OpenTelemetryMeter["createObservableGauge"]>["addCallback"]>[0];
  const callbacks = new Map<Callback, string>();
  const create = (name: string) => ({
    addCallback: (callback: Callback) => void callbacks.set(callback, name),
    removeCallback: (callback: Callback) => void callbacks.delete(callback),
  });
  return {
    meter: { createObservableCounter: create, createObservableGauge: create },
    collect() {
      const observed = new Map<string, number>();
      for (const [callback, name] of callbacks) {
        callback({
          observe: (value, labels) => observed.set([name, ...Object.values(labels ?? {})].join(" "), value),
        });
      }
      return observed;
    },
  };
}

test("prometheusText() reports the metrics in base units", async () => {
  const text = prometheusText((await createUsedCache()).metrics());
  const value = (series: string) =>
    Number(
      text
        .split("\n")
        .find((line) => line.startsWith(`${series} `))
        ?.split(" ")[1],
    );
  expect(value("coatcheck_cache_entries")).toBe(1);
  expect(value("coatcheck_cache_store_reads_total")).toBe(1);
  expect(value('coatcheck_cache_reads_total{tier="shared",outcome="miss"}')).toBe(1);
  expect(value('coatcheck_cache_breaker{tier="store"}')).toBe(0);
  expect(value("coatcheck_lease_max_staleness_seconds")).toBe(2);
  expect(value("coatcheck_lease_age_seconds")).toBe(0.25);
  expect(value("coatcheck_lease_valid")).toBe(1);
  expect(value('coatcheck_log_polls_total{outcome="answered"}')).toBeGreaterThan(0);
});

test("prometheusText() declares a type for every metric and returns cumulative buckets", async () => {
  const lines = prometheusText((await createUsedCache()).metrics())
    .trimEnd()
    .split("\n");
  const types = new Map(
    lines.flatMap((line) => {
      const [, name, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
      return name && type ? [[name, type] as const] : [];
    }),
  );
  for (const line of lines.filter((each) => !each.startsWith("#"))) {
    const [, name = ""] =
      /^([a-z_]+)(?:\{[a-z]+="[^"]*"(?:,[a-z]+="[^"]*")*\})? [0-9.e+-]+$/.exec(line) ?? [];
    expect(types.has(name) || types.get(name.replace(/_(bucket|sum|count)$/, "")) === "histogram", line).toBe(
      true,
    );
  }
  const buckets = lines.filter((line) => line.startsWith('coatcheck_cache_call_seconds_bucket{tier="store"'));
  const counts = buckets.map((line) => Number(line.split(" ")[1]));
  expect(counts).toEqual(counts.toSorted((left, right) => left - right));
  expect(buckets.at(-1)).toBe('coatcheck_cache_call_seconds_bucket{tier="store",le="+Inf"} 1');
});

test("observeCache() reports the metrics at each collection until it is stopped", async () => {
  const { meter, collect } = createRecordingMeter();
  const cache = await createUsedCache();
  const stop = observeCache(meter, cache);
  expect(collect().get("coatcheck.cache.reads local hit")).toBe(cache.metrics().local.hits);
  expect(collect().get("coatcheck.lease.age")).toBe(0.25);
  expect(collect().get("coatcheck.cache.failures store")).toBe(0);
  stop();
  expect(collect().size).toBe(0);
});

test("observeCache() accepts a meter of @opentelemetry/api", async () => {
  observeCache(createNoopMeter(), await createUsedCache())();
});
