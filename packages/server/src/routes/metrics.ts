import { setTimeout as pause } from "node:timers/promises";
import { CoatcheckError, type StoreStats } from "coatcheck";
import { PROMETHEUS_CONTENT_TYPE, prometheusText, type SessionCache } from "coatcheck/cache";
import { DEFINITIONS } from "coatcheck/visit/questions";
import { z } from "zod";
import type { App } from "../fastify-app.ts";
import { adminSecurity, failures } from "../schemas.ts";
import type { OpenVisits } from "../visits/open-visits.ts";
import type { RouteContext } from "./context.ts";

/**
 * Milliseconds to wait for the session counts. After a longer wait, the scraper's timeout could end the request, and
 * all metrics would be lost.
 */
const COUNT_TIMEOUT = 1000;

/** The sources of the visit metrics. */
type VisitFigures = Pick<OpenVisits, "queue" | "visits" | "questions">;

/** Adds the Prometheus endpoint. Only the admin may read it, because the counts are business figures. */
export function metricsRoute(
  app: App,
  { manager, authenticator }: Pick<RouteContext, "manager" | "authenticator">,
  { cache, visits }: { readonly cache: Pick<SessionCache, "metrics">; readonly visits: VisitFigures | null },
): void {
  app.get(
    "/metrics",
    {
      schema: {
        operationId: "getMetrics",
        summary: "Read metrics in Prometheus text format (admin)",
        description:
          "Omits the counts of sessions while the store is unavailable, and those of visitors while their database is.",
        tags: ["health"],
        security: adminSecurity,
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
      const live = visits?.questions?.live().catch(() => null) ?? null;
      const counts = await Promise.race([manager.stats().catch(() => null), timeout]);
      const visitors = await Promise.race([live, timeout]);
      reply.type(PROMETHEUS_CONTENT_TYPE);
      return [
        counts === null ? "" : countsText(counts),
        visitors === null ? "" : gauge("visitors_live", DEFINITIONS.liveVisitors, visitors.visitors),
        visits === null ? "" : visitsText(visits),
        prometheusText(cache.metrics()),
      ].join("");
    },
  );
}

function countsText({ total, active, authenticated }: StoreStats): string {
  return [
    gauge("sessions_stored", "Sessions in the store, including ended ones.", total),
    gauge("sessions_live", "Sessions that are neither revoked nor expired.", active),
    gauge("sessions_authenticated", "Live sessions that are logged in.", authenticated),
  ].join("");
}

/** Formats the visit metrics of this process since its start. */
function visitsText({ queue, visits }: VisitFigures): string {
  const { queued, spilled, delivered, dropped } = queue.stats();
  const suspicions = Object.entries(visits.suspicions).map(
    ([kind, count]) => `coatcheck_visits_suspicious_total{kind="${kind}"} ${count}\n`,
  );
  return [
    gauge("visit_events_waiting", "Events of visits in memory or on disk.", queued + spilled),
    counter("visit_events_stored_total", "Events of visits that were stored.", delivered),
    counter("visit_events_dropped_total", "Events of visits that were lost.", dropped),
    heading("visits_suspicious_total", "Suspicious patterns of visits.", "counter"),
    ...suspicions,
  ].join("");
}

function gauge(name: string, help: string, value: number): string {
  return `${heading(name, help, "gauge")}coatcheck_${name} ${value}\n`;
}

function counter(name: string, help: string, value: number): string {
  return `${heading(name, help, "counter")}coatcheck_${name} ${value}\n`;
}

function heading(name: string, help: string, type: "gauge" | "counter"): string {
  return `# HELP coatcheck_${name} ${help}\n# TYPE coatcheck_${name} ${type}\n`;
}
