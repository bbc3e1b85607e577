import type { Clock } from "coatcheck";
import type { SessionCache } from "coatcheck/cache";
import { limitAddresses } from "./address-limit.ts";
import { buildBaseApp } from "./base-app.ts";
import { Authenticator } from "./caller.ts";
import type { ClientDescriber } from "./client-describer.ts";
import type { Credentials } from "./credentials.ts";
import type { App } from "./fastify-app.ts";
import type { Jobs } from "./jobs/jobs.ts";
import { OwnedSessions } from "./ownership.ts";
import { DEFAULT_LIMITS, type RequestLimits } from "./rate-limiter.ts";
import type { RequestSessionsOptions } from "./request-sessions.ts";
import { analyticsRoutes } from "./routes/analytics.ts";
import type { RouteContext } from "./routes/context.ts";
import { createSessionRoute } from "./routes/create-session.ts";
import { endSessionsRoute } from "./routes/end-sessions.ts";
import { eventRoutes } from "./routes/events.ts";
import { healthRoutes } from "./routes/health.ts";
import { introspectRoute } from "./routes/introspect.ts";
import { jobRoutes } from "./routes/jobs.ts";
import { type Installation, landingRoute } from "./routes/landing.ts";
import { metricsRoute } from "./routes/metrics.ts";
import { peopleRoutes } from "./routes/people.ts";
import { privilegeRoutes } from "./routes/privilege.ts";
import { sessionDataRoutes } from "./routes/session-data.ts";
import { sessionRoutes } from "./routes/sessions.ts";
import { subjectRoutes } from "./routes/subjects.ts";
import type { OpenVisits } from "./visits/open-visits.ts";

export type { App };

export interface AppOptions extends RequestSessionsOptions {
  /** The cache that the manager reads through. `/metrics` reports its metrics. */
  readonly cache: Pick<SessionCache, "metrics">;
  readonly credentials: Credentials;
  readonly clock: Clock;
  /** Describes the client of a new session (device, address, location). The privacy mode limits the address. */
  readonly describeClient: ClientDescriber;
  /** Whether to serve `/metrics`. */
  readonly servesMetrics: boolean;
  /** Default: {@link DEFAULT_LIMITS}. */
  readonly rateLimits?: RequestLimits;
  /** The background jobs. If absent, there are no routes for jobs. */
  readonly jobs?: Jobs;
  /** The visit tracking. If absent, no visits are collected. */
  readonly visits?: Omit<OpenVisits, "close">;
  /** Details of the installation that the landing page displays. */
  readonly installation?: Installation;
}

const DESCRIPTION = `
Sessions over HTTP. A session id is a name, not a key. The credential of the request decides which sessions it reaches:

- a **browser** sends its cookie: it reaches its own session and the sessions created under it;
- a client with a **session token** sends it as \`Authorization: Bearer\`: it reaches that session and the sessions
  created under it;
- an **API consumer** sends its key as \`Authorization: Bearer\`: it reaches the sessions it created. If it sends a
  browser's cookie as well, it also reaches that browser's session. Only consumers and the admin may call
  \`authenticate\` and \`elevate\`;
- the **admin** sends the admin token as \`Authorization: Bearer\`: it reaches every session.

A request for another owner's session gets the same 404 as a request for a session that does not exist.
`;

const TAGS = [
  { name: "sessions", description: "Create, read, list and end sessions." },
  { name: "data", description: "Read and change what a session holds." },
  { name: "privilege", description: "Log in, confirm the user, replace the token." },
  { name: "subjects", description: "All sessions of a user." },
  { name: "visits", description: "Report events and orders; export and erase what is stored about people." },
  { name: "analytics", description: "Questions about visits." },
  { name: "jobs", description: "Work that the service does by itself." },
  { name: "health", description: "Health and metrics." },
];

/** Builds the service's API. The app does not listen on a port yet. Closing the app does not close the manager. */
export async function buildApp(options: AppOptions): Promise<App> {
  const { manager, cache, clock, describeClient, rateLimits: limits = DEFAULT_LIMITS } = options;
  const app = await buildBaseApp({ ...options, title: "Coatcheck", description: DESCRIPTION, tags: TAGS });
  const context: RouteContext = {
    manager,
    clock,
    authenticator: new Authenticator(options.credentials, limits),
    ownedSessions: new OwnedSessions(manager, clock),
    questions: options.visits?.questions ?? null,
  };
  limitAddresses(app, context.authenticator, limits);
  landingRoute(app, context, cache, options.installation ?? {});
  createSessionRoute(app, context, { describeClient, visits: options.visits?.visits ?? null });
  sessionRoutes(app, context);
  endSessionsRoute(app, context);
  sessionDataRoutes(app, context);
  privilegeRoutes(app, context);
  introspectRoute(app, context);
  subjectRoutes(app, context);
  if (options.visits) eventRoutes(app, context, options.visits.visits);
  if (options.visits?.maintenance) {
    const { maintenance, queue } = options.visits;
    peopleRoutes(app, context, { maintenance, flush: () => queue.flush() });
  }
  if (context.questions) analyticsRoutes(app, context, context.questions);
  healthRoutes(app, context);
  if (options.jobs) jobRoutes(app, context, options.jobs);
  if (options.servesMetrics) metricsRoute(app, context, { cache, visits: options.visits ?? null });
  return app;
}
