import { once } from "node:events";
import { createServer, type Server, request as send } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import * as forExpress from "../../src/http/express.ts";
import * as forFastify from "../../src/http/fastify.ts";
import * as forHono from "../../src/http/hono.ts";
import * as forNode from "../../src/http/node/adapter.ts";
import type { HttpOptions } from "../../src/http/options.ts";
import {
  legacySessions,
  legacySessionsHono,
  migrateNodeRequest,
  type RequestMigrator,
} from "../../src/legacy/index.ts";
import type { SessionManager } from "../../src/session/manager.ts";
import type { Session } from "../../src/session/session.ts";

export interface Data {
  cart?: Record<string, number>;
  theme?: string;
}

/** A running server. */
export interface Site {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts a site that mounts a migration before `coatcheck()`. Its pages are `/me`, `/logout`, `/rotate` and `/public`.
 */
export type StartSite = (
  migration: RequestMigrator,
  manager: SessionManager<Data>,
  http?: HttpOptions,
) => Promise<Site>;

async function renderPage(path: string, session: Session<Data>): Promise<string> {
  if (path === "/logout") await session.revoke();
  if (path === "/rotate") await session.rotate();
  return JSON.stringify({
    id: session.record?.id ?? null,
    subject: session.subject,
    data: session.record?.data,
  });
}

export const startExpress: StartSite = async (migration, manager, http) => {
  const app = express();
  app.use(legacySessions(migration));
  app.use(forExpress.coatcheck<Data>(manager, http));
  app.get("/public", (_request, response) => {
    response.set("cache-control", "public, max-age=60").cookie("theme", "dark").send("anybody");
  });
  app.all("/{*path}", async (request, response) => {
    const session = await forExpress.sessionOf<Data>(request).load();
    response.send(await renderPage(request.path, session));
  });
  app.use(forExpress.sessionErrors());
  return await listenOnFreePort(createServer(app));
};

export const startNode: StartSite = async (migration, manager, http) => {
  const migrating = legacySessions(migration);
  const listener = forNode.coatcheck<Data>(
    manager,
    http,
  )(async (request, response) => {
    const path = request.url ?? "/";
    if (path === "/public") {
      response.writeHead(200, { "Cache-Control": "public, max-age=60", "Set-Cookie": "theme=dark" });
      return response.end("anybody");
    }
    return response.end(await renderPage(path, await request.session.load()));
  });
  return await listenOnFreePort(
    createServer((request, response) => migrating(request, response, () => listener(request, response))),
  );
};

export const startFastify: StartSite = async (migration, manager, http) => {
  const app = fastify({ forceCloseConnections: true });
  app.addHook("onRequest", async (request, reply) => {
    await migrateNodeRequest(migration, request.raw, reply.raw);
  });
  app.register(forFastify.coatcheck<Data>(manager, http));
  app.setErrorHandler(forFastify.sessionErrors());
  app.get("/public", async (_request, reply) =>
    reply.headers({ "cache-control": "public, max-age=60", "set-cookie": "theme=dark" }).send("anybody"),
  );
  app.all("/*", async (request) => renderPage(request.url, await forFastify.sessionOf<Data>(request).load()));
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  return { url, close: () => app.close() };
};

export const startHono: StartSite = async (migration, manager, http) => {
  const app = new Hono<forHono.SessionEnv<Data>>();
  app.use(legacySessionsHono(migration));
  app.use(forHono.coatcheck(manager, http));
  app.get("/public", (c) =>
    c.text("anybody", 200, { "cache-control": "public, max-age=60", "set-cookie": "theme=dark" }),
  );
  app.post("/echo", async (c) => c.text(await c.req.text()));
  app.all("/*", async (c) => c.text(await renderPage(c.req.path, await c.get("session").load())));
  const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1", overrideGlobalObjects: false });
  await once(server, "listening");
  return toSite(server as Server);
};

/** Starts a server on a free port. */
export async function listenOnFreePort(server: Server): Promise<Site> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return toSite(server);
}

export function toSite(server: Server): Site {
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The response of a page. */
export interface PageResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The `Set-Cookie` headers. */
  readonly setCookie: readonly string[];
  readonly body: string;
}

/** Requests a page with the given cookies, at a host name that has parent domains. */
export async function sendRequest(
  site: Site,
  path: string,
  cookies: Readonly<Record<string, string>>,
  { method = "GET", content = "" }: { readonly method?: string; readonly content?: string } = {},
): Promise<PageResponse> {
  const cookie = Object.entries(cookies)
    .map(([name, value]) => `${name}=${value}`)
    .join("; ");
  const request = send(`${site.url}${path}`, {
    method,
    agent: false,
    headers: { host: "shop.example.com", ...(cookie === "" ? {} : { cookie }) },
  });
  request.end(content);
  const [response] = await once(request, "response");
  let body = "";
  for await (const chunk of response.setEncoding("utf8")) body += chunk;
  return {
    status: response.statusCode,
    headers: response.headers,
    setCookie: response.headers["set-cookie"] ?? [],
    body,
  };
}

/** A browser with a simple cookie jar. The jar stores host-only cookies and ignores cookies with a domain. */
export class Browser {
  readonly cookies: Record<string, string>;
  readonly #site: Site;

  constructor(site: Site, cookies: Record<string, string>) {
    this.#site = site;
    this.cookies = { ...cookies };
  }

  async get(path: string): Promise<PageResponse> {
    const response = await sendRequest(this.#site, path, this.cookies);
    for (const line of response.setCookie) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/domain=/i.test(line)) continue;
      if (/max-age=0/i.test(line)) delete this.cookies[name];
      else this.cookies[name] = value;
    }
    return response;
  }

  async getMe(): Promise<{ id: string | null; subject: string | null; data?: Data }> {
    return JSON.parse((await this.get("/me")).body);
  }
}

/** Returns the last value that a response sets for a cookie, or undefined if the response does not set that cookie. */
export function findCookieValue(name: string, response: PageResponse): string | undefined {
  const set = response.setCookie.filter((line) => line.startsWith(`${name}=`));
  return set
    .at(-1)
    ?.slice(name.length + 1)
    .split(";", 1)[0];
}

/** Returns the session token that a response sets. Returns "" if the response clears the session cookie, and undefined if
 * the response does neither. */
export function findSessionToken(response: PageResponse): string | undefined {
  return findCookieValue("__Host-sid", response);
}

/** Returns the name, domain and path of each cookie that a response clears. */
export function findClearedCookies(response: PageResponse): readonly string[] {
  return response.setCookie
    .filter((line) => /max-age=0/i.test(line))
    .map((line) => {
      const domain = /domain=([^;]+)/i.exec(line)?.[1] ?? "";
      return `${line.slice(0, line.indexOf("="))} ${domain}${/path=([^;]+)/i.exec(line)?.[1]}`;
    });
}
