import type { LatencySnapshot } from "../histogram.ts";
import { INSTRUMENTS, type Instrument, remoteTiers, type Sample } from "./instruments.ts";
import type { CacheSnapshot } from "./snapshot.ts";

/** The `Content-Type` of a response with {@link prometheusText}. */
export const PROMETHEUS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

const LATENCY_NAME = "coatcheck_cache_call_seconds";
const UNIT_SUFFIXES = { s: "_seconds", By: "_bytes" } as const;

/**
 * Formats a cache's metrics in Prometheus's text format. Serve it from a route of your application, or append it to the
 * output of another registry.
 *
 * @example
 * app.get("/metrics", (_request, response) => response.type(PROMETHEUS_CONTENT_TYPE).send(prometheusText(cache.metrics())));
 */
export function prometheusText(snapshot: CacheSnapshot): string {
  const lines = INSTRUMENTS.flatMap((instrument) => instrumentLines(instrument, instrument.read(snapshot)));
  lines.push(
    `# HELP ${LATENCY_NAME} Latency of successful calls to a remote tier.`,
    `# TYPE ${LATENCY_NAME} histogram`,
  );
  for (const [tier, { latency }] of remoteTiers(snapshot)) lines.push(...histogramLines(tier, latency));
  return `${lines.join("\n")}\n`;
}

function instrumentLines(
  { name, kind, description, unit }: Instrument,
  samples: readonly Sample[],
): string[] {
  const fullName = `${name}${unit ? UNIT_SUFFIXES[unit] : ""}${kind === "counter" ? "_total" : ""}`;
  return [
    `# HELP ${fullName} ${description}`,
    `# TYPE ${fullName} ${kind}`,
    ...samples.map(({ labels, value }) => `${fullName}${formatLabels(labels)} ${value}`),
  ];
}

/** Prometheus buckets are cumulative: each bucket counts all values up to its bound. */
function histogramLines(tier: string, { bounds, counts, count, sum }: LatencySnapshot): string[] {
  let total = 0;
  const buckets = bounds.map((bound, index) => {
    total += counts[index] ?? 0;
    return `${LATENCY_NAME}_bucket${formatLabels({ tier, le: String(bound / 1000) })} ${total}`;
  });
  return [
    ...buckets,
    `${LATENCY_NAME}_bucket${formatLabels({ tier, le: "+Inf" })} ${count}`,
    `${LATENCY_NAME}_sum${formatLabels({ tier })} ${sum / 1000}`,
    `${LATENCY_NAME}_count${formatLabels({ tier })} ${count}`,
  ];
}

/** Label values are constants of this library, so they need no escaping. */
function formatLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}
