import type { Client } from "pg";
import { CoatcheckError } from "../../session/errors.ts";
import type { PostgresPool } from "./pool.ts";

/**
 * Settings of each connection, as command-line options of the server process. A write is acknowledged once it is on
 * the disk. The timeouts end statements and transactions that their process has given up on, so that their
 * locks are released.
 */
function settingsFor(deadline: number, longDeadline: number): string {
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
 * @throws CoatcheckError `STORE_UNAVAILABLE` when it is malformed, without a cause: Node's error would contain the
 * password.
 */
export function postgresUrl(connectionString: string): URL {
  const url = URL.parse(connectionString);
  if (url && /^postgres(ql)?:$/.test(url.protocol)) return url;
  throw new CoatcheckError(
    "STORE_UNAVAILABLE",
    "Invalid PostgreSQL URL: it must have the form postgres://user:password@host:port/database.",
  );
}

/**
 * Creates a pool of up to ten connections. They are opened when they are needed.
 *
 * @param deadline - milliseconds for opening a connection and for waiting for a lock.
 * @param longDeadline - milliseconds for one statement.
 * @throws CoatcheckError `STORE_UNAVAILABLE` when the URL is malformed, without a cause.
 */
export async function connectPostgres(
  connectionString: string,
  deadline: number,
  longDeadline: number,
): Promise<PostgresPool> {
  const url = postgresUrl(connectionString);
  const { Pool } = await import("pg");
  const ownOptions = url.searchParams.get("options") ?? "";
  url.searchParams.set("options", `${settingsFor(deadline, longDeadline)} ${ownOptions}`.trim());
  return new Pool({
    connectionString: url.href,
    application_name: "coatcheck",
    connectionTimeoutMillis: deadline,
    keepAlive: true,
    max: 10,
  });
}

/**
 * Creates a client for `LISTEN`, outside any pool. The caller connects it.
 *
 * @param timeout - milliseconds that connecting, and each query, may take.
 */
export async function listeningClient(url: URL, timeout: number): Promise<Client> {
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
