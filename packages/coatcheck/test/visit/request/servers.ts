import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import * as forExpress from "../../../src/http/express.ts";
import * as forFastify from "../../../src/http/fastify.ts";
import * as forHono from "../../../src/http/hono.ts";
import * as forNode from "../../../src/http/node/adapter.ts";
import type { HttpOptions } from "../../../src/http/options.ts";
import type { RequestSession } from "../../../src/http/request-session.ts";
import * as expressRoutes from "../../../src/http/routes/express.ts";
import * as fastifyRoutes from "../../../src/http/routes/fastify.ts";
import * as honoRoutes from "../../../src/http/routes/hono.ts";
import * as nodeRoutes from "../../../src/http/routes/node.ts";
import type { JsonObject } from "../../../src/session/json.ts";
import type { SessionManager } from "../../../src/session/manager.ts";

/** A request to the site's own pages, in a form that is the same for all frameworks. */
export interface SiteRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly session: RequestSession<JsonObject>;
  /** The visitor id that the framework provides as `request.visitorId` or `c.get("visitorId")`. */
  readonly visitorId: unknown;
}

/** The site's response. */
export interface SiteResponse {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Handles a request to the site's own pages. */
export type Site = (request: SiteRequest) => Promise<SiteResponse>;

/** A running server of the site. */
export interface SiteServer {
  readonly url: string;
  close(): Promise<unknown>;
}

/** Starts a server of one framework, with the session endpoints and the site's pages. */
export type StartSite = (manager: SessionManager, http: HttpOptions, site: Site) => Promise<SiteServer>;

const ENDPOINTS = { authenticate: () => null };

const startExpress: StartSite = async (manager, http, site) => {
  const app = express();
  const routes = expressRoutes.sessionRoutes(manager, ENDPOINTS);
  app.use(forExpress.coatcheck(manager, http), routes);
  app.use(async (request, response) => {
    const session = forExpress.sessionOf<JsonObject>(request);
    const visitorId: unknown = Reflect.get(request, "visitorId");
    const { status, type, body } = await site({ ...parsePath(request.originalUrl), session, visitorId });
    response.status(status).type(type).send(body);
  });
  app.use(forExpress.sessionErrors());
  return await waitForServer(createServer(app).listen(0, "127.0.0.1"), routes);
};

const startFastify: StartSite = async (manager, http, site) => {
  const app = fastify();
  await app.register(forFastify.coatcheck(manager, http));
  const routes = fastifyRoutes.sessionRoutes(manager, ENDPOINTS);
  await app.register(routes);
  app.setErrorHandler(forFastify.sessionErrors());
  app.all("/*", async (request, reply) => {
    const session = forFastify.sessionOf<JsonObject>(request);
    const visitorId: unknown = Reflect.get(request, "visitorId");
    const { status, type, body } = await site({ ...parsePath(request.originalUrl), session, visitorId });
    return reply.code(status).type(type).send(body);
  });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  return { url, close: () => app.close() };
};

const startHono: StartSite = async (manager, http, site) => {
  const app = new Hono<forHono.SessionEnv<JsonObject>>();
  const routes = honoRoutes.sessionRoutes(manager, ENDPOINTS);
  app.use(forHono.coatcheck(manager, http), routes);
  app.all("/*", async (c) => {
    const { pathname, search } = new URL(c.req.url);
    const place = parsePath(pathname + search);
    const reply = await site({ ...place, session: c.get("session"), visitorId: c.get("visitorId") });
    return new Response(reply.body, { status: reply.status, headers: { "content-type": reply.type } });
  });
  app.onError(forHono.sessionErrors());
  const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1", overrideGlobalObjects: false });
  return await waitForServer(server as Server, routes);
};

const startNode: StartSite = async (manager, http, site) => {
  const routes = nodeRoutes.sessionRoutes(manager, ENDPOINTS);
  const withSession = forNode.coatcheck(manager, http);
  const server = createServer(
    withSession(async (request, response) => {
      if (await routes(request, response)) return;
      const { session } = request;
      const visitorId: unknown = Reflect.get(request, "visitorId");
      const reply = await site({ ...parsePath(request.url ?? "/"), session, visitorId });
      response.writeHead(reply.status, { "Content-Type": reply.type }).end(reply.body);
    }),
  );
  return await waitForServer(server.listen(0, "127.0.0.1"), routes);
};

/** The four framework adapters. */
export const ADAPTERS: readonly (readonly [name: string, start: StartSite])[] = [
  ["Express", startExpress],
  ["Fastify", startFastify],
  ["Hono", startHono],
  ["node:http", startNode],
];

function parsePath(url: string): { path: string; query: URLSearchParams } {
  const [path = "/", query] = url.split("?", 2);
  return { path, query: new URLSearchParams(query) };
}

async function waitForServer(server: Server, routes: { close(): void }): Promise<SiteServer> {
  if (!server.listening) await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = once(server, "close");
      routes.close();
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
