import type { Client } from "pg";
import { CoatcheckError } from "../../session/errors.ts";
import { requireMethod } from "../../session/known-options.ts";
import { type NoticeListener, warnOfNotice } from "../notice.ts";
import { Connections } from "./connections.ts";
import { PostgresDatabase } from "./database.ts";
import type { PostgresPool } from "./driver.ts";
import { isOptionsRejected, postgresUnavailableError } from "./errors.ts";

/**
 * Returns the settings of each connection, as command-line options of the server process. The server acknowledges a
 * write once it is on the disk. The timeouts end statements and transactions that the client no longer waits for, so
 * that the server releases their locks.
 */
function connectionSettingsFor(deadline: number, longDeadline: number): string {
  const settings = {
    synchronous_commit: "on",
    lock_timeout: deadline,
    statement_timeout: longDeadline,
    idle_in_transaction_session_timeout: deadline,
  };
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(" ");
}

/**
 * Parses a PostgreSQL URL.
 *
 * @throws CoatcheckError `STORE_UNAVAILABLE` when it is malformed. The error has no `cause`, because Node's error would
 * contain the password.
 */
export function postgresUrl(connectionString: string): URL {
  const url = URL.parse(connectionString);
  if (url && /^postgres(ql)?:$/.test(url.protocol)) return url;
  throw new CoatcheckError(
    "STORE_UNAVAILABLE",
    "Invalid PostgreSQL URL: it must have the form postgres://user:password@host:port/database.",
  );
}

/** Options of {@link openPostgres}: the URL of a database or a pool of the application, and the deadlines. */
export interface OpenPostgresOptions {
  readonly connectionString?: string;
  readonly pool?: PostgresPool;
  /** Milliseconds for opening a connection, for waiting for a lock, and for most statements. */
  readonly deadline: number;
  /** Milliseconds for one statement that may read all rows. */
  readonly longDeadline: number;
  readonly onNotice: NoticeListener | undefined;
}

/** An open database: `quick` runs statements with the short deadline, `slow` with the long one. */
export interface OpenPostgres {
  readonly quickDatabase: PostgresDatabase;
  readonly slowDatabase: PostgresDatabase;
  /** Ends the pool, unless the application owns it. */
  end(): Promise<void>;
}

/**
 * Opens a database.
 *
 * @throws CoatcheckError `STORE_UNAVAILABLE` when the URL is malformed or the server cannot be reached. For a malformed
 *   URL, the error has no `cause`.
 */
export async function openPostgres(options: OpenPostgresOptions): Promise<OpenPostgres> {
  const { connectionString, deadline, longDeadline, onNotice = warnOfNotice } = options;
  const ownsPool = connectionString !== undefined;
  if (!ownsPool) {
    const what = "a pool, unless connectionString is a URL";
    requireMethod("PostgreSQL options", "pool", options.pool, { method: "connect", what });
  }
  const pool = ownsPool
    ? await connectPostgres(connectionString, deadline, longDeadline)
    : (options.pool as PostgresPool);
  // The pool replaces an idle connection that breaks. Without a listener, its error would end the process.
  pool.on("error", () => {});
  const connections = new Connections(onNotice);
  const quick = new PostgresDatabase(pool, { deadline, preparesStatements: true, connections });
  const slow = new PostgresDatabase(pool, { deadline: longDeadline, preparesStatements: false, connections });
  const end = async () => {
    if (ownsPool) await quick.end();
  };
  try {
    if (await quick.isPooled()) {
      connections.stopPreparing();
      onNotice({ kind: "limited", message: CONNECTION_POOLER_MESSAGE });
    }
  } catch (error) {
    await end();
    throw postgresUnavailableError(error);
  }
  return { quickDatabase: quick, slowDatabase: slow, end };
}

const CONNECTION_POOLER_MESSAGE =
  "PostgreSQL is reached through a pooler: statements are sent unnamed, and the server's timeouts are those of the role.";

/**
 * Creates a pool of up to ten connections, which it opens when they are needed.
 *
 * @throws CoatcheckError `STORE_UNAVAILABLE` in the same cases as {@link openPostgres}.
 */
async function connectPostgres(
  connectionString: string,
  deadline: number,
  longDeadline: number,
): Promise<PostgresPool> {
  const url = postgresUrl(connectionString);
  const { Pool } = await import("pg");
  const poolWith = (href: string) =>
    new Pool({
      connectionString: href,
      application_name: "coatcheck",
      connectionTimeoutMillis: deadline,
      keepAlive: true,
      max: 10,
    });
  const ownOptions = url.searchParams.get("options") ?? "";
  const withSettings = new URL(url);
  withSettings.searchParams.set(
    "options",
    `${connectionSettingsFor(deadline, longDeadline)} ${ownOptions}`.trim(),
  );
  const pool = poolWith(withSettings.href);
  pool.on("error", () => {});
  try {
    (await pool.connect()).release();
    return pool;
  } catch (error) {
    await pool.end();
    if (isOptionsRejected(error)) return poolWith(url.href);
    throw postgresUnavailableError(error);
  }
}

/**
 * Creates a client for `LISTEN`, outside any pool. The caller connects it.
 *
 * @param timeout - maximum milliseconds for connecting, and for each query.
 */
export async function createListeningClient(url: URL, timeout: number): Promise<Client> {
  const { Client } = await import("pg");
  return new Client({
    connectionString: url.href,
    application_name: "coatcheck hints",
    connectionTimeoutMillis: timeout,
    query_timeout: timeout,
    // Detects a network partition: after 5 s of silence, Node probes each second and gives up after ten probes.
    keepAlive: true,
    keepAliveInitialDelayMillis: 5000,
  });
}
