import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryStore, type SessionData } from "express-session";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { expressSession } from "../../src/legacy/index.ts";
import type { SessionManager } from "../../src/session/manager.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { sqliteStore } from "../../src/store/sqlite/store.ts";
import { openSite, type SiteOptions } from "./fixtures.ts";
import { LEGACY_SECRETS, logInAtLegacySite } from "./legacy-site.ts";
import {
  Browser,
  type Data,
  findClearedCookies,
  findSessionToken,
  type Site,
  sendRequest,
  startExpress,
  startFastify,
  startHono,
  startNode,
} from "./site-fixtures.ts";

let legacyStore: MemoryStore;

beforeEach(() => {
  legacyStore = new MemoryStore();
});

/** Starts a site that migrates sessions of express-session. */
async function open(options: SiteOptions<SessionData> = {}) {
  return await openSite<SessionData>(
    [expressSession({ store: legacyStore, secrets: LEGACY_SECRETS })],
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
])("with %s", (_name, start) => {
  test("a migration logs the browser in for the same request and for the following requests", async () => {
    const { site, manager } = await open({ start });
    const browser = new Browser(site, { "connect.sid": await logInAtLegacySite(legacyStore, "ann") });
    const first = await browser.get("/me");
    const me = JSON.parse(first.body);
    expect(me).toMatchObject({ subject: "ann", data: { cart: { taco: 2 } } });
    expect(Object.keys(browser.cookies)).toEqual(["__Host-sid"]);
    expect(findClearedCookies(first)).toEqual([
      "connect.sid /",
      "connect.sid shop.example.com/",
      "connect.sid example.com/",
    ]);
    expect(first.headers["cache-control"]).toBe("private, no-store");
    expect(await browser.getMe()).toEqual(me);
    expect((await manager.find(me.id))?.tenant).toBe("shop");
    expect((await manager.stats()).total).toBe(1);
  });

  test("a migration logs the browser in for a request with an unsafe method", async () => {
    const { site } = await open({ start });
    const response = await sendRequest(
      site,
      "/me",
      { "connect.sid": await logInAtLegacySite(legacyStore, "ann") },
      { method: "POST" },
    );
    expect(JSON.parse(response.body).subject).toBe("ann");
    expect(findSessionToken(response)).toBeDefined();
  });

  test("a migration keeps the cookies that a public page sets, and prevents caching of the response with the token", async () => {
    const { site } = await open({ start });
    const response = await sendRequest(site, "/public", {
      "connect.sid": await logInAtLegacySite(legacyStore, "ann"),
    });
    expect(response.body).toBe("anybody");
    expect(response.setCookie.some((line) => line.startsWith("theme=dark"))).toBe(true);
    expect(findSessionToken(response)).toBeDefined();
    expect(response.headers["cache-control"]).toBe("private, no-store");
    expect((await sendRequest(site, "/public", {})).headers["cache-control"]).toBe("public, max-age=60");
  });

  test("a migration leaves the browser logged out if the migrated request itself is a logout", async () => {
    const { site } = await open({ start });
    const cookie = await logInAtLegacySite(legacyStore, "ann");
    const response = await sendRequest(site, "/logout", { "connect.sid": cookie });
    expect(findSessionToken(response)).toBe("");
    const replay = await sendRequest(site, "/me", { "connect.sid": cookie });
    expect(JSON.parse(replay.body)).toMatchObject({ id: null, subject: null });
    expect(findSessionToken(replay)).toBeUndefined();
  });

  test("a migration sends the rotated session's token if the handler rotates the session", async () => {
    const { site } = await open({ start });
    const browser = new Browser(site, { "connect.sid": await logInAtLegacySite(legacyStore, "ann") });
    await browser.get("/rotate");
    expect((await browser.getMe()).subject).toBe("ann");
  });

  test("a migration sets cookies without Secure on a site without https", async () => {
    const { site } = await open({ start, http: { cookie: { secure: false } } });
    const browser = new Browser(site, { "connect.sid": await logInAtLegacySite(legacyStore, "ann") });
    const first = await browser.get("/me");
    expect(Object.keys(browser.cookies)).toEqual(["sid"]);
    expect(first.setCookie.join()).not.toMatch(/secure/i);
    expect((await browser.getMe()).subject).toBe("ann");
  });

  test("a migration responds 503 and keeps all cookies while the legacy store is down", async () => {
    const { site } = await open({ start });
    const cookie = await logInAtLegacySite(legacyStore, "ann");
    const get = legacyStore.get;
    legacyStore.get = (_sid, callback) => callback(new Error("connection refused"));
    const response = await sendRequest(site, "/me", { "connect.sid": cookie });
    expect(response.status).toBe(503);
    expect(response.setCookie).toEqual([]);
    expect(JSON.parse(response.body).error.code).toBe("STORE_UNAVAILABLE");
    legacyStore.get = get;
    expect(JSON.parse((await sendRequest(site, "/me", { "connect.sid": cookie })).body).subject).toBe("ann");
  });
});

describe.each([
  ["memory", () => memoryStore()],
  [
    "SQLite",
    () => {
      const folder = mkdtempSync(join(tmpdir(), "coatcheck-legacy-"));
      onTestFinished(async () => rmSync(folder, { recursive: true }));
      return sqliteStore(join(folder, "sessions.db"));
    },
  ],
])("ten concurrent requests, on the %s store", (_name, createStore) => {
  test("concurrent requests create one session on one node", async () => {
    const { site, manager } = await open({ store: createStore() });
    await expectOneSession([site], manager);
  });

  test("concurrent requests create one session on two nodes during a rotation of secrets", async () => {
    const store = createStore();
    const [old, newer] = ["a secret of the new site", "a newer secret of the new site"] as const;
    const { site } = await open({ store, secrets: [old, newer] });
    const other = await open({ start: startHono, store, secrets: [newer, old] });
    await expectOneSession([site, other.site], other.manager);
  });
});

async function expectOneSession(sites: readonly Site[], manager: SessionManager<Data>): Promise<void> {
  const cookie = await logInAtLegacySite(legacyStore, "ann");
  const responses = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      sendRequest(sites[index % sites.length] as Site, "/me", { "connect.sid": cookie }),
    ),
  );
  const ids = new Set(responses.map(({ body }) => JSON.parse(body).id));
  expect(responses.map(({ body }) => JSON.parse(body).subject)).toEqual(Array(10).fill("ann"));
  expect(ids.size).toBe(1);
  expect((await manager.stats()).total).toBe(1);
  for (const response of responses) {
    const me = await sendRequest(sites.at(-1) as Site, "/me", {
      "__Host-sid": findSessionToken(response) ?? "",
    });
    expect(ids).toContain(JSON.parse(me.body).id);
  }
}

test("a migration under Hono keeps the body of the request that it copies", async () => {
  const { site, outcomes } = await open({ start: startHono });
  const cookies = { "connect.sid": await logInAtLegacySite(legacyStore, "ann") };
  const response = await sendRequest(site, "/echo", cookies, { method: "POST", content: "a body" });
  expect([response.body, findSessionToken(response)?.length]).toEqual(["a body", 50]);
  expect(outcomes).toEqual(["migrated"]);
});
