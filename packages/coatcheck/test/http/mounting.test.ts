import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { connect, constants } from "node:http2";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import express from "express";
import expressSession from "express-session";
import fastify from "fastify";
import { Hono } from "hono";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import * as forExpress from "../../src/http/express.ts";
import * as forFastify from "../../src/http/fastify.ts";
import * as forHono from "../../src/http/hono.ts";
import { sessionRoutes } from "../../src/http/routes/fastify.ts";
import { CoatcheckError } from "../../src/session/errors.ts";
import { SessionManager } from "../../src/session/manager.ts";
import { UsageError } from "../../src/session/usage-error.ts";
import { memoryStore } from "../../src/store/memory.ts";

interface Data {
  seen?: boolean;
}

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanups.splice(0)) await cleanUp();
});

function createManager(store = memoryStore()): SessionManager<Data> {
  return new SessionManager<Data>({ store, secrets: ["the secret of these tests"] });
}

/** Starts the server and returns its URL. */
async function startListening(server: Server): Promise<string> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  cleanups.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Starts an application that mounts the adapter twice: for all paths with `outer`, and for `/admin` with `inner`. */
async function startNested(outer: SessionManager<Data>, inner: SessionManager<Data>): Promise<string> {
  const markSeen: express.RequestHandler = async (request, _response, next) => {
    (await forExpress.sessionOf<Data>(request).load()).data.seen = true;
    next();
  };
  const app = express();
  app.use(forExpress.coatcheck(outer, { cookie: { secure: false, name: "outer" } }), markSeen);
  app.use("/admin", forExpress.coatcheck(inner, { cookie: { secure: false, name: "inner" } }), markSeen);
  app.get("/admin/page", (_request, response) => response.redirect("/elsewhere"));
  return await startListening(createServer(app));
}

describe("two adapters in one application", () => {
  it("store both sessions and set both cookies before the redirect is sent", async () => {
    const [outer, inner] = [createManager(), createManager()];
    const response = await fetch(`${await startNested(outer, inner)}/admin/page`, { redirect: "manual" });
    expect([response.status, response.headers.get("location")]).toEqual([302, "/elsewhere"]);
    expect(response.headers.getSetCookie().map((cookie) => cookie.split("=")[0])).toEqual(["outer", "inner"]);
    expect([(await outer.stats()).total, (await inner.stats()).total]).toEqual([1, 1]);
  });

  it("set neither cookie when one of the two sessions cannot be stored", async () => {
    for (const broken of [0, 1]) {
      const stores = [memoryStore(), memoryStore()] as const;
      const put = async () => {
        throw new CoatcheckError("STORE_UNAVAILABLE", "Made to fail.");
      };
      Object.assign(stores[broken] ?? {}, { put });
      const url = await startNested(createManager(stores[0]), createManager(stores[1]));
      const response = await fetch(`${url}/admin/page`, { redirect: "manual" });
      expect(response.status).toBe(503);
      expect(response.headers.getSetCookie()).toEqual([]);
    }
  });
});

it("coatcheck() throws an error that names the cause if express-session is mounted too", async () => {
  const app = express();
  app.use(expressSession({ secret: "an older secret", resave: false, saveUninitialized: false }));
  app.use(forExpress.coatcheck(createManager(), { cookie: { secure: false } }));
  app.get("/", (_request, response) => void response.send("never"));
  const errorHandler: express.ErrorRequestHandler = (error, _request, response, _next) => {
    response.status(500).send(`${error}`);
  };
  const response = await fetch(await startListening(createServer(app.use(errorHandler))));
  expect(response.status).toBe(500);
  expect(await response.text()).toMatch(/^TypeError: request\.session belongs to another session middleware/);
});

it("a guard such as requireSubject() throws an error that says to mount coatcheck(), if it is not mounted", async () => {
  const app = new Hono();
  app.get("/", forHono.requireSubject(), (c) => c.text("never"));
  app.onError((error, c) => c.text(`${error}`, 500));
  const response = await app.request("/");
  expect(await response.text()).toMatch(/^TypeError: .*mount coatcheck\(\) before/);
});

describe("app.register() of a Fastify plugin", () => {
  const authenticate = () => null;
  const plugins = [
    ["coatcheck(manager, options)", () => forFastify.coatcheck(createManager())],
    ["sessionRoutes(manager, options)", () => sessionRoutes(createManager(), { authenticate })],
  ] as const;

  it.each(plugins)("refuses options that belong to %s", async (call, plugin) => {
    const app = fastify();
    cleanups.push(() => app.close());
    const error = await Promise.resolve(
      app.register(plugin(), { prefix: "/api", cookie: {}, csrf: false } as never),
    ).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({
      message: `Invalid option "cookie" of app.register(): pass this option to ${call} instead.`,
      faults: [{ path: "cookie" }, { path: "csrf" }],
    });
  });

  it.each(plugins)("accepts Fastify's own options for %s", async (_call, plugin) => {
    const app = fastify();
    cleanups.push(() => app.close());
    await app.register(plugin(), { prefix: "/api", logLevel: "error", logSerializers: {} });
    await app.ready();
  });
});

it("the CSRF check over HTTP/2 accepts a POST of the same host and rejects one of another host", async () => {
  const app = fastify({ http2: true });
  await app.register(forFastify.coatcheck(createManager(), { cookie: { secure: false } }));
  app.post("/", async (request) => {
    (await forFastify.sessionOf<Data>(request).load()).data.seen = true;
    return "body";
  });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  const client = connect(url);
  cleanups.push(
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

describe("a wrong argument or option in a handler", () => {
  const message = "Invalid session field: subject must be a non-empty string (got 7).";
  const login = async (session: { load(): unknown }) =>
    await ((await session.load()) as { authenticate(subject: unknown): Promise<void> }).authenticate(7);

  it("causes a 500 in Express, and Express passes the error to its error handlers", async () => {
    const logged: unknown[] = [];
    const app = express().use(forExpress.coatcheck(createManager()));
    app.post("/", async (request) => await login(forExpress.sessionOf(request)));
    app.use(forExpress.sessionErrors());
    app.use(((error, _request, response, _next) => {
      logged.push(error.message);
      response.status(error.status ?? 500).end();
    }) satisfies express.ErrorRequestHandler);
    const response = await fetch(await startListening(createServer(app)), { method: "POST" });
    expect([response.status, logged]).toEqual([500, [message]]);
  });

  it("leads to a 500 in Fastify, and the error is logged", async () => {
    const logged: string[] = [];
    const app = fastify({ logger: { level: "error", stream: { write: (line) => logged.push(line) } } });
    cleanups.push(() => app.close());
    await app.register(forFastify.coatcheck(createManager()));
    app.setErrorHandler(forFastify.sessionErrors());
    app.post("/", async (request) => await login(forFastify.sessionOf(request)));
    const response = await app.inject({ method: "POST", url: "/" });
    expect([response.statusCode, logged.length]).toEqual([500, 1]);
    expect(logged[0]).toContain(message);
  });

  it("causes a 500 in Hono, and Hono passes the error to `onError`", async () => {
    const logged: string[] = [];
    const app = new Hono<forHono.SessionEnv<Data>>().use(forHono.coatcheck(createManager()));
    app.post("/", async (c) => {
      await login(c.get("session"));
      return c.text("never");
    });
    app.onError((error, c) => {
      logged.push(error.message);
      return c.text("Internal Server Error", 500);
    });
    const response = await app.request("/", { method: "POST" });
    expect([response.status, logged]).toEqual([500, [message]]);
  });

  it("causes a 500 without details if `newSession` returns a misspelt field; the error for `onCommitFailure` names the field", async () => {
    const logged: unknown[] = [];
    const options = {
      newSession: () => ({ subjct: "ada" }) as object,
      onCommitFailure: (error: unknown) => logged.push(error),
    };
    const manager = createManager();
    const failed: unknown[] = [];
    manager.events.on("failed", (event) => failed.push(event));
    const warning = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    onTestFinished(() => warning.mockRestore());
    const app = express().use(forExpress.coatcheck(manager, options));
    app.post("/", async (request, response) => {
      (await forExpress.sessionOf<Data>(request).load()).data.seen = true;
      response.send("never");
    });
    const url = await startListening(createServer(app));
    for (let round = 1; round <= 2; round++) {
      const response = await fetch(url, { method: "POST" });
      expect([response.status, response.headers.getSetCookie()]).toEqual([500, []]);
      expect(await response.json()).toEqual({
        success: false,
        error: {
          code: "VALIDATION_FAILED",
          message: "The server's code has an error. The server's log has the details.",
        },
      });
      expect(logged).toHaveLength(round);
    }
    const message = expect.stringContaining('unknown option "subjct"; did you mean "subject"?');
    expect(logged[0]).toMatchObject({ message });
    expect(failed).toEqual(logged.map((error) => ({ operation: "commit", error })));
    expect(warning).toHaveBeenCalledExactlyOnceWith(message, { code: "COATCHECK_COMMIT_FAILURE" });
  });
});
