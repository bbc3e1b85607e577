import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, request as send } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import express from "express";
import session, { MemoryStore, type SessionData } from "express-session";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { expressSession, type MigrateOptions, migrate, type Outcome } from "../../src/legacy/index.ts";
import { SessionManager, type SessionManagerOptions } from "../../src/session/manager.ts";
import type { SessionStore } from "../../src/session/store.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { sqliteStore } from "../../src/store/sqlite.ts";
import {
  ask,
  Browser,
  clearsIn,
  type Data,
  type Site,
  served,
  startExpress,
  startFastify,
  startHono,
  startNode,
  tokenIn,
} from "./site.ts";

declare module "express-session" {
  interface SessionData {
    user?: string;
    cart?: Record<string, number>;
  }
}

const SECRETS = ["the newer secret of the old site", "the older secret of the old site"];

let now: number;
let old: MemoryStore;
let users: Set<string>;
let closing: (() => Promise<void>)[];
let outcomes: Outcome[];

beforeEach(() => {
  now = Date.now();
  old = new MemoryStore();
  users = new Set(["ann", "bob"]);
  closing = [];
  outcomes = [];
});

afterEach(async () => {
  for (const close of closing.reverse()) await close();
});

/** Logs in at the older site, which is a real one; the cookie it set. */
async function logInAtTheOldSite(user: string, secret = SECRETS[0] ?? ""): Promise<string> {
  const app = express();
  app.use(
    session({ secret, store: old, resave: false, saveUninitialized: false, cookie: { maxAge: 60_000 } }),
  );
  app.get("/login", (request, response) => {
    request.session.user = user;
    request.session.cart = { taco: 2 };
    response.end();
  });
  const server = createServer(app).listen(0, "127.0.0.1");
  await once(server, "listening");
  const site = served(server);
  const request = send(`${site.url}/login`, { agent: false }).end();
  const [response] = await once(request, "response");
  response.resume();
  await site.close();
  return /^connect\.sid=([^;]+)/.exec(response.headers["set-cookie"]?.[0] ?? "")?.[1] ?? "";
}

/** One node of the new site. */
function node(
  store: SessionStore,
  options: Partial<MigrateOptions<SessionData, Data>> & Partial<SessionManagerOptions<Data>> = {},
) {
  const madeOf: SessionManagerOptions<Data> = {
    store,
    secrets: options.secrets ?? ["a secret of the new site"],
    clock: { now: () => now },
    ...(options.policy ? { policy: options.policy } : {}),
  };
  const manager = new SessionManager<Data>(madeOf);
  const migration = migrate<SessionData, Data>({
    manager,
    madeOf,
    readers: [expressSession({ store: old, secrets: SECRETS })],
    validate: async ({ user, cart }) => {
      if (user === undefined || !users.has(user)) return null;
      return { subject: user, tenant: "shop", ...(cart ? { data: { cart } } : {}) };
    },
    observe: (outcome) => outcomes.push(outcome),
    ...options,
  });
  return { manager, migration };
}

async function open(
  start = startExpress,
  store: SessionStore = memoryStore(),
  options: Parameters<typeof node>[1] = {},
) {
  const { manager, migration } = node(store, options);
  const site = await start(migration, manager);
  closing.push(() => manager.close(), site.close);
  return { site, manager, store };
}

describe.each([
  ["Express", startExpress],
  ["node:http", startNode],
  ["Fastify", startFastify],
  ["Hono", startHono],
])("under %s", (_name, start) => {
  test("a browser that was logged in still is, in the same request and after it", async () => {
    const { site, manager } = await open(start);
    const browser = new Browser(site, { "connect.sid": await logInAtTheOldSite("ann") });
    const first = await browser.get("/me");
    const me = JSON.parse(first.body);
    expect(me).toMatchObject({ subject: "ann", data: { cart: { taco: 2 } } });
    expect(Object.keys(browser.cookies)).toEqual(["__Host-sid"]);
    expect(clearsIn(first)).toEqual([
      "connect.sid /",
      "connect.sid shop.example.com/",
      "connect.sid example.com/",
    ]);
    expect(first.headers["cache-control"]).toBe("private, no-store");
    expect(await browser.me()).toEqual(me);
    expect((await manager.find(me.id))?.tenant).toBe("shop");
    expect((await manager.stats()).total).toBe(1);
  });

  test("in an unsafe request, too", async () => {
    const { site } = await open(start);
    const answer = await ask(site, "/me", { "connect.sid": await logInAtTheOldSite("ann") }, "POST");
    expect(JSON.parse(answer.body).subject).toBe("ann");
    expect(tokenIn(answer)).toBeDefined();
  });

  test("a public page that sets cookies of its own keeps them, and no cache keeps the token", async () => {
    const { site } = await open(start);
    const answer = await ask(site, "/public", { "connect.sid": await logInAtTheOldSite("ann") });
    expect(answer.body).toBe("anybody");
    expect(answer.lines.some((line) => line.startsWith("theme=dark"))).toBe(true);
    expect(tokenIn(answer)).toBeDefined();
    expect(answer.headers["cache-control"]).toBe("private, no-store");
    expect((await ask(site, "/public", {})).headers["cache-control"]).toBe("public, max-age=60");
  });

  test("who logs out in the very request stays out, with the older cookie as well", async () => {
    const { site } = await open(start);
    const cookie = await logInAtTheOldSite("ann");
    const answer = await ask(site, "/logout", { "connect.sid": cookie });
    expect(tokenIn(answer)).toBe("");
    const replay = await ask(site, "/me", { "connect.sid": cookie });
    expect(JSON.parse(replay.body)).toMatchObject({ id: null, subject: null });
    expect(tokenIn(replay)).toBeUndefined();
  });

  test("a handler that goes on to a newer token hands out that one", async () => {
    const { site } = await open(start);
    const browser = new Browser(site, { "connect.sid": await logInAtTheOldSite("ann") });
    await browser.get("/rotate");
    expect((await browser.me()).subject).toBe("ann");
  });

  test("an older system that does not answer is no log-out", async () => {
    const { site } = await open(start);
    const cookie = await logInAtTheOldSite("ann");
    const get = old.get;
    old.get = (_sid, callback) => callback(new Error("connection refused"));
    const answer = await ask(site, "/me", { "connect.sid": cookie });
    expect(answer.status).toBe(503);
    expect(answer.lines).toEqual([]);
    expect(JSON.parse(answer.body).error.code).toBe("STORE_UNAVAILABLE");
    old.get = get;
    expect(JSON.parse((await ask(site, "/me", { "connect.sid": cookie })).body).subject).toBe("ann");
  });
});

describe.each([
  ["memory", () => memoryStore()],
  [
    "SQLite",
    () => {
      const folder = mkdtempSync(join(tmpdir(), "coatcheck-legacy-"));
      closing.push(async () => rmSync(folder, { recursive: true }));
      return sqliteStore(join(folder, "sessions.db"));
    },
  ],
])("ten requests at once, on the %s store", (_name, make) => {
  test("make one session, on one node", async () => {
    const { site, manager } = await open(startExpress, await make());
    await expectOne([site], manager);
  });

  test("make one session, on two nodes, whose secrets are being changed", async () => {
    const store = await make();
    const [elder, newer] = ["a secret of the new site", "a newer secret of the new site"] as const;
    const { site } = await open(startExpress, store, { secrets: [elder, newer] });
    const other = await open(startHono, store, { secrets: [newer, elder] });
    await expectOne([site, other.site], other.manager);
  });
});

async function expectOne(sites: readonly Site[], manager: SessionManager<Data>): Promise<void> {
  const cookie = await logInAtTheOldSite("ann");
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      ask(sites[index % sites.length] as Site, "/me", { "connect.sid": cookie }),
    ),
  );
  const ids = new Set(answers.map(({ body }) => JSON.parse(body).id));
  expect(answers.map(({ body }) => JSON.parse(body).subject)).toEqual(Array(10).fill("ann"));
  expect(ids.size).toBe(1);
  expect((await manager.stats()).total).toBe(1);
  for (const answer of answers) {
    const me = await ask(sites.at(-1) as Site, "/me", { "__Host-sid": tokenIn(answer) ?? "" });
    expect(ids).toContain(JSON.parse(me.body).id);
  }
}
