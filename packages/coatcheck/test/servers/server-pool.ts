import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TEST_PROGRAMS } from "../../../../scripts/test-programs/programs.ts";
import { requireProgram, ServerMissing } from "./machine.ts";
import { pingPostgres, query, startPostgres } from "./postgres.ts";
import { deleteKeys, pingRedis, startRedis } from "./redis.ts";

/**
 * The servers that tests can request. `private-postgres` is not shared with other test files, because log positions
 * depend on every transaction of the server. `local-postgres` is also private. It is started on this machine even if
 * `DATABASE_URL` is set, so that the test can start a standby of it.
 */
export type ServerKind = "redis" | "postgres" | "private-postgres" | "local-postgres";

/** The pool's response to a test file: the URL of the server, or the reason why there is no server. */
export type ServerLocation = { readonly url: string } | { readonly missing: string };

/** Lends servers to the test files of one run. */
export interface ServerPool {
  /** Path of the Unix socket on which the pool accepts requests. */
  readonly socket: string;
  /** Prefix of the keys and databases that this run creates on servers that it has not started. */
  readonly run: string;
  close(): Promise<void>;
}

interface LentServer {
  readonly url: string;
  end(): Promise<void>;
}

/**
 * Opens the pool, which lends servers to test files in other processes. A server is started when it is first requested.
 * All servers are stopped together.
 */
export async function openServerPool(): Promise<ServerPool> {
  const run = `coatcheck_test_${randomBytes(4).toString("hex")}`;
  const lent: Promise<LentServer>[] = [];
  const lend = (server: Promise<LentServer>) => {
    lent.push(server);
    return server;
  };
  let redis: Promise<LentServer> | undefined;
  let postgres: Promise<LentServer> | undefined;
  const lenders: Readonly<Record<ServerKind, () => Promise<LentServer>>> = {
    redis: () => (redis ??= lend(lendRedis(run))),
    postgres: () => (postgres ??= lend(lendPostgres(run))),
    "private-postgres": () => lend(lendPostgres(run)),
    "local-postgres": () => lend(startPrimary()),
  };

  const answer = async (kind: ServerKind): Promise<ServerLocation> => {
    const server = lenders[kind]();
    try {
      return { url: (await server).url };
    } catch (error) {
      if (!(error instanceof ServerMissing)) console.error(error);
      return { missing: error instanceof Error ? error.message : String(error) };
    }
  };

  const socket = join(tmpdir(), `${run}.sock`);
  const http = createServer(async (request, response) => {
    response
      .setHeader("Connection", "close")
      .end(JSON.stringify(await answer(request.url?.slice(1) as ServerKind)));
  });
  await new Promise<void>((resolve) => http.listen(socket, resolve));
  http.unref();

  return {
    socket,
    run,
    async close() {
      http.close();
      await rm(socket, { force: true });
      const settled = await Promise.allSettled(lent);
      await Promise.all(settled.map((each) => (each.status === "fulfilled" ? each.value.end() : undefined)));
    },
  };
}

async function lendRedis(run: string): Promise<LentServer> {
  const given = process.env.REDIS_URL;
  if (given) {
    await requireResponse("REDIS_URL", pingRedis(given));
    return { url: given, end: () => deleteKeys(given, run) };
  }
  const server = await startRedis({ fsync: false });
  return { url: server.url, end: () => server.stop() };
}

async function lendPostgres(run: string): Promise<LentServer> {
  const given = process.env.DATABASE_URL;
  if (given?.startsWith("postgres")) {
    await requireResponse("DATABASE_URL", pingPostgres(given));
    return { url: given, end: () => dropDatabases(given, run) };
  }
  return await startLocalPostgres();
}

/** Starts a PostgreSQL for which a standby can be started. */
async function startPrimary(): Promise<LentServer> {
  requireProgram(TEST_PROGRAMS.postgresStandby);
  return await startLocalPostgres();
}

async function startLocalPostgres(): Promise<LentServer> {
  const server = await startPostgres({ fsync: false });
  return { url: server.url, end: () => server.stop() };
}

/** Rejects if a configured server does not respond, because a wrong setting must not go unnoticed. */
async function requireResponse(variable: string, response: Promise<void>): Promise<void> {
  try {
    await response;
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new ServerMissing(`The server in ${variable} does not respond: ${reason}`);
  }
}

async function dropDatabases(url: string, run: string): Promise<void> {
  const databases = await query(url, `select datname from pg_database where starts_with(datname, '${run}')`);
  for (const { datname } of databases) await query(url, `drop database if exists "${datname}" with (force)`);
}
