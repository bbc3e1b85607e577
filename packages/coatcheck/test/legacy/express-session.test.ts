import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryStore, type SessionData } from "express-session";
import { beforeEach, describe, expect, test } from "vitest";
import { expressSession } from "../../src/legacy/index.ts";
import type { SessionManager } from "../../src/session/manager.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { sqliteStore } from "../../src/store/sqlite.ts";
import { logInAtTheOldSite, OLD_SECRETS } from "./old-site.ts";
import { afterwards, openSite, type RigOptions } from "./rig.ts";
import {
  ask,
  Browser,
  clearsIn,
  type Data,
  type Site,
  startExpress,
  startFastify,
  startHono,
  startNode,
  tokenIn,
} from "./site.ts";

let old: MemoryStore;

beforeEach(() => {
  old = new MemoryStore();
});

/** A site whose users come from express-session. */
async function open(options: RigOptions<SessionData> = {}) {
  return await openSite<SessionData>(
    [expressSession({ store: old, secrets: OLD_SECRETS })],
    ({ user, cart }) =>
      user === undefined ? null : { subject: user, tenant: "shop", ...(cart ? { data: { cart } } : {}) },
    options,
  );
}

describe.each([
  ["Express", startExpress],
  ["node:http", startNode],
  ["Fastify", startFastify],
  ["Hono", startHono],
])("under %s", (_name, start) => {
  test("a browser that was logged in still is, in the same request and after it", async () => {
    const { site, manager } = await open({ start });
    const browser = new Browser(site, { "connect.sid": await logInAtTheOldSite(old, "ann") });
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
    const { site } = await open({ start });
    const answer = await ask(site, "/me", { "connect.sid": await logInAtTheOldSite(old, "ann") }, "POST");
    expect(JSON.parse(answer.body).subject).toBe("ann");
    expect(tokenIn(answer)).toBeDefined();
  });

  test("a public page that sets cookies of its own keeps them, and no cache keeps the token", async () => {
    const { site } = await open({ start });
    const answer = await ask(site, "/public", { "connect.sid": await logInAtTheOldSite(old, "ann") });
    expect(answer.body).toBe("anybody");
    expect(answer.lines.some((line) => line.startsWith("theme=dark"))).toBe(true);
    expect(tokenIn(answer)).toBeDefined();
    expect(answer.headers["cache-control"]).toBe("private, no-store");
    expect((await ask(site, "/public", {})).headers["cache-control"]).toBe("public, max-age=60");
  });

  test("who logs out in the very request stays out, with the older cookie as well", async () => {
    const { site } = await open({ start });
    const cookie = await logInAtTheOldSite(old, "ann");
    const answer = await ask(site, "/logout", { "connect.sid": cookie });
    expect(tokenIn(answer)).toBe("");
    const replay = await ask(site, "/me", { "connect.sid": cookie });
    expect(JSON.parse(replay.body)).toMatchObject({ id: null, subject: null });
    expect(tokenIn(replay)).toBeUndefined();
  });

  test("a handler that goes on to a newer token hands out that one", async () => {
    const { site } = await open({ start });
    const browser = new Browser(site, { "connect.sid": await logInAtTheOldSite(old, "ann") });
    await browser.get("/rotate");
    expect((await browser.me()).subject).toBe("ann");
  });

  test("on a site that is not https, too", async () => {
    const { site } = await open({ start, http: { cookie: { secure: false } } });
    const browser = new Browser(site, { "connect.sid": await logInAtTheOldSite(old, "ann") });
    const first = await browser.get("/me");
    expect(Object.keys(browser.cookies)).toEqual(["sid"]);
    expect(first.lines.join()).not.toMatch(/secure/i);
    expect((await browser.me()).subject).toBe("ann");
  });

  test("an older system that does not answer is no log-out", async () => {
    const { site } = await open({ start });
    const cookie = await logInAtTheOldSite(old, "ann");
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
      afterwards(async () => rmSync(folder, { recursive: true }));
      return sqliteStore(join(folder, "sessions.db"));
    },
  ],
])("ten requests at once, on the %s store", (_name, make) => {
  test("make one session, on one node", async () => {
    const { site, manager } = await open({ store: make() });
    await expectOne([site], manager);
  });

  test("make one session, on two nodes, whose secrets are being changed", async () => {
    const store = make();
    const [elder, newer] = ["a secret of the new site", "a newer secret of the new site"] as const;
    const { site } = await open({ store, secrets: [elder, newer] });
    const other = await open({ start: startHono, store, secrets: [newer, elder] });
    await expectOne([site, other.site], other.manager);
  });
});

async function expectOne(sites: readonly Site[], manager: SessionManager<Data>): Promise<void> {
  const cookie = await logInAtTheOldSite(old, "ann");
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

test("under Hono, where the request is made anew, its body goes along", async () => {
  const { site, outcomes } = await open({ start: startHono });
  const cookies = { "connect.sid": await logInAtTheOldSite(old, "ann") };
  const answer = await ask(site, "/echo", cookies, "POST", "a body");
  expect([answer.body, tokenIn(answer)?.length]).toEqual(["a body", 50]);
  expect(outcomes).toEqual(["migrated"]);
});
