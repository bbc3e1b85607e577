import { hash, randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import express from "express";
import fastify from "fastify";
import { answer, type Contestant, sessionData } from "./work.ts";

/*
 * The least that a session layer can do: find the session in a Map, compare the hash of its secret, keep the answer out
 * of shared caches, and hand it to a handler that waits for it. No timeouts, no writes, no revocation; what is above
 * this in the table is what those cost.
 */

interface Found {
  readonly subject: string;
  readonly secretHash: string;
  readonly data: ReturnType<typeof sessionData>;
}

/** A request that the middleware has seen. */
interface Visit {
  found?: Found | null;
}

const sessions = new Map<string, Found>();

function logIn(index: number): string {
  const id = randomBytes(16).toString("base64url");
  const secret = randomBytes(16).toString("base64url");
  const secretHash = hash("sha256", secret, "base64url");
  // As it comes from a store.
  const data = JSON.parse(JSON.stringify(sessionData(index)));
  sessions.set(id, { subject: `user-${index}`, secretHash, data });
  return `sid=${id}${secret}; Path=/; HttpOnly; SameSite=Lax`;
}

function find(cookie = ""): Found | null {
  const token = cookie.slice(cookie.indexOf("sid=") + 4);
  const session = sessions.get(token.slice(0, 22));
  return session?.secretHash === hash("sha256", token.slice(22, 44), "base64url") ? session : null;
}

/** Typed as a session is that may have to be fetched: it must be awaited. */
function sessionOf(request: Visit): Found | Promise<Found> {
  if (!request.found) throw new Error("nobody");
  return request.found;
}

export async function byHandExpress(): Promise<Contestant> {
  const app = express();
  app.post("/login/:index", (request, response) => {
    response.setHeader("set-cookie", logIn(Number(request.params.index))).end();
  });
  app.use((request, response, next) => {
    (request as Visit).found = find(request.headers.cookie);
    response.setHeader("cache-control", "private, no-store").setHeader("vary", "Cookie");
    next();
  });
  app.get("/", async (request, response) => {
    const session = await sessionOf(request as Visit);
    response.json(answer(session.subject, session.data.name));
  });
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return { port: (server.address() as AddressInfo).port };
}

export async function byHandFastify(): Promise<Contestant> {
  const app = fastify();
  app.post<{ Params: { index: string } }>("/login/:index", async (request, reply) => {
    reply.header("set-cookie", logIn(Number(request.params.index)));
    return {};
  });
  app.decorateRequest<null>("found", null);
  app.addHook("onRequest", (request, reply, next) => {
    (request as Visit).found = find(request.headers.cookie);
    reply.header("cache-control", "private, no-store").header("vary", "Cookie");
    next();
  });
  app.get("/", async (request) => {
    const session = await sessionOf(request as Visit);
    return answer(session.subject, session.data.name);
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  return { port: (app.server.address() as AddressInfo).port };
}
