import { dirname, join } from "node:path";
import { createJwts } from "coatcheck/jwt";
import { type Config, openSessions, StartError } from "coatcheck-server";
import { type Logger, pino } from "pino";
import { officeContext } from "../lib/context.ts";
import { Database, type Driver } from "../lib/database/database.ts";
import { openPostgres } from "../lib/database/postgres.ts";
import { openSqlite } from "../lib/database/sqlite.ts";
import { addDemo } from "../lib/demo.ts";
import type { Office } from "../lib/office.ts";
import { deriveJwtKeys } from "./jwt-keys.ts";

/**
 * Opens the service's sessions and the application's database. Adds the demo data to an empty database.
 *
 * @throws StartError when a database is unavailable.
 */
export async function openOffice(
  config: Config,
  log: Logger = pino({ level: config.logLevel }),
): Promise<Office> {
  const sessions = await openSessions(config, log);
  const { manager, cache } = sessions;
  logImpersonations(manager.events, log);
  logSuspicions(manager.events, log);
  try {
    const database = new Database(await openDriver(config.database, log));
    await addDemo(database);
    const jwts = createJwts({
      manager,
      cache,
      issuer: "back-office",
      audience: "back-office-api",
      keys: deriveJwtKeys(sessions.secrets),
    });
    return { sessions, database, jwts, context: officeContext(database, cache) };
  } catch (error) {
    await sessions.close();
    throw error;
  }
}

/**
 * Opens the application's database. Its tables are in the sessions' PostgreSQL database or, without PostgreSQL, in a
 * separate SQLite file.
 */
async function openDriver(database: Config["database"], log: Logger): Promise<Driver> {
  if (database.kind !== "postgres") {
    const folder = database.kind === "sqlite" ? dirname(database.path) : "data";
    return openSqlite(join(folder, "back-office.db"));
  }
  const onError = (error: Error) => log.warn({ err: error }, "lost a connection to the database");
  return await openPostgres(database.url, onError).catch((error) => {
    const { host } = new URL(database.url);
    const reason = error instanceof Error ? error.message : error;
    throw new StartError([`Cannot open the tables of the back office at ${host}: ${reason}`], error);
  });
}

/** Logs the events that an administrator looks for after a security incident. */
function logSuspicions(events: Office["sessions"]["manager"]["events"], log: Logger): void {
  events.on("client-changed", ({ record, change }) => {
    // Do not warn of a change of the network, because phones change their network many times a day.
    const level = change.action === "log" ? "info" : "warn";
    log[level]({ sessionId: record.id, subject: record.subject, change }, "client-changed");
  });
  for (const name of ["new-device", "new-country"] as const) {
    events.on(name, ({ login: { sessionId, subject, device, country, earlierSessions } }) => {
      // At a user's first login, every device is new.
      if (earlierSessions > 0) log.info({ sessionId, subject, device, country }, name);
    });
  }
}

/** Logs who acts for whom, and why. */
function logImpersonations(events: Office["sessions"]["manager"]["events"], log: Logger): void {
  for (const name of ["impersonation-started", "impersonation-stopped"] as const) {
    events.on(name, ({ record, actor }) =>
      log.info({ actor: actor.subject, subject: record.subject, reason: actor.reason }, name),
    );
  }
}

/** Stores session activity that is still in memory, and closes the databases. */
export async function closeOffice({ sessions, database }: Office): Promise<void> {
  await sessions.close();
  await database.close();
}
