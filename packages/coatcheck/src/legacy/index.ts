/**
 * Migration from another session system without a new login. It reads the cookie of the legacy session, creates a
 * Coatcheck session for its user, and clears the legacy cookies, all within one request. Readers exist for
 * express-session, iron-session, JWT cookies and custom cookie sets.
 *
 * @example
 * import { SessionManager, type SessionManagerOptions } from "coatcheck";
 * import { coatcheck } from "coatcheck/express";
 * import { jwtCookie, legacySessions, migrate } from "coatcheck/legacy";
 * import { memoryStore } from "coatcheck/store/memory";
 * import express from "express";
 * import { jwtVerify } from "jose";
 *
 * const manager = new SessionManager(options);
 * const key = new TextEncoder().encode("the shared secret of the legacy system");
 * const migration = migrate({
 *   manager,
 *   readers: [jwtCookie({ jwtVerify, key, algorithms: ["HS256"], name: "access_token" })],
 *   validate: ({ sub }) => (sub === undefined ? null : { subject: sub }),
 * });
 *
 * const app = express();
 * app.use(legacySessions(migration));
 * app.use(coatcheck(manager));
 *
 * @module
 */

export type { ClearOptions } from "./clear-cookies.ts";
export { aesGcm, type CookieSetOptions, cookieSet } from "./cookie-set.ts";
export { LegacyCookies } from "./cookies.ts";
export { type ExpressSessionOptions, type ExpressSessionStore, expressSession } from "./express-session.ts";
export { legacySessionsHono } from "./hono.ts";
export { type IronSessionOptions, ironSession, type UnsealData } from "./iron-session.ts";
export { type JwtClaims, type JwtCookieOptions, jwtCookie } from "./jwt.ts";
export type { LegacyLifetime } from "./lifetime.ts";
export { LegacyMigration, type MigrateOptions, migrate } from "./migration.ts";
export type { MigratedUser } from "./migration-records.ts";
export { type MigrationOutcome, MigrationResult, type RequestMigrator } from "./migration-result.ts";
export { legacySessions, migrateNodeRequest } from "./node.ts";
export {
  type LegacyReader,
  type LegacyReadResult,
  type LegacySession,
  readFirst,
  statelessSession,
} from "./reader.ts";
