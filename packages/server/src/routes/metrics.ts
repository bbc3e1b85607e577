import { setTimeout as pause } from "node:timers/promises";
import { CoatcheckError, type StoreStats } from "coatcheck";
import { PROMETHEUS_CONTENT_TYPE, prometheusText, type SessionCache } from "coatcheck/cache";
import { z } from "zod";
import type { App } from "../fastify-app.ts";
import { failures } from "../schemas.ts";
import type { RouteContext } from "./context.ts";

/** Milliseconds to wait for the counts. A scraper that times out would lose the other metrics too. */
const COUNT_TIMEOUT = 1000;

/** Adds the Prometheus endpoint. Only the admin may read it, because the counts reveal how a business is doing. */
export function metricsRoute(
  app: App,
  { manager, authenticator }: Pick<RouteContext, "manager" | "authenticator">,
  cache: Pick<SessionCache, "metrics">,
): void {
  app.get(
    "/metrics",
    {
      schema: {
        summary: "Read metrics in Prometheus text format (admin)",
        description: "Omits the session counts while the store is unavailable.",
        tags: ["health"],
        response: {
          200: { description: "Success.", content: { "text/plain": { schema: z.string() } } },
          ...failures,
        },
      },
    },
    async (request, reply) => {
      const principal = authenticator.findPrincipal(request);
      if (principal?.kind !== "admin") {
        throw new CoatcheckError(
          principal ? "FORBIDDEN" : "SESSION_REQUIRED",
          "This request needs the admin token.",
        );
      }
      const timeout = pause(COUNT_TIMEOUT, null, { ref: false });
      const counts = await Promise.race([manager.stats().catch(() => null), timeout]);
      reply.type(PROMETHEUS_CONTENT_TYPE);
      return (counts === null ? "" : countsText(counts)) + prometheusText(cache.metrics());
    },
  );
}

function countsText({ total, active, authenticated }: StoreStats): string {
  const gauges = [
    ["stored", "Sessions in the store, including ended ones.", total],
    ["live", "Sessions that are neither revoked nor expired.", active],
    ["authenticated", "Live sessions that are logged in.", authenticated],
  ] as const;
  return gauges
    .map(([name, help, value]) => {
      const series = `coatcheck_sessions_${name}`;
      return `# HELP ${series} ${help}\n# TYPE ${series} gauge\n${series} ${value}\n`;
    })
    .join("");
}
