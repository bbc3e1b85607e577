import { hash, randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import express from "express";
import fastify from "fastify";
import { responseBody, type ServerUnderTest, sessionData } from "./workload.ts";

/*
 * The minimum that a session library does: look up the session in a Map, compare the hash of its secret, keep the
 * response out of shared caches, and pass the session to a handler that awaits it. It has no timeouts, no writes and no
 * revocation. The additional cost of other libraries includes these features.
 */

interface StoredSession {
  readonly subject: string;
  readonly secretHash: string;
  readonly data: ReturnType<typeof sessionData>;
}

/** A request to which the middleware has added a session. */
interface SessionRequest {
  found?: StoredSession | null;
}

const sessions = new Map<string, StoredSession>();

function logIn(index: number): string {
  const id = randomBytes(16).toString("base64url");
  const secret = randomBytes(16).toString("base64url");
  const secretHash = hash("sha256", secret, "base64url");
  // Copy the data, as a store would by parsing JSON.
  const data = JSON.parse(JSON.stringify(sessionData(index)));
  sessions.set(id, { subject: `user-${index}`, secretHash, data });
  return `sid=${id}${secret}; Path=/; HttpOnly; SameSite=Lax`;
}

function findSession(cookie = ""): StoredSession | null {
  const token = cookie.slice(cookie.indexOf("sid=") + 4);
  const session = sessions.get(token.slice(0, 22));
  return session?.secretHash === hash("sha256", token.slice(22, 44), "base64url") ? session : null;
}

/** The type allows a promise, so that handlers must await the session, as they would with a store. */
function sessionOf(request: SessionRequest): StoredSession | Promise<StoredSession> {
  if (!request.found) throw new Error("The request has no session: log in first.");
  return request.found;
}

export async function plainMapExpress(): Promise<ServerUnderTest> {
  const app = express();
  app.post("/login/:index", (request, response) => {
    response.setHeader("set-cookie", logIn(Number(request.params.index))).end();
  });
  app.use((request, response, next) => {
    (request as SessionRequest).found = findSession(request.headers.cookie);
    response.setHeader("cache-control", "private, no-store").setHeader("vary", "Cookie");
    next();
  });
  app.get("/", async (request, response) => {
    const session = await sessionOf(request as SessionRequest);
    response.json(responseBody(session.subject, session.data.name));
  });
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return { port: (server.address() as AddressInfo).port };
}

export async function plainMapFastify(): Promise<ServerUnderTest> {
  const app = fastify();
  app.post<{ Params: { index: string } }>("/login/:index", async (request, reply) => {
    reply.header("set-cookie", logIn(Number(request.params.index)));
    return {};
  });
  app.decorateRequest<null>("found", null);
  app.addHook("onRequest", (request, reply, next) => {
    (request as SessionRequest).found = findSession(request.headers.cookie);
    reply.header("cache-control", "private, no-store").header("vary", "Cookie");
    next();
  });
  app.get("/", async (request) => {
    const session = await sessionOf(request as SessionRequest);
    return responseBody(session.subject, session.data.name);
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  return { port: (app.server.address() as AddressInfo).port };
}
