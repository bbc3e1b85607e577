import { dirname, join } from "node:path";
import { type Config, openSessions } from "coatcheck-server";
import { pino } from "pino";
import { officeContext } from "../lib/context.ts";
import { Database } from "../lib/database.ts";
import { addDemo } from "../lib/demo.ts";
import type { Office } from "../lib/office.ts";

/** Opens the service's sessions and the application's database. Adds the demo data to an empty database. */
export async function openOffice(config: Config): Promise<Office> {
  const sessions = await openSessions(config, pino({ level: config.logLevel }));
  const folder = config.database.kind === "sqlite" ? dirname(config.database.path) : "data";
  const database = new Database(join(folder, "back-office.db"));
  await addDemo(database);
  return { sessions, database, context: officeContext(database, sessions.cache) };
}

/** Stores session activity that is still in memory, and closes the databases. */
export async function closeOffice({ sessions, database }: Office): Promise<void> {
  await sessions.close();
  database.close();
}
