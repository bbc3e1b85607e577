import { dirname, join } from "node:path";
import { systemClock as clock, systemSchedule as schedule } from "coatcheck";
import { createUpstream } from "coatcheck/gateway";
import { type Config, listen, openSessions, readConfig, StartError, Sweeper } from "coatcheck-server";
import { type Logger, pino } from "pino";
import { type Backend, type BackendKind, startBackend } from "../backend/start.ts";
import { openAccountsDatabase } from "./accounts/database.ts";
import type { Passwords } from "./accounts/password.ts";
import { buildShop } from "./app.ts";
import type { Limits } from "./limits.ts";
import { adoptOlderOrders } from "./older-orders.ts";

/** What {@link startShop} takes. */
export interface StartShopOptions {
  /** The service's: the same database, secrets, admin token and API keys. */
  readonly config: Config;
  readonly log: Logger;
  /** The shop's own; the service's + 1 unless given. 0 for any that is free. */
  readonly port?: number;
  /** The backend's; the service's + 2 unless given. 0 for any that is free. */
  readonly backendPort?: number;
  /** PHP where there is one, unless given. */
  readonly backendKind?: BackendKind | "auto";
  /** Where the backend keeps its orders; beside the database unless given. */
  readonly backendData?: string;
  /** The file of the accounts, or `:memory:`; beside the database unless given. */
  readonly accountsPath?: string;
  /** How often one address may try what; 10 logins a minute, and so on, unless given. */
  readonly limits?: Limits;
  /** As costly as OWASP recommends unless given. */
  readonly passwords?: Passwords;
}

/** A shop that answers, with its backend. */
export interface RunningShop {
  readonly url: string;
  readonly backend: Backend;
  /** Takes no more requests, finishes those under way, then ends the backend. */
  stop(): Promise<void>;
}

/**
 * Starts the backend, and the shop in front of it; resolves when both answer.
 *
 * @throws StartError when the database, a port or the backend cannot be had.
 */
export async function startShop(options: StartShopOptions): Promise<RunningShop> {
  const { config, log } = options;
  const port = options.port ?? besides(config.port, 1);
  const backend = await startBackend({
    port: options.backendPort ?? besides(config.port, 2),
    dataDir: options.backendData ?? join(folderOf(config), "taco-shop"),
    kind: options.backendKind ?? "auto",
  }).catch((error: unknown) => {
    throw new StartError([error instanceof Error ? error.message : String(error)], error);
  });
  const stops: (() => Promise<void>)[] = [() => backend.stop()];
  const stop = async () => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    const sessions = await openSessions(config, log);
    stops.push(() => sessions.close());
    const sweeper = new Sweeper(sessions.manager, schedule, log);
    stops.push(() => sweeper.stop());
    const upstream = createUpstream({
      baseUrl: backend.url,
      csrf: { path: "/csrf", source: { json: "csrfToken" }, sendAs: { header: "X-CSRF-Token" } },
      secrets: sessions.secrets,
    });
    stops.push(() => upstream.close());
    const accounts = openAccountsDatabase(
      options.accountsPath ?? join(folderOf(config), "taco-shop-accounts.db"),
    );
    stops.push(async () => accounts.close());
    await adoptOlderOrders(sessions.manager, accounts, clock);
    const { trustProxy, secureCookie } = config;
    const app = await buildShop({
      sessions,
      upstream,
      accounts,
      passwords: options.passwords,
      ...(options.limits && { limits: options.limits }),
      clock,
      schedule,
      log,
      trustProxy,
      secureCookie,
    });
    stops.push(() => app.close());
    const url = await listen(app, { host: config.host, port });
    sweeper.start();
    return { url, backend, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The port that comes so far after the service's. */
function besides(port: number, distance: number): number {
  return port === 0 ? 0 : port + distance;
}

function folderOf({ database }: Config): string {
  return database.kind === "sqlite" ? dirname(database.path) : "data";
}

if (import.meta.main) {
  try {
    const config = readConfig(process.env);
    const shop = await startShop({ config, log: pino({ level: config.logLevel }) });
    console.log(`\n  The taco shop is open: ${shop.url}\n  Its API: ${shop.url}/docs\n`);
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, async () => {
        await shop.stop();
        process.exit(0);
      });
    }
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    for (const line of error.lines) console.error(`taco-shop: ${line}`);
    process.exitCode = 1;
  }
}
