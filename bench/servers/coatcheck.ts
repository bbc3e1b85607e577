import type { AddressInfo } from "node:net";
import { SessionManager } from "coatcheck";
import { createCache, redisShared } from "coatcheck/cache";
import { coatcheck as onExpress, sessionOf } from "coatcheck/express";
import { coatcheck as onFastify } from "coatcheck/fastify";
import { postgresStore } from "coatcheck/store/postgres";
import { connectRedis } from "coatcheck/store/redis";
import { sqliteStore } from "coatcheck/store/sqlite";
import express from "express";
import fastify from "fastify";
import { readUrls } from "./remote.ts";
import { COOKIE_SECRET, responseBody, type ServerUnderTest, sessionData } from "./workload.ts";

type WorkloadData = Partial<ReturnType<typeof sessionData>>;

/** Creates the manager as in Coatcheck's README, but in memory: SQLite with the local cache. */
function managerOnSqlite(): SessionManager<WorkloadData> {
  const store = sqliteStore(":memory:");
  return new SessionManager<WorkloadData>({
    store,
    secrets: [COOKIE_SECRET],
    cache: createCache({ store, singleProcess: true }),
  });
}

/** Creates the manager as in Coatcheck's guide for several machines: PostgreSQL with the local and the shared cache. */
export async function managerOnServers(): Promise<SessionManager<WorkloadData>> {
  const { DATABASE_URL, REDIS_URL } = readUrls();
  const store = await postgresStore({ connectionString: DATABASE_URL });
  const shared = redisShared(await connectRedis(REDIS_URL));
  return new SessionManager<WorkloadData>({
    store,
    secrets: [COOKIE_SECRET],
    cache: createCache({ store, shared }),
  });
}

const INSECURE_COOKIE = { cookie: { secure: false } } as const;

export async function coatcheckExpress(manager = managerOnSqlite()): Promise<ServerUnderTest> {
  const app = express();
  app.use(onExpress(manager, INSECURE_COOKIE));
  app.post("/login/:index", async (request, response) => {
    const session = await sessionOf<WorkloadData>(request).load();
    Object.assign(session.data, sessionData(Number(request.params.index)));
    await session.authenticate(`user-${request.params.index}`);
    response.end();
  });
  app.get("/", async (request, response) => {
    const session = await sessionOf<WorkloadData>(request).load();
    response.json(responseBody(session.subject, session.data.name));
  });
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  return { port };
}

export async function coatcheckFastify(manager = managerOnSqlite()): Promise<ServerUnderTest> {
  const app = fastify();
  await app.register(onFastify(manager, INSECURE_COOKIE));
  app.post<{ Params: { index: string } }>("/login/:index", async (request) => {
    const session = await sessionOf<WorkloadData>(request).load();
    Object.assign(session.data, sessionData(Number(request.params.index)));
    await session.authenticate(`user-${request.params.index}`);
    return {};
  });
  app.get("/", async (request) => {
    const session = await sessionOf<WorkloadData>(request).load();
    return responseBody(session.subject, session.data.name);
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = app.server.address() as AddressInfo;
  return { port };
}
