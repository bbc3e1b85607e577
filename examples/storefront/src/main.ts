import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { systemClock as clock, systemSchedule as schedule } from "coatcheck";
import { type Config, Jobs, openSessions, readConfig, StartError, sweepJob } from "coatcheck-server";
import { type Logger, pino } from "pino";
import { buildStorefront } from "./app.ts";
import { openShopDatabase } from "./database.ts";
import { type OpenVisitsOptions, openVisits } from "./open-visits.ts";

/** Options of {@link startStorefront}. */
export interface StartOptions {
  /** The service's configuration. The shop uses the service's databases of sessions and visits. */
  readonly config: Config;
  readonly log: Logger;
  /** The port to listen on; 0 selects a free port. Default: the service's port + 4. */
  readonly port?: number;
}

/** A shop that is ready for requests. */
export interface RunningStorefront {
  readonly url: string;
  /** Stops accepting requests, completes pending requests, and stores queued events. */
  stop(): Promise<void>;
}

/**
 * Starts the shop on the service's database.
 *
 * @throws StartError when a database or the port is unavailable. Closes everything that was already opened.
 */
export async function startStorefront({ config, log, port }: StartOptions): Promise<RunningStorefront> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    const sessions = await openSessions(config, log);
    stops.push(() => sessions.close());
    const jobs = new Jobs([sweepJob(sessions.manager, config)], { clock, schedule, log });
    stops.push(() => jobs.stop());
    const database = openShopDatabase(join(folderOf(config), "storefront.db"));
    stops.push(async () => database.close());
    const visits = await openVisits(config.visits ?? withoutCollection(config));
    stops.push(() => visits.close());
    const app = await buildStorefront({
      manager: sessions.manager,
      visits,
      database,
      log,
      secureCookie: config.secureCookie,
      trustProxy: config.trustProxy ?? false,
      timeZone: config.visits?.timeZone ?? "UTC",
    });
    const server = createServer(app).listen(port ?? portAfter(config.port), config.host);
    await once(server, "listening").catch((error: Error) => {
      throw new StartError([`Cannot listen on ${config.host}: ${error.message}.`], error);
    });
    stops.push(async () => {
      server.close();
      server.closeIdleConnections();
      await once(server, "close");
    });
    jobs.start();
    return { url: urlOf(config.host, (server.address() as AddressInfo).port), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Returns the shop's default port: the service's port + 4. Port 0, which selects a free port, stays 0. */
function portAfter(port: number): number {
  return port === 0 ? 0 : port + 4;
}

function folderOf({ database }: Config): string {
  return database.kind === "sqlite" ? dirname(database.path) : "data";
}

/** With `VISITS_URL=off`, the shop collects no visits, so its figures stay empty. */
function withoutCollection(config: Config): OpenVisitsOptions {
  const database = { kind: "sqlite", path: join(folderOf(config), "storefront-visits.db") } as const;
  return { database, privacy: "off", timeZone: "UTC" };
}

function urlOf(host: string, port: number): string {
  const isLocal = ["127.0.0.1", "0.0.0.0", "::", "::1"].includes(host);
  return `http://${isLocal ? "localhost" : host}:${port}`;
}

if (import.meta.main) {
  try {
    const config = readConfig(process.env);
    const shop = await startStorefront({ config, log: pino({ level: config.logLevel }) });
    console.log(`\n  The storefront is open: ${shop.url}\n  Its figures: ${shop.url}/figures\n`);
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, async () => {
        await shop.stop();
        process.exit(0);
      });
    }
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    for (const line of error.lines) console.error(`storefront: ${line}`);
    process.exitCode = 1;
  }
}
