import { INSTRUMENTS } from "./instruments.ts";
import type { CacheSnapshot } from "./metrics.ts";

/** The slice of an OpenTelemetry observation that is used. */
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

/** The slice of `@opentelemetry/api`'s `Meter` that is used. */
export interface OpenTelemetryMeter {
  createObservableCounter(name: string, options?: InstrumentOptions): Observable;
  createObservableGauge(name: string, options?: InstrumentOptions): Observable;
}

/**
 * Lets OpenTelemetry read a cache's figures whenever it collects. How latencies are spread is not among them: it knows
 * no histogram that is read; {@link prometheusText} has it.
 *
 * @returns ends it.
 * @example
 * observeCache(metrics.getMeter("coatcheck"), cache);
 */
export function observeCache(meter: OpenTelemetryMeter, cache: { metrics(): CacheSnapshot }): () => void {
  const ends = INSTRUMENTS.map(({ name, kind, description, unit, read }) => {
    const options = { description, ...(unit ? { unit } : {}) };
    const dotted = name.replaceAll("_", ".");
    const observable =
      kind === "counter"
        ? meter.createObservableCounter(dotted, options)
        : meter.createObservableGauge(dotted, options);
    const callback = (result: ObservableResult) => {
      for (const { labels, value } of read(cache.metrics())) result.observe(value, labels);
    };
    observable.addCallback(callback);
    return () => observable.removeCallback(callback);
  });
  return () => {
    for (const end of ends) end();
  };
}
