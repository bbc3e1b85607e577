import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { memoryStore } from "../../src/store/memory.ts";
import { sqliteStore } from "../../src/store/sqlite/store.ts";
import {
  type Site,
  type StartRoutes,
  startExpress,
  startExpressWithBodyParser,
  startFastify,
  startHono,
  startSite,
} from "./routes-fixtures.ts";

const DAY = 24 * 60 * 60_000;

const FRAMEWORKS: readonly [string, StartRoutes][] = [
  ["Express", startExpress],
  ["Express with a body parser", startExpressWithBodyParser],
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

  it("report no session to a new visitor and store nothing", async () => {
    const browser = site.browser();
    const { status, data, headers } = await browser.send("GET /session");
    expect(status).toBe(200);
    expect(data).toEqual({ status: "none", session: null, user: null, rev: 0, csrf_token: null });
    expect(headers.get("cache-control")).toContain("no-store");
    expect(browser.cookies.size).toBe(0);
    expect((await site.manager.stats()).total).toBe(0);
  });

  it("leave other paths and methods to the application", async () => {
    const browser = site.browser();
    expect(await (await browser.fetch("GET /page")).text()).toBe("a page");
    expect((await browser.fetch("GET /session/other")).status).toBe(404);
    expect((await browser.fetch("PUT /session")).status).toBe(404);
    expect((await browser.fetch("GET /sessions")).status).toBe(404);
  });

  it("log in, report the user, and log out", async () => {
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

    const logout = await browser.send("DELETE /session");
    expect(logout.data).toEqual({
      status: "none",
      session: null,
      user: null,
      rev: 0,
      csrf_token: null,
      reason: "signed-out",
    });
    expect(logout.headers.get("clear-site-data")).toContain("storage");
    expect(browser.cookies.has("__Host-sid")).toBe(false);
    expect((await site.manager.find(data.session?.id ?? ""))?.reason).toBe("logout");
    expect((await browser.send("DELETE /session")).data).toMatchObject({ status: "none" });
  });

  it("offer view(), with which a server-rendered page gets the same view as a client of the endpoints", async () => {
    const browser = site.browser();
    expect((await browser.send("GET /rendered")).data).toMatchObject({ status: "none" });
    const { data } = await browser.logIn();
    expect((await browser.send("GET /rendered")).data).toEqual(data);
    site.store.isDown = true;
    expect((await browser.send("GET /rendered")).code).toBe("STORE_UNAVAILABLE");
  });

  it("reject wrong credentials and keep the anonymous session", async () => {
    const browser = site.browser();
    await browser.send("POST /session/init");
    const response = await browser.send("POST /session", { email: "ada", password: "guess" });
    expect([response.status, response.code]).toEqual([403, "FORBIDDEN"]);
    expect((await browser.send("GET /session")).data).toMatchObject({ status: "anonymous", rev: 1 });
  });

  it("create one anonymous session with a CSRF token at POST /session/init", async () => {
    const browser = site.browser();
    const { data } = await browser.send("POST /session/init");
    expect(data).toMatchObject({ status: "anonymous", user: null, session: { subject: null } });
    expect(data.csrf_token).toBe(browser.cookies.get("csrf_token"));
    browser.csrfToken = null;
    expect((await browser.send("POST /session/init")).data).toEqual(data);
    expect((await site.manager.stats()).total).toBe(1);
  });

  it("keep the session id at a login, but change the token, the CSRF token and `rev`", async () => {
    const browser = site.browser();
    const before = await browser.send("POST /session/init");
    const older = browser.copy();
    const after = await browser.logIn();
    expect(after.data.session?.id).toBe(before.data.session?.id);
    expect(after.data.csrf_token).not.toBe(before.data.csrf_token);
    expect(after.data.csrf_token).toBe(browser.cookies.get("csrf_token"));
    expect(after.data.rev).toBeGreaterThan(before.data.rev);
    expect(browser.cookies.get("__Host-sid")).not.toBe(older.cookies.get("__Host-sid"));

    await site.manager.patch(after.data.session?.id ?? "", { theme: "dark" });
    const patched = await browser.send("GET /session");
    expect(patched.data.rev).toBeGreaterThan(after.data.rev);
    expect((await browser.logIn("ada")).data.rev).toBeGreaterThan(patched.data.rev);
  });

  it("reject a forged request without calling `authenticate`", async () => {
    const browser = site.browser();
    await browser.send("POST /session/init");
    browser.csrfToken = null;
    expect((await browser.logIn()).code).toBe("CSRF_MISSING");
    browser.csrfToken = "x".repeat(43);
    expect((await browser.logIn()).code).toBe("CSRF_INVALID");
    expect((await browser.send("DELETE /session")).code).toBe("CSRF_INVALID");
    const crossSite = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };
    expect((await browser.send("POST /session/init", undefined, crossSite)).code).toBe("FORBIDDEN");
    expect(site.attempts).toEqual([]);
    // A retry with the right token cannot take effect twice, because the rejected requests had no effect.
    browser.csrfToken = browser.cookies.get("csrf_token") ?? null;
    expect((await browser.logIn()).status).toBe(200);
    expect(site.attempts).toEqual([{ email: "ada" }]);
  });

  it("return the CSRF token at GET /session/csrf", async () => {
    const browser = site.browser();
    expect((await browser.send("GET /session/csrf")).data).toEqual({ csrf_token: null });
    const { data } = await browser.logIn();
    expect((await browser.send("GET /session/csrf")).data).toEqual({ csrf_token: data.csrf_token });
  });

  it.each([
    "GET /session",
    "GET /session/csrf",
    "GET /session/devices",
    "POST /session/init",
    "POST /session/elevate",
    "DELETE /session?everywhere",
    "DELETE /session/devices?all",
  ])(
    "respond to an older token with CONFLICT, and neither set a cookie nor change the session: %s",
    async (line) => {
      const browser = site.browser();
      await browser.send("POST /session/init");
      const older = browser.copy();
      await browser.logIn();
      const { writes } = site.store;
      const body = line.startsWith("POST")
        ? { credentials: { email: "ada", password: "secret" } }
        : undefined;
      const response = await older.send(line, body);
      expect([response.status, response.code]).toEqual([409, "CONFLICT"]);
      expect(response.headers.getSetCookie()).toEqual([]);
      expect(site.store.writes).toBe(writes);
      expect(site.attempts).toEqual([{ email: "ada" }]);
      expect((await browser.send("GET /session")).data).toMatchObject({ user: { name: "ada" } });
    },
  );

  it("accept a login with an older token: the same subject continues the session, another subject gets a new session", async () => {
    const browser = site.browser();
    await browser.send("POST /session/init");
    const [unanswered, other] = [browser.copy(), browser.copy()];
    const first = await browser.logIn();
    const again = await unanswered.logIn();
    expect([again.status, again.data.session?.id]).toEqual([200, first.data.session?.id]);
    expect(unanswered.cookies.get("__Host-sid")).toBe(browser.cookies.get("__Host-sid"));
    const eve = await other.logIn("eve");
    expect([eve.status, eve.data.session?.subject]).toEqual([200, "eve"]);
    expect(eve.data.session?.id).not.toBe(first.data.session?.id);
    expect((await browser.send("GET /session")).data).toMatchObject({ user: { name: "ada" } });
  });

  it("accept a logout with an older token, because the response with the newer token may have been lost", async () => {
    const browser = site.browser();
    await browser.send("POST /session/init");
    const older = browser.copy();
    await browser.logIn();
    expect((await older.send("DELETE /session")).data).toMatchObject({
      status: "none",
      reason: "signed-out",
    });
    expect(older.cookies.has("__Host-sid")).toBe(false);
    expect((await browser.send("GET /session")).data).toMatchObject({ status: "none", reason: "revoked" });
  });

  it("report the remaining lifetime, and extend it only with ?touch", async () => {
    const browser = site.browser();
    const { data } = await browser.logIn();
    expect(data.session).toMatchObject({ expiresInMs: 30 * DAY, idleExpiresInMs: DAY });
    site.pass(DAY / 2);
    const expected = { expiresInMs: 29.5 * DAY, idleExpiresInMs: DAY / 2 };
    expect((await browser.send("GET /session")).data.session).toMatchObject(expected);
    expect((await browser.send("GET /session")).data.session).toMatchObject(expected);
    const touched = await browser.send("GET /session?touch");
    expect(touched.data.session).toMatchObject({ ...expected, idleExpiresInMs: DAY });
    site.pass(DAY);
    expect((await browser.send("GET /session")).data).toMatchObject({ status: "none", reason: "expired" });
  });

  it("return the reason why a session ended, but no reason for an invalid token", async () => {
    const browser = site.browser();
    await browser.logIn();
    await site.manager.revoke({ subject: "ada" }, "admin");
    const response = await browser.send("GET /session");
    expect(response.data).toMatchObject({ status: "none", reason: "revoked" });
    browser.cookies.set("__Host-sid", "x".repeat(50));
    expect((await browser.send("GET /session")).data).not.toHaveProperty("reason");
  });

  it("end all sessions of the subject with ?everywhere", async () => {
    const current = site.browser();
    const other = site.browser();
    const otherUser = site.browser();
    await current.logIn();
    await other.logIn();
    await otherUser.logIn("eve");
    await current.send("DELETE /session?everywhere");
    expect((await other.send("GET /session")).data).toMatchObject({ status: "none", reason: "revoked" });
    expect((await otherUser.send("GET /session")).data.status).toBe("authenticated");
  });

  it("reject ?everywhere if the login is not recent, and end no session", async () => {
    const current = site.browser();
    const other = site.browser();
    await current.logIn();
    await other.logIn();
    site.pass(11 * 60_000);
    const refused = await current.send("DELETE /session?everywhere");
    expect([refused.status, refused.code]).toEqual([403, "REAUTHENTICATION_REQUIRED"]);
    expect(refused.headers.getSetCookie()).toEqual([]);
    for (const browser of [current, other]) {
      expect((await browser.send("GET /session")).data.status).toBe("authenticated");
    }
    await current.send("POST /session/elevate", { email: "ada", password: "secret" });
    expect((await current.send("DELETE /session?everywhere")).status).toBe(200);
    expect((await other.send("GET /session")).data).toMatchObject({ status: "none", reason: "revoked" });
  });

  it("respond 503 and set no cookie during an outage, under any outage policy", async () => {
    await restart({ http: { csrf: { token: "required" }, outage: "anonymous" } });
    const browser = site.browser();
    await browser.logIn();
    site.store.isDown = true;
    for (const line of ["GET /session", "DELETE /session", "POST /session/init", "GET /session/devices"]) {
      const response = await browser.send(line);
      expect([line, response.status, response.code]).toEqual([line, 503, "STORE_UNAVAILABLE"]);
      expect(response.headers.getSetCookie()).toEqual([]);
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
  ])("reject a login with the body %j, which lacks %s", async (body) => {
    const response = await site.browser().fetch("POST /session", body);
    expect(response.status).toBe(400);
    expect(site.attempts).toEqual([]);
  });

  it("reject a body that is too large with 413", async () => {
    const response = await site
      .browser()
      .fetch("POST /session", { email: "x".repeat(300_000), password: "y" });
    expect(response.status).toBe(413);
    expect(site.attempts).toEqual([]);
  });
});
