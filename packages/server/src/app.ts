import type { Clock, SessionManager } from "coatcheck";
import type { SessionCache } from "coatcheck/cache";
import type { FastifyBaseLogger } from "fastify";
import { Callers } from "./caller.ts";
import type { ClientDescriber } from "./client-describer.ts";
import type { Credentials } from "./credentials.ts";
import { OwnedSessions } from "./ownership.ts";
import { createSessionRoute } from "./routes/create-session.ts";
import { healthRoutes } from "./routes/health.ts";
import { introspectRoute } from "./routes/introspect.ts";
import { metricsRoute } from "./routes/metrics.ts";
import { privilegeRoutes } from "./routes/privilege.ts";
import { sessionDataRoutes } from "./routes/session-data.ts";
import { sessionRoutes } from "./routes/sessions.ts";
import { subjectRoutes } from "./routes/subjects.ts";
import { type App, buildShell } from "./shell.ts";

export type { App };

/** What the routes work with. */
export interface Service {
  readonly manager: SessionManager;
  readonly callers: Callers;
  readonly owned: OwnedSessions;
  readonly clock: Clock;
}

export interface AppOptions {
  readonly manager: SessionManager;
  /** The caches that the manager reads through, for their figures. */
  readonly cache: Pick<SessionCache, "metrics">;
  readonly credentials: Credentials;
  readonly log: FastifyBaseLogger;
  readonly clock: Clock;
  readonly trustProxy: false | number | string[];
  /** Whether browsers reach the service by https: `__Host-sid` then, else `sid`. */
  readonly secureCookie: boolean;
  /** What a session may keep of the client that makes it. */
  readonly describeClient: ClientDescriber;
  /** Whether `/metrics` is there. */
  readonly metrics: boolean;
}

const CALLERS = `
Sessions over HTTP. A session id is a name, not a key; who you are decides what you reach:

- a **browser**, by its cookie: its own session and those made under it;
- whoever holds a **session token**, as \`Authorization: Bearer\`: that session and those made under it;
- an **API consumer**, by its key, as \`Authorization: Bearer\`: the sessions it made, and with a browser's cookie
  beside the key also that browser's. Only consumers and the admin say who somebody is (\`authenticate\`, \`elevate\`);
- the **admin**, by the admin token: every session.

Another owner's session answers like one that does not exist.
`;

/** The service's API; it listens to nothing yet. Closing it leaves the manager open. */
export async function buildApp(options: AppOptions): Promise<App> {
  const { manager, cache, clock, describeClient } = options;
  const app = await buildShell({ ...options, title: "Coatcheck", description: CALLERS });
  const service: Service = {
    manager,
    clock,
    callers: new Callers(options.credentials),
    owned: new OwnedSessions(manager, clock),
  };
  createSessionRoute(app, service, describeClient);
  sessionRoutes(app, service);
  sessionDataRoutes(app, service);
  privilegeRoutes(app, service);
  introspectRoute(app, service);
  subjectRoutes(app, service);
  healthRoutes(app, service);
  if (options.metrics) metricsRoute(app, service, cache);
  return app;
}
