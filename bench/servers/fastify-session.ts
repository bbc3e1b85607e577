import type { AddressInfo } from "node:net";
import cookie from "@fastify/cookie";
import session from "@fastify/session";
import { RedisStore } from "connect-redis";
import fastify from "fastify";
import { connectClient } from "./remote.ts";
import { COOKIE_SECRET, responseBody, type ServerUnderTest, sessionData } from "./workload.ts";

declare module "fastify" {
  interface Session {
    subject: string;
    data: ReturnType<typeof sessionData>;
    /**
     * Not used here. `races.ts` declares this field for express-session, and connect-redis requires that this type has
     * all fields of express-session's type.
     */
    fields: Record<string, number>;
  }
}

/** Starts @fastify/session with `rolling: false`, which is faster because reads then set no cookie. */
export async function fastifySession(
  store?: session.FastifySessionOptions["store"],
): Promise<ServerUnderTest> {
  const app = fastify();
  await app.register(cookie);
  await app.register(session, {
    secret: COOKIE_SECRET,
    rolling: false,
    saveUninitialized: false,
    cookie: { secure: false },
    ...(store ? { store } : {}),
  });
  app.post<{ Params: { index: string } }>("/login/:index", async (request) => {
    await request.session.regenerate();
    request.session.subject = `user-${request.params.index}`;
    request.session.data = sessionData(Number(request.params.index));
    return {};
  });
  app.get("/", async (request) => responseBody(request.session.subject, request.session.data?.name));
  await app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = app.server.address() as AddressInfo;
  return { port };
}

/** Starts @fastify/session with connect-redis, as the README of @fastify/session recommends. */
export async function fastifySessionOnRedis(): Promise<ServerUnderTest> {
  return await fastifySession(new RedisStore({ client: await connectClient() }));
}
