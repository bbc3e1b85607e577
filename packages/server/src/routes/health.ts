import type { App, Service } from "../app.ts";
import { RecentStats } from "../recent-stats.ts";
import { failures, health, ready, success } from "../schemas.ts";
import { answer, statsOf } from "../views.ts";

const tags = ["health"];

/** For whoever watches over the service. Open to everybody, and tells counts only. */
export function healthRoutes(app: App, { manager, clock }: Service): void {
  const startedAt = clock.now();
  const stats = new RecentStats(manager, () => performance.now());

  app.get(
    "/health",
    {
      schema: {
        summary: "Whether the process lives",
        description: "200 also while the store does not answer: restarting this process would not help.",
        tags,
        response: { 200: success(health), ...failures },
      },
    },
    async () => {
      const uptime = Math.floor((clock.now() - startedAt) / 1000);
      try {
        const { totalSessions, activeSessions } = statsOf(await stats.read());
        return answer({ status: "healthy" as const, uptime, sessions: { totalSessions, activeSessions } });
      } catch {
        return answer({ status: "degraded" as const, uptime, sessions: null });
      }
    },
  );

  app.get(
    "/ready",
    {
      schema: {
        summary: "Whether the service can do its work",
        description: "503 while the store does not answer.",
        tags,
        response: { 200: success(ready), ...failures },
      },
    },
    async () => {
      await manager.find(PROBE);
      return answer({ status: "ready" as const });
    },
  );
}

/** An id that no session has: its random bits are all zero. */
const PROBE = "00000000-0000-4000-8000-000000000000";
