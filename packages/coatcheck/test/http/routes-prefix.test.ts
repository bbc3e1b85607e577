import { createServer } from "node:http";
import { serve } from "@hono/node-server";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { afterEach, describe, expect, it } from "vitest";
import * as forExpress from "../../src/http/express.ts";
import * as forFastify from "../../src/http/fastify.ts";
import * as forHono from "../../src/http/hono.ts";
import * as expressRoutes from "../../src/http/routes/express.ts";
import * as fastifyRoutes from "../../src/http/routes/fastify.ts";
import * as honoRoutes from "../../src/http/routes/hono.ts";
import type { JsonObject } from "../../src/session/json.ts";
import { type Site, type StartRoutes, startSite, waitUntilListening } from "./routes-fixtures.ts";

const startExpressRouter: StartRoutes = async (manager, http, options) => {
  const routes = expressRoutes.sessionRoutes(manager, options);
  const app = express().use(forExpress.coatcheck(manager, http));
  app.use("/api", routes);
  return await waitUntilListening(createServer(app).listen(0, "127.0.0.1"), routes);
};

/** Mounts the endpoints and `coatcheck()` in a router below two prefixes, one of which is a parameter (`/:tenant`). */
const startNestedExpress: StartRoutes = async (manager, http, options) => {
  const routes = expressRoutes.sessionRoutes(manager, options);
  const inner = express.Router().use(forExpress.coatcheck(manager, http), routes);
  const app = express().use("/:tenant", express.Router().use("/v1", inner));
  return await waitUntilListening(createServer(app).listen(0, "127.0.0.1"), routes);
};

const startFastifyAt =
  (prefix: string): StartRoutes =>
  async (manager, http, options) => {
    const app = fastify();
    const routes = fastifyRoutes.sessionRoutes(manager, options);
    await app.register(
      async (scope) => {
        await scope.register(forFastify.coatcheck(manager, http));
        await scope.register(routes);
      },
      { prefix },
    );
    const url = await app.listen({ port: 0, host: "127.0.0.1" });
    return { url, close: () => app.close() };
  };

const startFastifyPlugin: StartRoutes = async (manager, http, options) => {
  const app = fastify();
  await app.register(forFastify.coatcheck(manager, http));
  await app.register(fastifyRoutes.sessionRoutes(manager, options), { prefix: "/api" });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  return { url, close: () => app.close() };
};

type HonoApp = Hono<forHono.SessionEnv<JsonObject>>;

const startHonoWith =
  (mount: (app: HonoApp, routes: ReturnType<typeof honoRoutes.sessionRoutes>) => void): StartRoutes =>
  async (manager, http, options) => {
    const app: HonoApp = new Hono();
    const routes = honoRoutes.sessionRoutes(manager, options);
    app.use(forHono.coatcheck(manager, http));
    mount(app, routes as never);
    const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1", overrideGlobalObjects: false });
    return await waitUntilListening(server as never, routes);
  };

const MOUNTS: readonly [string, StartRoutes, string][] = [
  ["an Express router", startExpressRouter, "/api"],
  ["nested Express routers with a parameter", startNestedExpress, "/acme/v1"],
  ["a Fastify prefix", startFastifyPlugin, "/api"],
  ["a Fastify scope with a prefix", startFastifyAt("/api"), "/api"],
  ["a Fastify scope with a parameter", startFastifyAt("/:tenant/v1"), "/acme/v1"],
  ["a Hono base path", startHonoWith((app, routes) => app.basePath("/api").use(routes as never)), "/api"],
  [
    "a mounted Hono application",
    startHonoWith((app, routes) => app.route("/api", new Hono().use(routes as never) as never)),
    "/api",
  ],
  [
    "a mounted Hono application with a parameter",
    startHonoWith((app, routes) => app.route("/:tenant/v1", new Hono().use(routes as never) as never)),
    "/acme/v1",
  ],
  ["a Hono path", startHonoWith((app, routes) => app.use("/api/*", routes as never)), "/api"],
];

describe.each(MOUNTS)("the session endpoints below %s", (_name, start, prefix) => {
  let site: Site;
  afterEach(() => site.close());

  it("serve login, devices and logout below the prefix, and respond 404 elsewhere", async () => {
    site = await startSite(start, { http: {} });
    const browser = site.browser();
    const credentials = { email: "ada", password: "secret" };
    const login = await browser.send(`POST ${prefix}/session`, credentials);
    expect([login.status, login.data.status]).toEqual([200, "authenticated"]);
    expect(login.headers.getSetCookie()[0]).toMatch(/^__Host-sid=.*; Path=\//);
    const { data: devices } = await browser.send<{ id: string }[]>(`GET ${prefix}/session/devices`);
    expect(devices).toHaveLength(1);
    expect((await browser.send(`GET ${prefix}/session?touch`)).data.status).toBe("authenticated");
    expect((await browser.fetch("GET /session")).status).toBe(404);
    expect((await browser.fetch(`GET ${prefix}${prefix}/session`)).status).toBe(404);
    const { status } = await browser.send(`DELETE ${prefix}/session/devices/${devices[0]?.id}`);
    expect([status, (await browser.send(`GET ${prefix}/session`)).data.status]).toEqual([200, "none"]);
  });

  it("issue the first CSRF token to a page only if Sec-Fetch-Site or Origin shows that the request is same-origin", async () => {
    site = await startSite(start, { http: { csrf: { token: "required" } } });
    const browser = site.browser();
    await browser.send(`POST ${prefix}/session/init`);
    browser.csrfToken = null;
    const init = async (headers: Record<string, string>) =>
      (await browser.send(`POST ${prefix}/session/init`, undefined, headers)).code;
    expect(await init({ "sec-fetch-site": "same-origin" })).toBeNull();
    browser.csrfToken = null;
    expect(await init({ origin: site.url })).toBeNull();
    browser.csrfToken = null;
    expect(await init({})).toBe("CSRF_MISSING");
    expect(await init({ origin: "https://evil.example" })).toBe("FORBIDDEN");
  });
});

it.each([
  ["an Express router", startExpressRouter],
  ["a Fastify prefix", startFastifyPlugin],
  ["a Hono base path", MOUNTS[5]?.[1] as StartRoutes],
])(
  "the option `base` that begins with the prefix of %s is the complete path of the endpoints",
  async (_name, start) => {
    const site = await startSite(start, { http: {}, routes: { base: "/api/auth", migratePath: "/api/old" } });
    const browser = site.browser();
    expect((await browser.send("GET /api/auth")).status).toBe(200);
    expect((await browser.send("POST /api/old")).status).toBe(200);
    expect((await browser.fetch("GET /api/api/auth")).status).toBe(404);
    await site.close();
  },
);
