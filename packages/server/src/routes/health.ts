import type { App } from "../fastify-app.ts";
import { failures, success } from "../schemas.ts";
import { health, ready } from "../session-schemas.ts";
import { statsOf, successBody } from "../views.ts";
import type { RouteContext } from "./context.ts";

const tags = ["health"];

/** Adds the health checks. They need no credential and reveal only counts. */
export function healthRoutes(app: App, { manager, clock }: RouteContext): void {
  const startedAt = clock.now();

  app.get(
    "/health",
    {
      schema: {
        operationId: "getHealth",
        summary: "Check that the process is running",
        description:
          "Responds 200 even while the store is unavailable, because restarting the process would not help.",
        tags,
        security: [],
        response: { 200: success(health), ...failures },
      },
    },
    async () => {
      const uptime = Math.floor((clock.now() - startedAt) / 1000);
      try {
        const { totalSessions, activeSessions, countedAt } = statsOf(await manager.stats());
        return successBody({
          status: "healthy" as const,
          uptime,
          sessions: { totalSessions, activeSessions, countedAt },
        });
      } catch {
        return successBody({ status: "degraded" as const, uptime, sessions: null });
      }
    },
  );

  app.get(
    "/ready",
    {
      schema: {
        operationId: "getReadiness",
        summary: "Check that the service can handle requests",
        description: "Responds 503 while the store is unavailable.",
        tags,
        security: [],
        response: { 200: success(ready), ...failures },
      },
    },
    async () => {
      await manager.find(PROBE_ID);
      return successBody({ status: "ready" as const });
    },
  );
}

/** An id that no session has, because its random bits are all zero. */
const PROBE_ID = "00000000-0000-4000-8000-000000000000";
