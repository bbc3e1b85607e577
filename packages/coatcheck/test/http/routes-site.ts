import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import type { Envelope, SessionView } from "../../src/client/wire.ts";
import { describeClient } from "../../src/device/index.ts";
import * as forExpress from "../../src/http/express.ts";
import * as forFastify from "../../src/http/fastify.ts";
import * as forHono from "../../src/http/hono.ts";
import type { HttpOptions } from "../../src/http/options.ts";
import * as expressRoutes from "../../src/http/routes/express.ts";
import * as fastifyRoutes from "../../src/http/routes/fastify.ts";
import * as honoRoutes from "../../src/http/routes/hono.ts";
import type { SessionRoutesOptions } from "../../src/http/routes/index.ts";
import type { ErrorBody } from "../../src/session/errors.ts";
import type { JsonObject } from "../../src/session/json.ts";
import { SessionManager, type SessionManagerOptions } from "../../src/session/manager.ts";
import type { SessionStore } from "../../src/session/store.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { ObservedStore } from "../../src/testing/adapter/rig.ts";

export interface User {
  readonly name: string;
}

type Options = SessionRoutesOptions<User>;
type Manager = SessionManager;
interface Running {
  readonly url: string;
  close(): Promise<unknown>;
}
/** Starts a server of a framework with the session endpoints, and a page behind them. */
export type StartRoutes = (manager: Manager, http: HttpOptions, options: Options) => Promise<Running>;

export const startExpress: StartRoutes = startExpressWith([]);

/** As most applications are: with a parser in front that has read the body already. */
export const startParsingExpress: StartRoutes = startExpressWith([express.json()]);

function startExpressWith(front: readonly express.RequestHandler[]): StartRoutes {
  return async (manager, http, options) => {
    const app = express();
    for (const handler of front) app.use(handler);
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
    return await listening(createServer(app).listen(0, "127.0.0.1"), routes);
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
  app.onError((error, c) => {
    try {
      return forHono.sessionErrors()(error, c);
    } catch {
      return c.body(null, 500);
    }
  });
  const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1", overrideGlobalObjects: false });
  return await listening(server as Server, routes);
};

async function listening(server: Server, routes: { close(): void }): Promise<Running> {
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

export const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
export const IPHONE =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";

interface SiteOptions {
  readonly store?: SessionStore;
  readonly http?: HttpOptions;
  readonly routes?: Partial<Options>;
  readonly manager?: Partial<SessionManagerOptions<JsonObject>>;
}

/** A site whose clock and timers the test moves. Whoever knows the password `secret` is who they say they are. */
export async function startSite(start: StartRoutes, options: SiteOptions = {}) {
  let now = Date.UTC(2026, 0, 1);
  const clock = { now: () => now };
  const timers = new Set<() => void>();
  const store = new ObservedStore(options.store ?? memoryStore());
  const manager = new SessionManager({
    store,
    secrets: ["the secret of these tests"],
    clock,
    ...options.manager,
  });
  const attempts: JsonObject[] = [];
  const server = await start(
    manager,
    {
      csrf: { token: "required" },
      birth: (client, request) => ({ client: describeClient(client, request.header("user-agent")) }),
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
    /** Who has tried to log in. */
    attempts,
    timers,
    pass(milliseconds: number) {
      now += milliseconds;
    },
    /** Runs every timer that is set. */
    fire() {
      const due = [...timers];
      timers.clear();
      for (const task of due) task();
    },
    browser: (userAgent = FIREFOX) => new Browser(server.url, userAgent),
    async close() {
      await server.close();
      store.isDown = false;
      await manager.close();
    },
  };
}

export type Site = Awaited<ReturnType<typeof startSite>>;

/** What came back: the envelope, taken apart. */
export interface Told<Data> {
  readonly status: number;
  readonly headers: Headers;
  readonly data: Data;
  readonly code: string | null;
}

/** Keeps cookies and the CSRF token as the client does. */
export class Browser {
  readonly cookies = new Map<string, string>();
  csrfToken: string | null = null;
  readonly #url: string;
  readonly #userAgent: string;

  constructor(url: string, userAgent: string) {
    this.#url = url;
    this.#userAgent = userAgent;
  }

  async send<Data = SessionView<User>>(
    line: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Told<Data>> {
    const response = await this.fetch(line, body, headers);
    const envelope = (await response.json()) as Envelope<Data> | ErrorBody;
    const told = { status: response.status, headers: response.headers };
    if (!envelope.success) return { ...told, data: null as Data, code: envelope.error.code };
    this.csrfToken = (envelope.data as { csrf_token?: string }).csrf_token ?? this.csrfToken;
    return { ...told, data: envelope.data, code: null };
  }

  async fetch(line: string, body?: unknown, headers: Record<string, string> = {}, signal?: AbortSignal) {
    const [method = "", path = ""] = line.split(" ");
    const response = await fetch(this.#url + path, {
      method,
      headers: {
        "user-agent": this.#userAgent,
        // A connection that is kept alive would hold up the server's end.
        connection: "close",
        // The client says so of every request, with a body or without.
        "content-type": "application/json",
        cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; "),
        ...(this.csrfToken && method !== "GET" && { "x-csrf-token": this.csrfToken }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      ...(signal && { signal }),
    });
    for (const cookie of response.headers.getSetCookie()) this.#keep(cookie);
    return response;
  }

  async logIn(email = "ada", more: Record<string, unknown> = {}): Promise<Told<SessionView<User>>> {
    return await this.send("POST /session", { email, password: "secret", ...more });
  }

  /** Another one with the same cookies: a request that was under way before those of this one changed. */
  copy(): Browser {
    const copy = new Browser(this.#url, this.#userAgent);
    for (const [name, value] of this.cookies) copy.cookies.set(name, value);
    copy.csrfToken = this.csrfToken;
    return copy;
  }

  /** Follows the events: each call of `next` waits for one more; null when the stream has ended. */
  async follow(): Promise<Following> {
    const controller = new AbortController();
    const response = await this.fetch("GET /session/events", undefined, {}, controller.signal);
    return new Following(response, () => controller.abort());
  }

  #keep(line: string): void {
    const [pair = "", ...attributes] = line.split("; ");
    const equals = pair.indexOf("=");
    if (attributes.includes("Max-Age=0")) this.cookies.delete(pair.slice(0, equals));
    else this.cookies.set(pair.slice(0, equals), pair.slice(equals + 1));
  }
}

/** The reading end of an event stream. */
export class Following {
  readonly response: Response;
  readonly leave: () => void;
  /** Comments so far. */
  beats = 0;
  readonly #events: AsyncIterator<string>;

  constructor(response: Response, leave: () => void) {
    this.response = response;
    this.leave = leave;
    this.#events = this.#read();
  }

  async next(): Promise<string | null> {
    const { done, value } = await this.#events.next();
    return done ? null : value;
  }

  async *#read(): AsyncGenerator<string> {
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of this.response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        if (block === ":") this.beats++;
        const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
        if (event) yield `${event} ${JSON.parse(data ?? "").id}`;
      }
    }
  }
}
