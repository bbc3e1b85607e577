import { SessionManager } from "coatcheck";
import type { SessionCache } from "coatcheck/cache";
import type { FastifyBaseLogger } from "fastify";
import { type ClientDescriber, openClientDescriber } from "./client-describer.ts";
import type { Config } from "./config.ts";
import { Credentials } from "./credentials.ts";
import { keptSecrets } from "./kept-secret.ts";
import { openCache } from "./open-cache.ts";
import { openStore } from "./open-store.ts";

/** The sessions of a database, and who may ask for them. */
export interface OpenSessions {
  readonly manager: SessionManager;
  /** The caches that the manager reads through. */
  readonly cache: SessionCache;
  readonly credentials: Credentials;
  /** What a session may keep of its client, as the configuration says. */
  readonly describeClient: ClientDescriber;
  /** Newest first. */
  readonly secrets: readonly string[];
  /** The file that the admin token was kept in; null where the environment gave it. */
  readonly adminTokenFile: string | null;
  /** Writes the activity that waits, and closes the database. */
  close(): Promise<void>;
}

/**
 * Opens the sessions that the configuration names. Every process that is configured alike sees the same ones.
 *
 * @throws StartError when the database, the kept secrets or the file of places cannot be had.
 */
export async function openSessions(config: Config, log: FastifyBaseLogger): Promise<OpenSessions> {
  const describeClient = await openClientDescriber(config);
  const open = await openStore(config.database);
  const { cache, disconnect } = await openCache(config, open);
  const { secrets, adminToken, adminTokenFile } = keysOf(config);
  const manager = new SessionManager({
    store: open.store,
    secrets,
    policy: { idleTimeout: config.idleTimeout, absoluteTimeout: config.absoluteTimeout },
    cache,
  });
  manager.events.on("failed", ({ operation, error }) => log.error({ err: error, operation }, "failed"));
  manager.events.on("theft", ({ record }) =>
    log.warn({ sessionId: record.id }, "a replaced token was used; the session was ended"),
  );
  return {
    manager,
    cache,
    credentials: new Credentials(adminToken, config.apiKeys),
    describeClient,
    secrets,
    adminTokenFile,
    async close() {
      await manager.close();
      await disconnect();
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
