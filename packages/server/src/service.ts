import { type Clock, type Schedule, SessionManager } from "coatcheck";
import type { Logger } from "pino";
import { type App, buildApp } from "./app.ts";
import type { Config } from "./config.ts";
import { Credentials } from "./credentials.ts";
import { keptSecrets } from "./kept-secret.ts";
import { openCache } from "./open-cache.ts";
import { openStore } from "./open-store.ts";
import { StartError } from "./start-error.ts";
import { Sweeper } from "./sweeper.ts";

/** A service that answers. */
export interface RunningService {
  /** Where, as one would type it: `http://localhost:3000`. */
  readonly url: string;
  /** The file that the admin token was kept in; null where the environment gave it. */
  readonly adminTokenFile: string | null;
  /** Takes no more requests, finishes those under way, writes the activity that waits, closes the database. */
  stop(): Promise<void>;
}

const clock: Clock = { now: Date.now };

const schedule: Schedule = (delay, task) => {
  const timer = setTimeout(task, delay);
  timer.unref();
  return () => clearTimeout(timer);
};

/**
 * Starts the service as configured; resolves when it answers.
 *
 * @throws StartError when the database, the kept secrets or the port cannot be had.
 */
export async function startService(config: Config, log: Logger): Promise<RunningService> {
  const open = await openStore(config.database);
  const { cache, disconnect } = await openCache(config, open);
  const { secrets, adminToken, adminTokenFile } = keysOf(config);
  const manager = new SessionManager({
    store: open.store,
    secrets,
    policy: { idleTimeout: config.idleTimeout, absoluteTimeout: config.absoluteTimeout },
    cache,
  });
  const app = await buildApp({
    manager,
    log,
    clock,
    credentials: new Credentials(adminToken, config.apiKeys),
    trustProxy: config.trustProxy,
    secureCookie: config.secureCookie,
  });
  manager.events.on("failed", ({ operation, error }) => log.error({ err: error, operation }, "failed"));
  manager.events.on("theft", ({ record }) =>
    log.warn({ sessionId: record.id }, "a replaced token was used; the session was ended"),
  );
  const sweeper = new Sweeper(manager, schedule, log);
  const close = async () => {
    await manager.close();
    await disconnect();
  };
  try {
    await app.listen({ host: config.host, port: config.port });
  } catch (error) {
    await close();
    throw new StartError([cannotListen(config, error)], error);
  }
  sweeper.start();
  return {
    url: urlOf(config.host, app),
    adminTokenFile,
    async stop() {
      await app.close();
      await sweeper.stop();
      await close();
    },
  };
}

/** The secrets that were given, or those kept beside the database; a database on a server has no beside. */
function keysOf({ secrets, adminToken, database }: Config) {
  const beside = database.kind === "sqlite" ? database.path : "coatcheck";
  const adminTokenFile = adminToken === null ? `${beside}.admin-token` : null;
  return {
    secrets: secrets ?? keptSecrets(`${beside}.session-secrets`),
    adminToken: adminToken ?? firstOf(keptSecrets(`${beside}.admin-token`)),
    adminTokenFile,
  };
}

function firstOf([first]: readonly string[]): string {
  if (first === undefined) throw new TypeError("A kept file holds at least one secret.");
  return first;
}

/** What listens on every address, or on this machine's own, is reached here as `localhost`. */
function urlOf(host: string, app: App): string {
  const [address] = app.addresses();
  const port = typeof address === "object" ? address.port : 0;
  const isHere = host === "0.0.0.0" || host === "::" || host === "127.0.0.1" || host === "::1";
  const name = isHere ? "localhost" : host.includes(":") ? `[${host}]` : host;
  return `http://${name}:${port}`;
}

function cannotListen({ host, port }: Config, error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : null;
  switch (code) {
    case "EADDRINUSE":
      return `Port ${port} on ${host} is in use; choose another with PORT or --port.`;
    case "EACCES":
      return `Port ${port} on ${host} needs more rights than this process has; choose one above 1023 with PORT or --port.`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `${host} is no address of this machine; choose another with HOST or --host.`;
    default:
      return `Cannot listen on ${host}:${port}: ${error instanceof Error ? error.message : error}`;
  }
}
