import type { AddressInfo } from "node:net";
import { RedisStore } from "connect-redis";
import express from "express";
import session from "express-session";
import { connectClient } from "./remote.ts";
import { COOKIE_SECRET, responseBody, type ServerUnderTest, sessionData } from "./workload.ts";

declare module "express-session" {
  interface SessionData {
    subject: string;
    data: ReturnType<typeof sessionData>;
  }
}

/** express-session as in its README, with the recommended options. */
export async function expressSession(store?: session.Store): Promise<ServerUnderTest> {
  const app = express();
  app.use(
    session({ secret: COOKIE_SECRET, resave: false, saveUninitialized: false, ...(store ? { store } : {}) }),
  );
  app.post("/login/:index", (request, response, next) => {
    request.session.regenerate((error) => {
      if (error) return next(error);
      request.session.subject = `user-${request.params.index}`;
      request.session.data = sessionData(Number(request.params.index));
      response.end();
    });
  });
  app.get("/", (request, response) => {
    response.json(responseBody(request.session.subject, request.session.data?.name));
  });
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  return { port };
}

/** express-session with connect-redis, as in the README of connect-redis. */
export async function expressSessionOnRedis(): Promise<ServerUnderTest> {
  return await expressSession(new RedisStore({ client: await connectClient() }));
}
