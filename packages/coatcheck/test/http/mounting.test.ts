import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { connect, constants } from "node:http2";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import express from "express";
import olderSession from "express-session";
import fastify from "fastify";
import { Hono } from "hono";
import { afterEach, expect, it } from "vitest";
import * as forExpress from "../../src/http/express.ts";
import * as forFastify from "../../src/http/fastify.ts";
import * as forHono from "../../src/http/hono.ts";
import { CoatcheckError } from "../../src/session/errors.ts";
import { SessionManager } from "../../src/session/manager.ts";
import { memoryStore } from "../../src/store/memory.ts";

interface Data {
  seen?: boolean;
}

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

function managerOf(store = memoryStore()): SessionManager<Data> {
  return new SessionManager<Data>({ store, secrets: ["the secret of these tests"] });
}

/** Where it listens. */
async function listening(server: Server): Promise<string> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  ends.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A part of an application with sessions of its own, inside one whose sessions have been asked for already. */
async function twoParts(outer: SessionManager<Data>, inner: SessionManager<Data>): Promise<string> {
  const see: express.RequestHandler = async (request, _response, next) => {
    (await forExpress.sessionOf<Data>(request).load()).data.seen = true;
    next();
  };
  const app = express();
  app.use(forExpress.coatcheck(outer, { cookie: { secure: false, name: "outer" } }), see);
  app.use("/admin", forExpress.coatcheck(inner, { cookie: { secure: false, name: "inner" } }), see);
  app.get("/admin/page", (_request, response) => response.redirect("/elsewhere"));
  return await listening(createServer(app));
}

it("both sessions of a request are stored and told of, before the redirect leaves", async () => {
  const [outer, inner] = [managerOf(), managerOf()];
  const answer = await fetch(`${await twoParts(outer, inner)}/admin/page`, { redirect: "manual" });
  expect([answer.status, answer.headers.get("location")]).toEqual([302, "/elsewhere"]);
  expect(answer.headers.getSetCookie().map((cookie) => cookie.split("=")[0])).toEqual(["outer", "inner"]);
  expect([(await outer.stats()).total, (await inner.stats()).total]).toEqual([1, 1]);
});

it("neither cookie leaves when one of them cannot be stored", async () => {
  for (const broken of [0, 1]) {
    const stores = [memoryStore(), memoryStore()] as const;
    const put = async () => {
      throw new CoatcheckError("STORE_UNAVAILABLE", "Made to fail.");
    };
    Object.assign(stores[broken] ?? {}, { put });
    const url = await twoParts(managerOf(stores[0]), managerOf(stores[1]));
    const answer = await fetch(`${url}/admin/page`, { redirect: "manual" });
    expect(answer.status).toBe(503);
    expect(answer.headers.getSetCookie()).toEqual([]);
  }
});

it("beside another session layer nothing is served, and the error says why", async () => {
  const app = express();
  app.use(olderSession({ secret: "an older secret", resave: false, saveUninitialized: false }));
  app.use(forExpress.coatcheck(managerOf(), { cookie: { secure: false } }));
  app.get("/", (_request, response) => void response.send("never"));
  const told: express.ErrorRequestHandler = (error, _request, response, _next) => {
    response.status(500).send(`${error}`);
  };
  const answer = await fetch(await listening(createServer(app.use(told))));
  expect(answer.status).toBe(500);
  expect(await answer.text()).toMatch(/^TypeError: request\.session belongs to another session middleware/);
});

it("a guard without the adapter says what is missing", async () => {
  const app = new Hono();
  app.get("/", forHono.requireSubject(), (c) => c.text("never"));
  app.onError((error, c) => c.text(`${error}`, 500));
  const answer = await app.request("/");
  expect(await answer.text()).toMatch(/^TypeError: .*mount coatcheck\(\) before/);
});

it("over HTTP/2 a page of the same host may post, and one of another host may not", async () => {
  const app = fastify({ http2: true });
  await app.register(forFastify.coatcheck(managerOf(), { cookie: { secure: false } }));
  app.post("/", async (request) => {
    (await forFastify.sessionOf<Data>(request).load()).data.seen = true;
    return "body";
  });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  const client = connect(url);
  ends.push(
    () => client.close(),
    () => app.close(),
  );
  const post = async (origin: string) => {
    const stream = client.request({ [constants.HTTP2_HEADER_METHOD]: "POST", origin });
    const [headers] = await once(stream.end(), "response");
    return [
      headers[":status"],
      headers["set-cookie"]?.length ?? 0,
      (await text(stream)).includes("FORBIDDEN"),
    ];
  };
  expect(await post(url)).toEqual([200, 1, false]);
  expect(await post("https://evil.example")).toEqual([403, 0, true]);
});
