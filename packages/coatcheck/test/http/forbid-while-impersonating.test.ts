import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { beforeAll, expect, it } from "vitest";
import * as forExpress from "../../src/http/express.ts";
import * as forFastify from "../../src/http/fastify.ts";
import * as forHono from "../../src/http/hono.ts";
import { SessionManager } from "../../src/session/manager.ts";
import { Session } from "../../src/session/session.ts";
import { memoryStore } from "../../src/store/memory.ts";

const manager = new SessionManager({ store: memoryStore(), secrets: ["the secret of these tests"] });
let own: string;
let acting: string;

beforeAll(async () => {
  own = (await manager.create({ subject: "clerk" })).token;
  const session = await manager.resume(own);
  if (!(session instanceof Session)) throw new Error("The clerk is not logged in.");
  await session.impersonate("ada", { reason: "ticket 4711" });
  acting = (await session.commit()).token ?? "";
});

/** Sends a request of the clerk, one of the clerk while impersonating, and one of a visitor. Returns the statuses. */
async function fetchStatuses(send: (headers: Record<string, string>) => Promise<number>): Promise<number[]> {
  const cookies = [own, acting, null].map((token) => (token ? { cookie: `__Host-sid=${token}` } : {}));
  return await Promise.all(cookies.map(send));
}

it("forbidWhileImpersonating() in Express responds 403 while impersonating, and 401 to a visitor", async () => {
  const app = express();
  app.use(forExpress.coatcheck(manager));
  app.get("/", forExpress.forbidWhileImpersonating("change the password"), (_request, response) => {
    response.send("changed");
  });
  app.use(forExpress.sessionErrors());
  const server = createServer(app).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  expect(
    await fetchStatuses(
      async (headers) => (await fetch(url, { headers: { ...headers, connection: "close" } })).status,
    ),
  ).toEqual([200, 403, 401]);
  server.close();
});

it("forbidWhileImpersonating() in Fastify responds 403 while impersonating, and 401 to a visitor", async () => {
  const app = fastify();
  await app.register(forFastify.coatcheck(manager));
  app.setErrorHandler(forFastify.sessionErrors());
  const preHandler = forFastify.forbidWhileImpersonating("change the password");
  app.get("/", { preHandler }, async () => "changed");
  expect(
    await fetchStatuses(async (headers) => (await app.inject({ url: "/", headers })).statusCode),
  ).toEqual([200, 403, 401]);
  await app.close();
});

it("forbidWhileImpersonating() in Hono responds 403 while impersonating, and 401 to a visitor", async () => {
  const app = new Hono();
  app.use(forHono.coatcheck(manager));
  app.get("/", forHono.forbidWhileImpersonating("change the password"), (c) => c.text("changed"));
  app.onError(forHono.sessionErrors());
  expect(
    await fetchStatuses(async (headers) => (await app.request("http://localhost/", { headers })).status),
  ).toEqual([200, 403, 401]);
});
