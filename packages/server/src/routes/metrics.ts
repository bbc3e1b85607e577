import { setTimeout as pause } from "node:timers/promises";
import { CoatcheckError, type StoreStats } from "coatcheck";
import { PROMETHEUS_CONTENT_TYPE, prometheusText, type SessionCache } from "coatcheck/cache";
import { z } from "zod";
import type { App, Service } from "../app.ts";
import { RecentStats } from "../recent-stats.ts";
import { failures } from "../schemas.ts";

/** Milliseconds to wait for the counts: who scrapes gives up after some seconds, and then has none of the figures. */
const PATIENCE = 1000;

/** For Prometheus. Counts and latencies say how a business is doing, so only the admin may read them. */
export function metricsRoute(
  app: App,
  { manager, callers }: Pick<Service, "manager" | "callers">,
  cache: Pick<SessionCache, "metrics">,
): void {
  const stats = new RecentStats(manager, () => performance.now());

  app.get(
    "/metrics",
    {
      schema: {
        summary: "Figures, in Prometheus's text format",
        description:
          "For the admin. Counts of sessions are missing while the store does not answer; the rest is there.",
        tags: ["health"],
        response: {
          200: { description: "Done.", content: { "text/plain": { schema: z.string() } } },
          ...failures,
        },
      },
    },
    async (request, reply) => {
      const principal = callers.principalOf(request);
      if (principal?.kind !== "admin") {
        throw new CoatcheckError(principal ? "FORBIDDEN" : "SESSION_REQUIRED", "This needs the admin token.");
      }
      const noCounts = pause(PATIENCE, null, { ref: false });
      const counts = await Promise.race([stats.read().catch(() => null), noCounts]);
      reply.type(PROMETHEUS_CONTENT_TYPE);
      return (counts === null ? "" : countsText(counts)) + prometheusText(cache.metrics());
    },
  );
}

function countsText({ total, active, authenticated }: StoreStats): string {
  const gauges = [
    ["stored", "Sessions in the store, ended ones included.", total],
    ["live", "Sessions that may come in.", active],
    ["authenticated", "Live sessions that are logged in.", authenticated],
  ] as const;
  return gauges
    .map(([name, help, value]) => {
      const series = `coatcheck_sessions_${name}`;
      return `# HELP ${series} ${help}\n# TYPE ${series} gauge\n${series} ${value}\n`;
    })
    .join("");
}
