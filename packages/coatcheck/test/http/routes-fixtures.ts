import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { describeClient } from "../../src/device/index.ts";
import * as forExpress from "../../src/http/express.ts";
import * as forFastify from "../../src/http/fastify.ts";
import * as forHono from "../../src/http/hono.ts";
import type { HttpOptions } from "../../src/http/options.ts";
import * as expressRoutes from "../../src/http/routes/express.ts";
import * as fastifyRoutes from "../../src/http/routes/fastify.ts";
import * as honoRoutes from "../../src/http/routes/hono.ts";
import type { SessionRoutesOptions } from "../../src/http/routes/index.ts";
import type { JsonObject } from "../../src/session/json.ts";
import { SessionManager, type SessionManagerOptions } from "../../src/session/manager.ts";
import type { SessionReader } from "../../src/session/reader.ts";
import type { SessionStore } from "../../src/session/store.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { ObservedStore } from "../../src/testing/adapter/fixtures.ts";
import { Browser, type User } from "./routes-browser.ts";

type RoutesOptions = SessionRoutesOptions<User>;
type AnyManager = SessionManager;
interface RunningServer {
  readonly url: string;
  close(): Promise<unknown>;
}
/** Starts a framework's server with the session endpoints and two pages of the application. */
export type StartRoutes = (
  manager: AnyManager,
  http: HttpOptions,
  options: RoutesOptions,
) => Promise<RunningServer>;

export const startExpress: StartRoutes = startExpressWith([]);

/** Starts Express with a body parser in front of the endpoints, so that the body is already parsed when they run. */
export const startExpressWithBodyParser: StartRoutes = startExpressWith([express.json()]);

function startExpressWith(middleware: readonly express.RequestHandler[]): StartRoutes {
  return async (manager, http, options) => {
    const app = express();
    for (const handler of middleware) app.use(handler);
    const routes = expressRoutes.sessionRoutes(manager, options);
    app.use(forExpress.coatcheck(manager, http), routes);
    app.get("/page", (_request, response) => void response.send("a page"));
    app.get("/rendered", async (request, response) => {
      response.json({ success: true, data: await routes.view(forExpress.sessionOf(request)) });
    });
    app.use(forExpress.sessionErrors());
    app.use(((error, _request, response, _next) => {
      response.status(error.status ?? 500).end();
    }) satisfies express.ErrorRequestHandler);
    return await waitUntilListening(createServer(app).listen(0, "127.0.0.1"), routes);
  };
}

export const startFastify: StartRoutes = async (manager, http, options) => {
  const app = fastify();
  await app.register(forFastify.coatcheck(manager, http));
  const routes = fastifyRoutes.sessionRoutes(manager, options);
  await app.register(routes);
  app.setErrorHandler(forFastify.sessionErrors());
  app.get("/page", async () => "a page");
  app.get("/rendered", async (request) => {
    return { success: true, data: await routes.view(forFastify.sessionOf(request)) };
  });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  return { url, close: () => app.close() };
};

export const startHono: StartRoutes = async (manager, http, options) => {
  const app = new Hono<forHono.SessionEnv<JsonObject>>();
  const routes = honoRoutes.sessionRoutes(manager, options);
  app.use(forHono.coatcheck(manager, http), routes);
  app.get("/page", (c) => c.text("a page"));
  app.get("/rendered", async (c) => {
    return c.json({ success: true, data: await routes.view(c.get("session")) });
  });
  app.onError(forHono.sessionErrors((_error, c) => c.body(null, 500)));
  const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1", overrideGlobalObjects: false });
  return await waitUntilListening(server as Server, routes);
};

/** Waits until a server listens. The returned `close` ends the event streams before it closes the server. */
export async function waitUntilListening(server: Server, routes: { close(): void }): Promise<RunningServer> {
  if (!server.listening) await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = once(server, "close");
      routes.close();
      server.close();
      server.closeIdleConnections();
      await closed;
    },
  };
}

export const FIREFOX_USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
export const IPHONE_USER_AGENT =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";

interface SiteOptions {
  readonly store?: SessionStore;
  readonly http?: HttpOptions;
  readonly routes?: Partial<RoutesOptions>;
  readonly manager?: Partial<SessionManagerOptions<JsonObject>>;
  /** Creates the cache in front of the site's store. Default: none. */
  readonly cache?: (store: SessionStore) => SessionReader;
}

/** Starts a site whose clock and timers the test controls. Every user's password is `secret`. */
export async function startSite(start: StartRoutes, options: SiteOptions = {}) {
  let now = Date.UTC(2026, 0, 1);
  const clock = { now: () => now };
  const timers = new Set<() => void>();
  const store = new ObservedStore(options.store ?? memoryStore());
  const manager = new SessionManager({
    store,
    secrets: ["the secret of these tests"],
    clock,
    ...(options.cache && { cache: options.cache(store) }),
    ...options.manager,
  });
  const attempts: JsonObject[] = [];
  const server = await start(
    manager,
    {
      csrf: { token: "required" },
      newSession: (client, request) => ({ client: describeClient(client, request.header("user-agent")) }),
      ...options.http,
    },
    {
      authenticate: ({ email, password }) => {
        attempts.push({ email: email ?? null });
        return password === "secret" && typeof email === "string" ? { subject: email } : null;
      },
      user: (subject) => ({ name: subject }),
      clock,
      ...options.routes,
      events: {
        schedule: (_delay, task) => {
          timers.add(task);
          return () => timers.delete(task);
        },
        ...options.routes?.events,
      },
    },
  );
  return {
    url: server.url,
    manager,
    store,
    clock,
    /** The credentials with which `authenticate` was called. */
    attempts,
    timers,
    /** Advances the clock. */
    pass(milliseconds: number) {
      now += milliseconds;
    },
    /** Runs all pending timers. */
    runTimers() {
      const due = [...timers];
      timers.clear();
      for (const task of due) task();
    },
    browser: (userAgent = FIREFOX_USER_AGENT) => new Browser(server.url, userAgent),
    async close() {
      await server.close();
      store.isDown = false;
      await manager.close();
    },
  };
}

export type Site = Awaited<ReturnType<typeof startSite>>;
