import type { LatencySnapshot } from "./histogram.ts";
import { INSTRUMENTS, type Instrument, remoteTiers, type Sample } from "./instruments.ts";
import type { CacheSnapshot } from "./metrics.ts";

/** What to answer with beside {@link prometheusText}. */
export const PROMETHEUS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

const LATENCY = "coatcheck_cache_call_seconds";
const UNITS = { s: "_seconds", By: "_bytes" } as const;

/**
 * A cache's figures in Prometheus's text format, to be answered by a route of the application's, or appended to the
 * text of a registry of its own.
 *
 * @example
 * app.get("/metrics", (_request, response) => response.type(PROMETHEUS_CONTENT_TYPE).send(prometheusText(cache.metrics())));
 */
export function prometheusText(snapshot: CacheSnapshot): string {
  const lines = INSTRUMENTS.flatMap((instrument) => instrumentLines(instrument, instrument.read(snapshot)));
  lines.push(`# HELP ${LATENCY} How long a remote tier took to answer.`, `# TYPE ${LATENCY} histogram`);
  for (const [tier, { latency }] of remoteTiers(snapshot)) lines.push(...histogramLines(tier, latency));
  return `${lines.join("\n")}\n`;
}

function instrumentLines(
  { name, kind, description, unit }: Instrument,
  samples: readonly Sample[],
): string[] {
  const fullName = `${name}${unit ? UNITS[unit] : ""}${kind === "counter" ? "_total" : ""}`;
  return [
    `# HELP ${fullName} ${description}`,
    `# TYPE ${fullName} ${kind}`,
    ...samples.map(({ labels, value }) => `${fullName}${labelText(labels)} ${value}`),
  ];
}

/** Prometheus counts up: each bucket holds all that is at most its bound. */
function histogramLines(tier: string, { bounds, counts, count, sum }: LatencySnapshot): string[] {
  let total = 0;
  const buckets = bounds.map((bound, index) => {
    total += counts[index] ?? 0;
    return `${LATENCY}_bucket${labelText({ tier, le: String(bound / 1000) })} ${total}`;
  });
  return [
    ...buckets,
    `${LATENCY}_bucket${labelText({ tier, le: "+Inf" })} ${count}`,
    `${LATENCY}_sum${labelText({ tier })} ${sum / 1000}`,
    `${LATENCY}_count${labelText({ tier })} ${count}`,
  ];
}

/** Every value is a word of ours; nothing needs escaping. */
function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}
