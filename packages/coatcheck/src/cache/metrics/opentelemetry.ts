import { INSTRUMENTS } from "./instruments.ts";
import type { CacheSnapshot } from "./snapshot.ts";

/** The part of OpenTelemetry's `ObservableResult` that this module uses. */
interface ObservableResult {
  observe(value: number, attributes?: Record<string, string>): void;
}

interface Observable {
  addCallback(callback: (result: ObservableResult) => void): void;
  removeCallback(callback: (result: ObservableResult) => void): void;
}

interface InstrumentOptions {
  readonly description?: string;
  readonly unit?: string;
}

/** The part of `@opentelemetry/api`'s `Meter` that this module uses. */
export interface OpenTelemetryMeter {
  createObservableCounter(name: string, options?: InstrumentOptions): Observable;
  createObservableGauge(name: string, options?: InstrumentOptions): Observable;
}

/**
 * Exports a cache's metrics through an OpenTelemetry meter, which reads them at each collection. Latency histograms are
 * not included, because OpenTelemetry has no observable histogram; use `prometheusText` for them.
 *
 * @returns a function that stops the export.
 * @example
 * observeCache(metrics.getMeter("coatcheck"), cache);
 */
export function observeCache(meter: OpenTelemetryMeter, cache: { metrics(): CacheSnapshot }): () => void {
  const removals = INSTRUMENTS.map(({ name, kind, description, unit, read }) => {
    const options = { description, ...(unit ? { unit } : {}) };
    const dottedName = name.replaceAll("_", ".");
    const observable =
      kind === "counter"
        ? meter.createObservableCounter(dottedName, options)
        : meter.createObservableGauge(dottedName, options);
    const callback = (result: ObservableResult) => {
      for (const { labels, value } of read(cache.metrics())) result.observe(value, labels);
    };
    observable.addCallback(callback);
    return () => observable.removeCallback(callback);
  });
  return () => {
    for (const remove of removals) remove();
  };
}
