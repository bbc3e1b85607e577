import type { Client } from "pg";
import { CoatcheckError } from "../session/errors.ts";
import type { PostgresPool } from "./postgres-pool.ts";

/**
 * Settings of each connection. A write is acknowledged when it is on the disk. Nobody waits for a lock longer than a
 * call may take, and a statement or transaction that its process has given up does not go on holding one.
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

/** @throws CoatcheckError `STORE_UNAVAILABLE` without a cause when it is no such URL: Node's error repeats the password. */
export function postgresUrl(connectionString: string): URL {
  const url = URL.parse(connectionString);
  if (url && /^postgres(ql)?:$/.test(url.protocol)) return url;
  throw new CoatcheckError(
    "STORE_UNAVAILABLE",
    "PostgreSQL's URL is not of the form postgres://user:password@host:port/database.",
  );
}

/**
 * A pool of ten connections to the server that the URL names. They are made as they are needed.
 *
 * @throws CoatcheckError `STORE_UNAVAILABLE` without a cause when it is no such URL.
 */
export async function connectPostgres(
  connectionString: string,
  deadline: number,
  longDeadline: number,
): Promise<PostgresPool> {
  const url = postgresUrl(connectionString);
  const { Pool } = await import("pg");
  const given = url.searchParams.get("options") ?? "";
  url.searchParams.set("options", `${settingsFor(deadline, longDeadline)} ${given}`.trim());
  return new Pool({
    connectionString: url.href,
    application_name: "coatcheck",
    connectionTimeoutMillis: deadline,
    keepAlive: true,
    max: 10,
  });
}

/** A connection outside any pool, to listen on; not connected yet. It and each of its answers may take `patience` ms. */
export async function listeningClient(url: URL, patience: number): Promise<Client> {
  const { Client } = await import("pg");
  return new Client({
    connectionString: url.href,
    application_name: "coatcheck hints",
    connectionTimeoutMillis: patience,
    query_timeout: patience,
    // Node probes a silent connection every second then, and gives it up after ten: a partition is noticed.
    keepAlive: true,
    keepAliveInitialDelayMillis: 5000,
  });
}
