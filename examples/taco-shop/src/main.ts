import { dirname, join } from "node:path";
import { systemClock as clock, systemSchedule as schedule } from "coatcheck";
import { createUpstream } from "coatcheck/gateway";
import { type Config, Jobs, listen, openSessions, readConfig, StartError, sweepJob } from "coatcheck-server";
import { type Logger, pino } from "pino";
import { type Backend, type BackendKind, startBackend } from "../backend/start.ts";
import { abandonedOrdersJob } from "./abandoned-orders.ts";
import { AccountOrders } from "./accounts/account-orders.ts";
import { openAccountsDatabase } from "./accounts/database.ts";
import type { PasswordHasher } from "./accounts/password.ts";
import { PlacedOrders } from "./accounts/placed-orders.ts";
import { buildShop } from "./app.ts";
import { BACKEND_OPTIONS } from "./backend.ts";
import type { Limits } from "./limits.ts";
import { migrateOlderOrders } from "./older-orders.ts";
import { OrderHistory } from "./order-history.ts";

/** Options of {@link startShop}. */
export interface StartShopOptions {
  /** The service's configuration. The shop uses the same database, secrets, admin token and API keys. */
  readonly config: Config;
  readonly log: Logger;
  /** The shop's port; 0 selects a free port. Default: the service's port + 1. */
  readonly port?: number;
  /** The backend's port; 0 selects a free port. Default: the service's port + 2. */
  readonly backendPort?: number;
  /** The implementation of the backend. Default: `auto`, which selects PHP if it is installed, otherwise TypeScript. */
  readonly backendKind?: BackendKind | "auto";
  /** The folder in which the backend stores its orders. Default: `taco-shop` beside the database. */
  readonly backendData?: string;
  /** The file of the accounts database, or `:memory:`. Default: `taco-shop-accounts.db` beside the database. */
  readonly accountsPath?: string;
  /** Rate limits per network address. Default: `DEFAULT_LIMITS` in `limits.ts`. */
  readonly limits?: Limits;
  /** Hashes the passwords of accounts. Default: scrypt with the cost that OWASP recommends. */
  readonly passwordHasher?: PasswordHasher;
}

/** A shop that is ready for requests, with its backend. */
export interface RunningShop {
  readonly url: string;
  readonly backend: Backend;
  /** Stops accepting requests, completes pending requests, then stops the backend. */
  stop(): Promise<void>;
}

/**
 * Starts the backend and the shop in front of it. Resolves when both are ready for requests.
 *
 * @throws StartError when the database, a port or the backend is unavailable. Stops everything that was already
 * started.
 */
export async function startShop(options: StartShopOptions): Promise<RunningShop> {
  const { config, log } = options;
  const port = options.port ?? portAfter(config.port, 1);
  const backend = await startBackend({
    port: options.backendPort ?? portAfter(config.port, 2),
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
    const upstream = createUpstream({
      baseUrl: backend.url,
      ...BACKEND_OPTIONS,
      secrets: sessions.secrets,
    });
    stops.push(() => upstream.close());
    const accounts = openAccountsDatabase(
      options.accountsPath ?? join(folderOf(config), "taco-shop-accounts.db"),
    );
    stops.push(async () => accounts.close());
    const { manager } = sessions;
    const accountOrders = new AccountOrders(accounts);
    const abandonedOrders = abandonedOrdersJob({
      manager,
      accountOrders,
      history: new OrderHistory(accounts),
      placedOrders: new PlacedOrders(accounts),
      clock,
    });
    const jobs = new Jobs([sweepJob(manager, config), abandonedOrders], { clock, schedule, log });
    stops.push(() => jobs.stop());
    await migrateOlderOrders(manager, accounts, clock);
    const { trustProxy, secureCookie } = config;
    const app = await buildShop({
      sessions,
      upstream,
      accounts,
      passwordHasher: options.passwordHasher,
      ...(options.limits && { limits: options.limits }),
      clock,
      schedule,
      log,
      trustProxy,
      secureCookie,
    });
    stops.push(() => app.close());
    const url = await listen(app, { host: config.host, port });
    jobs.start();
    return { url, backend, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Returns `port + distance`. Port 0, which selects a free port, stays 0. */
function portAfter(port: number, distance: number): number {
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
