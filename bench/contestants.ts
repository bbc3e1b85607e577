import { bareExpress, bareFastify } from "./servers/bare.ts";
import { betterAuthServer } from "./servers/better-auth.ts";
import { coatcheckExpress, coatcheckFastify, managerOnServers } from "./servers/coatcheck.ts";
import { expressSession, expressSessionOnRedis } from "./servers/express-session.ts";
import { fastifySession, fastifySessionOnRedis } from "./servers/fastify-session.ts";
import { plainMapExpress, plainMapFastify } from "./servers/plain-map.ts";
import type { ServerUnderTest } from "./servers/workload.ts";

/** A measured server. Its CPU time is compared with that of a server with the same framework but without sessions. */
export interface BenchmarkEntry {
  readonly name: string;
  readonly framework: "Express 5" | "Fastify 5";
  /** Whether the server needs the PostgreSQL and Redis servers that `remote.ts` starts. */
  readonly isRemote?: boolean;
  readonly start: () => Promise<ServerUnderTest>;
}

/** All measured servers, in the order of the result table. */
export const BENCHMARK_ENTRIES: readonly BenchmarkEntry[] = [
  { name: "bare", framework: "Express 5", start: bareExpress },
  { name: "plain Map", framework: "Express 5", start: plainMapExpress },
  { name: "Coatcheck", framework: "Express 5", start: () => coatcheckExpress() },
  { name: "express-session, memory", framework: "Express 5", start: () => expressSession() },
  {
    name: "Coatcheck, PostgreSQL and Redis",
    framework: "Express 5",
    isRemote: true,
    start: async () => await coatcheckExpress(await managerOnServers()),
  },
  { name: "express-session, Redis", framework: "Express 5", isRemote: true, start: expressSessionOnRedis },
  { name: "bare", framework: "Fastify 5", start: bareFastify },
  { name: "plain Map", framework: "Fastify 5", start: plainMapFastify },
  { name: "Coatcheck", framework: "Fastify 5", start: () => coatcheckFastify() },
  { name: "@fastify/session, memory", framework: "Fastify 5", start: () => fastifySession() },
  {
    name: "Coatcheck, PostgreSQL and Redis",
    framework: "Fastify 5",
    isRemote: true,
    start: async () => await coatcheckFastify(await managerOnServers()),
  },
  { name: "@fastify/session, Redis", framework: "Fastify 5", isRemote: true, start: fastifySessionOnRedis },
  {
    name: "better-auth, Redis",
    framework: "Fastify 5",
    isRemote: true,
    start: () => betterAuthServer({ redis: true }),
  },
  {
    name: "better-auth, SQLite",
    framework: "Fastify 5",
    start: () => betterAuthServer({}),
  },
  {
    name: "better-auth, cookie cache",
    framework: "Fastify 5",
    start: () => betterAuthServer({ cookieCache: true }),
  },
];
