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
 * The servers that tests can ask for. `private-postgres` is shared with no other test file: positions in the log depend
 * on every transaction of the whole server. `local-postgres` is a private one that was started here whatever
 * `DATABASE_URL` says, so that a standby can be made of it.
 */
export type ServerKind = "redis" | "postgres" | "private-postgres" | "local-postgres";

/** What a test learns: where the server is, or why there is none. */
export type ServerAnswer = { readonly url: string } | { readonly missing: string };

/** What the whole test run shares. */
export interface Broker {
  /** Where to ask. */
  readonly socket: string;
  /** Names everything that this run makes on a server that is not its own: key prefix, databases. */
  readonly run: string;
  close(): Promise<void>;
}

interface Lent {
  readonly url: string;
  end(): Promise<void>;
}

/**
 * Lends servers to test files, which run in processes of their own. A server is started when the first of them asks,
 * and all are ended together.
 */
export async function openBroker(): Promise<Broker> {
  const run = `coatcheck_test_${randomBytes(4).toString("hex")}`;
  const lent: Promise<Lent>[] = [];
  const lend = (server: Promise<Lent>) => {
    lent.push(server);
    return server;
  };
  let redis: Promise<Lent> | undefined;
  let postgres: Promise<Lent> | undefined;
  const lenders: Readonly<Record<ServerKind, () => Promise<Lent>>> = {
    redis: () => (redis ??= lend(lendRedis(run))),
    postgres: () => (postgres ??= lend(lendPostgres(run))),
    "private-postgres": () => lend(lendPostgres(run)),
    "local-postgres": () => lend(startPrimary()),
  };

  const answer = async (kind: ServerKind): Promise<ServerAnswer> => {
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

async function lendRedis(run: string): Promise<Lent> {
  const given = process.env.REDIS_URL;
  if (given) {
    await reached("REDIS_URL", pingRedis(given));
    return { url: given, end: () => deleteKeys(given, run) };
  }
  const server = await startRedis();
  return { url: server.url, end: () => server.stop() };
}

async function lendPostgres(run: string): Promise<Lent> {
  const given = process.env.DATABASE_URL;
  if (given?.startsWith("postgres")) {
    await reached("DATABASE_URL", pingPostgres(given));
    return { url: given, end: () => dropDatabases(given, run) };
  }
  return await startLocalPostgres();
}

/** A PostgreSQL of which a standby can be made. */
async function startPrimary(): Promise<Lent> {
  requireProgram(TEST_PROGRAMS.postgresStandby);
  return await startLocalPostgres();
}

async function startLocalPostgres(): Promise<Lent> {
  const server = await startPostgres();
  return { url: server.url, end: () => server.stop() };
}

/** A server that was named but does not answer is a fault of the setting, never a reason to start another. */
async function reached(variable: string, answer: Promise<void>): Promise<void> {
  try {
    await answer;
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new ServerMissing(`The server that ${variable} names does not answer: ${reason}`);
  }
}

async function dropDatabases(url: string, run: string): Promise<void> {
  const databases = await query(url, `select datname from pg_database where starts_with(datname, '${run}')`);
  for (const { datname } of databases) await query(url, `drop database if exists "${datname}" with (force)`);
}
