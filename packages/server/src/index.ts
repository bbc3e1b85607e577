/**
 * The parts of the service that an application with the same database needs to open the same sessions, authenticate
 * requests in the same way and add its own routes.
 *
 * @example
 * import { openSessions, readConfig } from "coatcheck-server";
 * import { pino } from "pino";
 *
 * const { manager, close } = await openSessions(readConfig(process.env), pino());
 * const { records } = await manager.list({ subject: "user-7" }, { limit: 10 });
 * await close();
 *
 * @module
 */

export { type BaseAppOptions, buildBaseApp } from "./base-app.ts";
export { Authenticator, type Caller } from "./caller.ts";
export type { ClientDescriber } from "./client-describer.ts";
export { type Config, readConfig } from "./config.ts";
export type { Credentials, Principal } from "./credentials.ts";
export { sendError, sendKnownError } from "./error-response.ts";
export type { App } from "./fastify-app.ts";
export { type Job, type JobStatus, Jobs, type JobsOptions } from "./jobs/jobs.ts";
export type { JobResult, JobRun, JobState, JobStore } from "./jobs/store/store.ts";
export { type SweepOptions, sweepJob } from "./jobs/sweep.ts";
export { readJson } from "./json-body.ts";
export { listen } from "./listen.ts";
export { type OpenSessions, openSessions } from "./open-sessions.ts";
export { OwnedSessions, ownerOf, owns, revokeReasonOf, sessionNotFound } from "./ownership.ts";
export type { RouteContext } from "./routes/context.ts";
export { healthRoutes } from "./routes/health.ts";
export { sessionRoutes } from "./routes/sessions.ts";
export { createBody, failures, sessionParams, success } from "./schemas.ts";
export { type RunningService, startService } from "./service.ts";
export { createdSession, ended } from "./session-schemas.ts";
export { StartError } from "./start-error.ts";
export { successBody, toIso } from "./views.ts";
