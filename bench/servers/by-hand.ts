import { hash, randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import express from "express";
import fastify from "fastify";
import { answer, type Contestant, sessionData } from "./work.ts";

/*
 * The least that a session can do: find it in a Map, compare the hash of its secret, keep the answer out of shared
 * caches. No timeouts, no writes, no revocation; what is above this in the table is what those cost.
 */

const sessions = new Map<
  string,
  { subject: string; secretHash: string; data: ReturnType<typeof sessionData> }
>();

function logIn(index: number): string {
  const id = randomBytes(16).toString("base64url");
  const secret = randomBytes(16).toString("base64url");
  const secretHash = hash("sha256", secret, "base64url");
  // As it comes from a store.
  const data = JSON.parse(JSON.stringify(sessionData(index)));
  sessions.set(id, { subject: `user-${index}`, secretHash, data });
  return `sid=${id}${secret}; Path=/; HttpOnly; SameSite=Lax`;
}

function find(cookie = "") {
  const token = cookie.slice(cookie.indexOf("sid=") + 4);
  const session = sessions.get(token.slice(0, 22));
  if (session?.secretHash !== hash("sha256", token.slice(22, 44), "base64url")) throw new Error("nobody");
  return session;
}

export async function byHandExpress(): Promise<Contestant> {
  const app = express();
  app.post("/login/:index", (request, response) => {
    response.setHeader("set-cookie", logIn(Number(request.params.index))).end();
  });
  app.get("/", (request, response) => {
    const session = find(request.headers.cookie);
    response.setHeader("cache-control", "private, no-store").setHeader("vary", "Cookie");
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
  app.get("/", async (request, reply) => {
    const session = find(request.headers.cookie);
    reply.header("cache-control", "private, no-store").header("vary", "Cookie");
    return answer(session.subject, session.data.name);
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  return { port: (app.server.address() as AddressInfo).port };
}
