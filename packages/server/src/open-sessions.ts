import { SessionManager } from "coatcheck";
import type { SessionCache } from "coatcheck/cache";
import type { EncryptedStore } from "coatcheck/encryption";
import type { FastifyBaseLogger } from "fastify";
import { type ClientDescriber, openClientDescriber } from "./client-describer.ts";
import type { Config } from "./config.ts";
import { Credentials } from "./credentials.ts";
import { openEncryption } from "./data-encryption.ts";
import { logNotice } from "./log-notice.ts";
import { openCache } from "./open-cache.ts";
import { openStore } from "./open-store.ts";
import { readOrCreateSecrets } from "./secret-file.ts";

/** The opened sessions of a database, and the credentials that may access them. */
export interface OpenSessions {
  readonly manager: SessionManager;
  /** The cache that the manager reads through. */
  readonly cache: SessionCache;
  /** The store, if it encrypts its data. Null without encryption. */
  readonly encrypted: EncryptedStore | null;
  readonly credentials: Credentials;
  /** Describes the client of a new session (device, address, location). The privacy mode limits the address. */
  readonly describeClient: ClientDescriber;
  /** The secrets that sign tokens, newest first. */
  readonly secrets: readonly string[];
  /** File that holds the generated admin token. Null if the environment sets the token. */
  readonly adminTokenFile: string | null;
  /** Writes pending activity and closes the database. */
  close(): Promise<void>;
}

/**
 * Opens the sessions in the configured database. Processes with the same configuration share these sessions.
 *
 * @throws StartError if the database, a secret file or the location file is unavailable.
 */
export async function openSessions(config: Config, log: FastifyBaseLogger): Promise<OpenSessions> {
  const describeClient = await openClientDescriber(config);
  const onNotice = logNotice(log);
  const encryption = config.encryption && openEncryption(config.encryption, log);
  const { store: stored, ...open } = await openStore(config.database, onNotice);
  const encrypted = encryption?.store(stored) ?? null;
  const store = encrypted ?? stored;
  const { cache, disconnect } = await openCache(config, { ...open, store, encryption }, onNotice);
  const { secrets, adminToken, adminTokenFile } = secretsOf(config);
  const manager = new SessionManager({
    store,
    secrets,
    policy: {
      idleTimeout: config.idleTimeout,
      absoluteTimeout: config.absoluteTimeout,
      sessionLimit: config.sessionLimit,
    },
    cache,
  });
  manager.events.on("failed", ({ operation, error }) =>
    log.error({ err: error, operation }, "session operation failed"),
  );
  manager.events.on("token-reuse", ({ record }) =>
    log.warn({ sessionId: record.id }, "older token reused; session revoked"),
  );
  manager.events.on("request-rejected", (event) => log.warn(event, "request rejected by the CSRF checks"));
  return {
    manager,
    cache,
    encrypted,
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

/**
 * Returns the configured secrets. If none are configured, returns generated secrets from files next to the SQLite file.
 */
function secretsOf({ secrets, adminToken, database }: Config) {
  const basePath = database.kind === "sqlite" ? database.path : "coatcheck";
  const adminTokenFile = adminToken === null ? `${basePath}.admin-token` : null;
  return {
    secrets: secrets ?? readOrCreateSecrets(`${basePath}.session-secrets`),
    adminToken: adminToken ?? firstSecret(`${basePath}.admin-token`),
    adminTokenFile,
  };
}

function firstSecret(path: string): string {
  const [first] = readOrCreateSecrets(path);
  if (first === undefined)
    throw new TypeError(
      `The secret file ${path} is empty: delete the file, so that the service generates a new secret.`,
    );
  return first;
}
