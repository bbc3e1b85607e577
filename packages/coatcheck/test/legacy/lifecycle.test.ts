import { createServer } from "node:http";
import express from "express";
import { MemoryStore, type SessionData } from "express-session";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { coatcheck } from "../../src/http/express.ts";
import { sessionRoutes } from "../../src/http/routes/express.ts";
import { expressSession, legacySessions } from "../../src/legacy/index.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { openSite, type SiteOptions } from "./fixtures.ts";
import { LEGACY_SECRETS, logInAtLegacySite } from "./legacy-site.ts";
import {
  Browser,
  type Data,
  findClearedCookies,
  findSessionToken,
  listenOnFreePort,
  type StartSite,
  sendRequest,
} from "./site-fixtures.ts";

const MINUTE = 60_000;

let legacyStore: MemoryStore;
let users: Set<string>;
let visitors: (Data | null)[];

beforeEach(() => {
  legacyStore = new MemoryStore();
  users = new Set(["ann", "bob"]);
  visitors = [];
});

async function open(options: SiteOptions<SessionData> = {}) {
  return await openSite<SessionData>(
    [expressSession({ store: legacyStore, secrets: LEGACY_SECRETS })],
    ({ user = "", cart = {} }, visitor) => {
      visitors.push(visitor);
      return users.has(user)
        ? { subject: user, rememberMe: user === "bob", data: { cart: { ...cart, ...visitor?.cart } } }
        : null;
    },
    options,
  );
}

function countLegacySessions(): Promise<number> {
  return new Promise((resolve) => legacyStore.length((_error, count) => resolve(count ?? 0)));
}

test("a migration deletes the legacy session from its store", async () => {
  const { site } = await open();
  const cookie = await logInAtLegacySite(legacyStore, "ann", LEGACY_SECRETS[1]);
  expect(await countLegacySessions()).toBe(1);
  await sendRequest(site, "/me", { "connect.sid": cookie });
  expect(await countLegacySessions()).toBe(0);
});

test("a second request with the legacy cookie receives the same token, because the first response may be lost", async () => {
  const { site, manager, advance } = await open();
  const cookie = await logInAtLegacySite(legacyStore, "ann");
  const lost = await sendRequest(site, "/me", { "connect.sid": cookie });
  advance(30 * MINUTE);
  const again = await sendRequest(site, "/me", { "connect.sid": cookie });
  expect(findSessionToken(again)).toBe(findSessionToken(lost));
  expect((await manager.stats()).total).toBe(1);
});

test("the legacy cookie is rejected after the migrated session's token was used", async () => {
  const { site, outcomes, advance, runTimers: flush } = await open();
  const cookie = await logInAtLegacySite(legacyStore, "ann");
  const browser = new Browser(site, { "connect.sid": cookie });
  await browser.getMe();
  advance(2 * MINUTE);
  expect((await browser.getMe()).subject).toBe("ann");
  await flush();
  const replay = await sendRequest(site, "/me", { "connect.sid": cookie });
  expect(JSON.parse(replay.body).subject).toBeNull();
  expect(replay.setCookie).toEqual([]);
  expect(outcomes.at(-1)).toBe("already-used");
  expect((await browser.getMe()).subject).toBe("ann");
});

test("the legacy cookie is rejected after the migrated session's token was rotated", async () => {
  const { site, outcomes } = await open();
  const cookie = await logInAtLegacySite(legacyStore, "ann");
  const browser = new Browser(site, { "connect.sid": cookie });
  await browser.get("/rotate");
  const late = await sendRequest(site, "/me", { "connect.sid": cookie });
  expect(late.setCookie).toEqual([]);
  expect(outcomes.at(-1)).toBe("already-used");
  expect((await browser.getMe()).subject).toBe("ann");
});

test("the legacy cookie does not recreate a revoked session as long as the store has a record of that session", async () => {
  const { site, manager, outcomes } = await open({ keepLegacy: true });
  const cookie = await logInAtLegacySite(legacyStore, "ann");
  const { id } = JSON.parse((await sendRequest(site, "/me", { "connect.sid": cookie })).body);
  await manager.revoke({ session: id }, "admin");
  expect(await countLegacySessions()).toBe(1);
  const response = await sendRequest(site, "/me", { "connect.sid": cookie });
  expect(JSON.parse(response.body).id).toBeNull();
  expect(findSessionToken(response)).toBeUndefined();
  expect(findClearedCookies(response)).toContain("connect.sid /");
  expect(outcomes).toEqual(["migrated", "ended"]);
  expect(await countLegacySessions()).toBe(0);
});

test("the legacy cookie does not recreate an expired session", async () => {
  const { site, outcomes, advance } = await open({
    keepLegacy: true,
    policy: { absoluteTimeout: 5 * MINUTE },
  });
  const cookie = await logInAtLegacySite(legacyStore, "ann");
  await sendRequest(site, "/me", { "connect.sid": cookie });
  advance(6 * MINUTE);
  expect(JSON.parse((await sendRequest(site, "/me", { "connect.sid": cookie })).body).subject).toBeNull();
  expect(outcomes.at(-1)).toBe("ended");
});

test("the option `keepLegacy` keeps legacy cookies and sessions, and `enabled: false` turns the migration off", async () => {
  let enabled = true;
  const { site, outcomes } = await open({ keepLegacy: true, enabled: () => enabled });
  const cookie = await logInAtLegacySite(legacyStore, "ann");
  const browser = new Browser(site, { "connect.sid": cookie });
  await browser.getMe();
  expect(browser.cookies["connect.sid"]).toBe(cookie);
  expect(await countLegacySessions()).toBe(1);
  await browser.getMe();
  expect(outcomes).toEqual(["migrated", "already-migrated"]);

  enabled = false;
  const response = await sendRequest(site, "/me", { "connect.sid": cookie });
  expect(JSON.parse(response.body).subject).toBeNull();
  expect(response.setCookie).toEqual([]);
  expect(outcomes).toHaveLength(2);
});

test("remaining legacy cookies are cleared when the browser already has a Coatcheck session", async () => {
  const { site } = await open({ clear: { names: ["flag"], domains: [".example.com"], paths: ["/shop"] } });
  const cookie = await logInAtLegacySite(legacyStore, "ann");
  const token = findSessionToken(await sendRequest(site, "/me", { "connect.sid": cookie })) ?? "";
  const later = await sendRequest(site, "/me", { "__Host-sid": token, flag: "1" });
  expect(findClearedCookies(later)).toEqual([
    "flag /",
    "flag example.com/",
    "flag /shop",
    "flag example.com/shop",
  ]);
  expect(findSessionToken(later)).toBeUndefined();
  expect((await sendRequest(site, "/me", { "__Host-sid": token })).setCookie).toEqual([]);
});

test("a logged-in Coatcheck session takes precedence over the legacy cookie", async () => {
  const { site, manager, outcomes } = await open();
  const { token } = await manager.create({ subject: "bob" });
  const cookie = await logInAtLegacySite(legacyStore, "ann");
  const response = await sendRequest(site, "/me", { "__Host-sid": token, "connect.sid": cookie });
  expect(JSON.parse(response.body).subject).toBe("bob");
  expect(outcomes).toEqual(["already-migrated"]);
});

test("the option `validate` receives the data of the visitor's anonymous session", async () => {
  const { site, manager } = await open();
  const { token } = await manager.create({ data: { cart: { salsa: 1 } } });
  const cookie = await logInAtLegacySite(legacyStore, "ann");
  const response = await sendRequest(site, "/me", { "__Host-sid": token, "connect.sid": cookie });
  expect(JSON.parse(response.body)).toMatchObject({ subject: "ann", data: { cart: { taco: 2, salsa: 1 } } });
  expect(visitors).toEqual([{ cart: { salsa: 1 } }]);
});

test("a request with an older session token is not migrated, because another response may have delivered the newer token", async () => {
  const { site, manager, outcomes } = await open();
  const { token, record } = await manager.create({ subject: "bob" });
  await manager.rotate(record.id);
  const cookie = await logInAtLegacySite(legacyStore, "ann");
  const response = await sendRequest(site, "/me", { "__Host-sid": token, "connect.sid": cookie });
  expect(response.setCookie).toEqual([]);
  expect(outcomes).toEqual([]);
});

test("the session cookie has a Max-Age unless `validate` returns `rememberMe: false`", async () => {
  const { site } = await open();
  const age = async (user: string) => {
    const response = await sendRequest(site, "/me", {
      "connect.sid": await logInAtLegacySite(legacyStore, user),
    });
    return /Max-Age=(\d+)/.exec(response.setCookie.at(-1) ?? "")?.[1];
  };
  expect(await age("bob")).toBe(String(30 * 24 * 60 * 60));
  expect(await age("ann")).toBeUndefined();
});

test("a migration above the subject's session limit is postponed, and the legacy cookie is kept", async () => {
  const policy = { sessionLimit: { max: 1, onExceeded: "reject" } } as const;
  const { site, manager, outcomes } = await open({ policy });
  const { record } = await manager.create({ subject: "ann" });
  const cookie = await logInAtLegacySite(legacyStore, "ann");
  const response = await sendRequest(site, "/me", { "connect.sid": cookie });
  expect([response.status, response.setCookie]).toEqual([200, []]);
  expect(outcomes).toEqual(["over-limit"]);
  await manager.revoke({ session: record.id });
  expect(JSON.parse((await sendRequest(site, "/me", { "connect.sid": cookie })).body).subject).toBe("ann");
});

test("a request uses the new session if a concurrent request has already migrated and deleted the legacy session", async () => {
  const store = memoryStore();
  const { site } = await open({ store });
  const cookie = await logInAtLegacySite(legacyStore, "ann");
  const arrived = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const { get } = store;
  store.get = async (id) => {
    store.get = get;
    const before = await get.call(store, id);
    arrived.resolve();
    await released.promise;
    return before;
  };
  const slow = sendRequest(site, "/me", { "connect.sid": cookie });
  await arrived.promise;
  const fast = await sendRequest(site, "/me", { "connect.sid": cookie });
  expect(await countLegacySessions()).toBe(0);
  released.resolve();
  expect(findSessionToken(await slow)).toBe(findSessionToken(fast));
});

test("during a store outage, a request with a legacy cookie receives 503 and keeps the cookie; other requests succeed", async () => {
  const store = memoryStore();
  const { site } = await open({ store });
  const cookie = await logInAtLegacySite(legacyStore, "ann");
  const { get } = store;
  store.get = async () => {
    throw new Error("down");
  };
  const response = await sendRequest(site, "/me", { "connect.sid": cookie });
  expect([response.status, response.setCookie]).toEqual([503, []]);
  expect((await sendRequest(site, "/public", { other: "1" })).status).toBe(200);
  store.get = get;
  expect(JSON.parse((await sendRequest(site, "/me", { "connect.sid": cookie })).body).subject).toBe("ann");
});

test("the endpoint at `migratePath` migrates the session and responds with its user", async () => {
  const startRoutes: StartSite = async (migration, manager) => {
    const routes = sessionRoutes<{ id: string }, Data>(manager, {
      authenticate: () => null,
      migratePath: "/api/auth/migrate-session",
    });
    onTestFinished(async () => routes.close());
    const app = express();
    app.use(legacySessions(migration), coatcheck<Data>(manager), routes);
    return await listenOnFreePort(createServer(app));
  };
  const { site, manager } = await open({ start: startRoutes });
  const cookies = { "connect.sid": await logInAtLegacySite(legacyStore, "ann") };
  const response = await sendRequest(site, "/api/auth/migrate-session", cookies, { method: "POST" });
  expect(JSON.parse(response.body)).toMatchObject({ success: true, data: { user: { id: "ann" } } });
  expect(findSessionToken(response)).toBeDefined();
  expect((await manager.stats()).total).toBe(1);
});
