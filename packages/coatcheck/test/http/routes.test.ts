import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { memoryStore } from "../../src/store/memory.ts";
import { sqliteStore } from "../../src/store/sqlite.ts";
import {
  type Site,
  type StartRoutes,
  startExpress,
  startFastify,
  startHono,
  startParsingExpress,
  startSite,
} from "./routes-site.ts";

const DAY = 24 * 60 * 60_000;

const FRAMEWORKS: readonly [string, StartRoutes][] = [
  ["Express", startExpress],
  ["Express with a body parser", startParsingExpress],
  ["Fastify", startFastify],
  ["Hono", startHono],
];

describe.each(FRAMEWORKS)("the session endpoints on %s", (name, start) => {
  let folder: string;
  let site: Site;
  const restart = async (options: Parameters<typeof startSite>[1]) => {
    await site.close();
    site = await startSite(start, options);
  };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "coatcheck-routes-"));
    const store = name === "Fastify" ? sqliteStore(join(folder, "sessions.db")) : memoryStore();
    site = await startSite(start, { store });
  });
  afterEach(async () => {
    await site.close();
    rmSync(folder, { recursive: true });
  });

  it("know nobody at first, and keep nothing of who only asks", async () => {
    const browser = site.browser();
    const { status, data, headers } = await browser.send("GET /session");
    expect(status).toBe(200);
    expect(data).toEqual({ status: "none", session: null, user: null, rev: 0, csrf_token: null });
    expect(headers.get("cache-control")).toContain("no-store");
    expect(browser.cookies.size).toBe(0);
    expect((await site.manager.stats()).total).toBe(0);
  });

  it("leave everything else to the application", async () => {
    const browser = site.browser();
    expect(await (await browser.fetch("GET /page")).text()).toBe("a page");
    expect((await browser.fetch("GET /session/else")).status).toBe(404);
    expect((await browser.fetch("PUT /session")).status).toBe(404);
    expect((await browser.fetch("GET /sessions")).status).toBe(404);
  });

  it("log in, know who it is, and log out", async () => {
    const browser = site.browser();
    const { data } = await browser.logIn();
    expect(data).toMatchObject({
      status: "authenticated",
      user: { name: "ada" },
      session: { type: "authenticated", subject: "ada", tenant: null, version: 1 },
      rev: 1,
    });
    expect(browser.cookies.has("__Host-sid")).toBe(true);
    expect((await browser.send("GET /session")).data).toEqual(data);

    const left = await browser.send("DELETE /session");
    expect(left.data).toEqual({
      status: "none",
      session: null,
      user: null,
      rev: 0,
      csrf_token: null,
      reason: "signed-out",
    });
    expect(left.headers.get("clear-site-data")).toContain("storage");
    expect(browser.cookies.has("__Host-sid")).toBe(false);
    expect((await site.manager.find(data.session?.id ?? ""))?.reason).toBe("logout");
    expect((await browser.send("DELETE /session")).data).toMatchObject({ status: "none" });
  });

  it("give a page that the server renders the same view", async () => {
    const browser = site.browser();
    expect((await browser.send("GET /rendered")).data).toMatchObject({ status: "none" });
    const { data } = await browser.logIn();
    expect((await browser.send("GET /rendered")).data).toEqual(data);
    site.store.isDown = true;
    expect((await browser.send("GET /rendered")).code).toBe("STORE_UNAVAILABLE");
  });

  it("refuse wrong credentials, and leave the visitor as they are", async () => {
    const browser = site.browser();
    await browser.send("POST /session/init");
    const told = await browser.send("POST /session", { email: "ada", password: "guess" });
    expect([told.status, told.code]).toEqual([403, "FORBIDDEN"]);
    expect((await browser.send("GET /session")).data).toMatchObject({ status: "anonymous", rev: 1 });
  });

  it("make an anonymous session once, with a token, for a page that has none", async () => {
    const browser = site.browser();
    const { data } = await browser.send("POST /session/init");
    expect(data).toMatchObject({ status: "anonymous", user: null, session: { subject: null } });
    expect(data.csrf_token).toBe(browser.cookies.get("csrf_token"));
    browser.csrfToken = null;
    expect((await browser.send("POST /session/init")).data).toEqual(data);
    expect((await site.manager.stats()).total).toBe(1);
  });

  it("keep the id through a login, with a new secret, a new CSRF token and a higher rev", async () => {
    const browser = site.browser();
    const before = await browser.send("POST /session/init");
    const old = browser.copy();
    const after = await browser.logIn();
    expect(after.data.session?.id).toBe(before.data.session?.id);
    expect(after.data.csrf_token).not.toBe(before.data.csrf_token);
    expect(after.data.csrf_token).toBe(browser.cookies.get("csrf_token"));
    expect(after.data.rev).toBeGreaterThan(before.data.rev);
    expect(browser.cookies.get("__Host-sid")).not.toBe(old.cookies.get("__Host-sid"));

    await site.manager.patch(after.data.session?.id ?? "", { theme: "dark" });
    const patched = await browser.send("GET /session");
    expect(patched.data.rev).toBeGreaterThan(after.data.rev);
    expect((await browser.logIn("ada")).data.rev).toBeGreaterThan(patched.data.rev);
  });

  it("turn a forged request away before the application sees it", async () => {
    const browser = site.browser();
    await browser.send("POST /session/init");
    browser.csrfToken = null;
    expect((await browser.logIn()).code).toBe("CSRF_MISSING");
    browser.csrfToken = "x".repeat(43);
    expect((await browser.logIn()).code).toBe("CSRF_INVALID");
    expect((await browser.send("DELETE /session")).code).toBe("CSRF_INVALID");
    const elsewhere = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };
    expect((await browser.send("POST /session/init", undefined, elsewhere)).code).toBe("FORBIDDEN");
    expect(site.attempts).toEqual([]);
    // A retry with the right token is safe, because nothing has happened.
    browser.csrfToken = browser.cookies.get("csrf_token") ?? null;
    expect((await browser.logIn()).status).toBe(200);
    expect(site.attempts).toEqual([{ email: "ada" }]);
  });

  it("give the CSRF token by itself", async () => {
    const browser = site.browser();
    expect((await browser.send("GET /session/csrf")).data).toEqual({ csrf_token: null });
    const { data } = await browser.logIn();
    expect((await browser.send("GET /session/csrf")).data).toEqual({ csrf_token: data.csrf_token });
  });

  it.each(["GET /session", "GET /session/csrf", "GET /session/devices", "DELETE /session", "POST /session"])(
    "answer a token that a login has replaced with CONFLICT and no cookie: %s",
    async (line) => {
      const browser = site.browser();
      await browser.send("POST /session/init");
      const late = browser.copy();
      await browser.logIn();
      const told = await late.send(
        line,
        line.startsWith("POST") ? { email: "eve", password: "secret" } : undefined,
      );
      expect([told.status, told.code]).toEqual([409, "CONFLICT"]);
      expect(told.headers.getSetCookie()).toEqual([]);
      expect((await browser.send("GET /session")).data).toMatchObject({ user: { name: "ada" } });
      expect(site.attempts).toEqual([{ email: "ada" }]);
    },
  );

  it("say how long the session has, and keep it alive only for a touch", async () => {
    const browser = site.browser();
    const { data } = await browser.logIn();
    expect(data.session).toMatchObject({ expiresInMs: 30 * DAY, idleExpiresInMs: DAY });
    site.pass(DAY / 2);
    const half = { expiresInMs: 29.5 * DAY, idleExpiresInMs: DAY / 2 };
    expect((await browser.send("GET /session")).data.session).toMatchObject(half);
    expect((await browser.send("GET /session")).data.session).toMatchObject(half);
    const touched = await browser.send("GET /session?touch");
    expect(touched.data.session).toMatchObject({ ...half, idleExpiresInMs: DAY });
    site.pass(DAY);
    expect((await browser.send("GET /session")).data).toMatchObject({ status: "none", reason: "expired" });
  });

  it("say that a session was ended, and leave the cookie of a stranger alone", async () => {
    const browser = site.browser();
    await browser.logIn();
    await site.manager.revoke({ subject: "ada" }, "admin");
    const told = await browser.send("GET /session");
    expect(told.data).toMatchObject({ status: "none", reason: "revoked" });
    browser.cookies.set("__Host-sid", "x".repeat(50));
    expect((await browser.send("GET /session")).data).not.toHaveProperty("reason");
  });

  it("log out everywhere", async () => {
    const here = site.browser();
    const there = site.browser();
    const else_ = site.browser();
    await here.logIn();
    await there.logIn();
    await else_.logIn("eve");
    await here.send("DELETE /session?everywhere");
    expect((await there.send("GET /session")).data).toMatchObject({ status: "none", reason: "revoked" });
    expect((await else_.send("GET /session")).data.status).toBe("authenticated");
  });

  it("take an outage for an outage, not for a logout, whatever the policy of other routes", async () => {
    await restart({ http: { csrf: { token: "required" }, outage: "anonymous" } });
    const browser = site.browser();
    await browser.logIn();
    site.store.isDown = true;
    for (const line of ["GET /session", "DELETE /session", "POST /session/init", "GET /session/devices"]) {
      const told = await browser.send(line);
      expect([line, told.status, told.code]).toEqual([line, 503, "STORE_UNAVAILABLE"]);
      expect(told.headers.getSetCookie()).toEqual([]);
    }
    site.store.isDown = false;
    expect((await browser.send("GET /session")).data.status).toBe("authenticated");
  });

  it.each([
    ["", "a body"],
    ["<html>", "JSON"],
    ["[]", "an object"],
    ["{}", "credentials"],
    ['{"email":"ada","password":7}', "a password that is text"],
    ['{"credentials":"ada"}', "credentials that are an object"],
    ['{"credentials":{},"metadata":[]}', "metadata that are an object"],
  ])("refuse a login of %j, which lacks %s", async (body) => {
    const told = await site.browser().fetch("POST /session", body);
    expect(told.status).toBe(400);
    expect(site.attempts).toEqual([]);
  });

  it("do not read a body without end", async () => {
    const told = await site.browser().fetch("POST /session", { email: "x".repeat(300_000), password: "y" });
    expect(told.status).toBe(413);
    expect(site.attempts).toEqual([]);
  });

  it("pass on what the application needs, and say what it knows", async () => {
    const heard: unknown[] = [];
    await restart({
      routes: {
        authenticate: (credentials, request, metadata) => {
          heard.push(credentials, metadata, request.header("user-agent"), request.session.client.address);
          return { subject: "7", tenant: "acme", remember: true, user: { name: "at hand" } };
        },
        user: (subject) => ({ name: `user ${subject}` }),
        needsOnboarding: (subject) => subject === "7",
      },
    });
    const browser = site.browser("a robot");
    const { data, headers } = await browser.send("POST /session", {
      credentials: { pin: 12 },
      metadata: { from: "kiosk" },
    });
    expect(heard).toEqual([{ pin: 12 }, { from: "kiosk" }, "a robot", "127.0.0.1"]);
    expect(data).toMatchObject({ user: { name: "at hand" }, needsOnboarding: true });
    expect(data.session).toMatchObject({ tenant: "acme", expiresInMs: 90 * DAY });
    expect(headers.getSetCookie().some((line) => line.includes("Max-Age="))).toBe(true);
    expect((await browser.send("GET /session")).data).toMatchObject({ user: { name: "user 7" } });
  });

  it("lie where the application wants them", async () => {
    await restart({
      http: { csrf: { token: "required", initPath: "/api/auth/session-v2/init" } },
      routes: {
        base: "/api/auth/session-v2",
        migratePath: "/api/auth/migrate-session",
      },
    });
    const browser = site.browser();
    expect((await browser.fetch("GET /session")).status).toBe(404);
    await browser.send("POST /api/auth/session-v2/init");
    browser.csrfToken = null;
    expect((await browser.send("POST /api/auth/session-v2/init")).status).toBe(200);
    const { data } = await browser.send("POST /api/auth/migrate-session");
    expect(data.status).toBe("anonymous");
    expect((await browser.send("POST /api/auth/session-v2/migrate")).data).toEqual(data);
    const login = { email: "ada", password: "secret" };
    expect((await browser.send("POST /api/auth/session-v2", login)).data.status).toBe("authenticated");
    expect((await browser.send("GET /api/auth/session-v2/devices")).status).toBe(200);
  });

  it("leave an error of the application's own to the framework", async () => {
    await restart({
      routes: {
        authenticate: () => {
          throw new Error("The directory is away.");
        },
      },
    });
    const told = await site.browser().fetch("POST /session", { email: "ada", password: "secret" });
    expect(told.status).toBe(500);
  });
});
