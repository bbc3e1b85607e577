/**
 * The parts of the service for an application that runs on the same database: it opens the same sessions, authenticates
 * requests in the same way, and adds its own routes.
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
export type { Service } from "./app.ts";
export { type Caller, Callers } from "./caller.ts";
export type { ClientDescriber } from "./client-describer.ts";
export { type Config, readConfig } from "./config.ts";
export type { Credentials, Principal } from "./credentials.ts";
export { answerError, answerKnown } from "./error-answer.ts";
export { readJson } from "./json-body.ts";
export { listen } from "./listen.ts";
export { type OpenSessions, openSessions } from "./open-sessions.ts";
export { notFound, OwnedSessions, ownerOf, owns, reasonOf } from "./ownership.ts";
export { healthRoutes } from "./routes/health.ts";
export { sessionRoutes } from "./routes/sessions.ts";
export { createBody, createdSession, ended, failures, sessionParams, success } from "./schemas.ts";
export { type RunningService, startService } from "./service.ts";
export { type App, buildShell, type ShellOptions } from "./shell.ts";
export { StartError } from "./start-error.ts";
export { Sweeper } from "./sweeper.ts";
export { answer, isoOf } from "./views.ts";
