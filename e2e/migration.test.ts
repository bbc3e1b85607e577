import type { BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { describeWithProgram } from "../scripts/test-programs/describe.ts";
import { openBrowser } from "./chromium.ts";
import { eventually, showPage, waitForStatus } from "./fixtures.ts";
import { forgedSession, LEGACY_COOKIES } from "./legacy-cookie-fixtures.ts";
import { type MigrationSiteOptions, startMigrationSite } from "./migration-fixtures.ts";

const TOKEN_PATTERN = /^[\w-]{50}$/;

/**
 * Requests `/me` ten times concurrently. Without `no-store`, the browser would send them one by one, because its cache
 * loads a URL only once at a time.
 */
const fetchTenTimes = (page: Page): Promise<{ id: string; subject: string | null; data: object }[]> =>
  page.evaluate(() => {
    const fetchMe = async () => (await fetch("/me", { cache: "no-store" })).json();
    return Promise.all(Array.from({ length: 10 }, fetchMe));
  });

describeWithProgram("migration of fifteen legacy cookies, in Chromium", "chromium", () => {
  let browser: Awaited<ReturnType<typeof openBrowser>>;
  let context: BrowserContext;
  let site: Awaited<ReturnType<typeof startMigrationSite>>;

  beforeAll(async () => {
    browser = await openBrowser();
    context = browser.context;
    context.setDefaultTimeout(8_000);
  });
  afterAll(() => browser?.close());

  beforeEach(async () => {
    site = await startMigrationSite();
  });
  afterEach(async () => {
    for (const page of context.pages().slice(1)) await page.close();
    await context.clearCookies();
    await site.close();
  });

  async function rebuild(options: MigrationSiteOptions): Promise<void> {
    await site.close();
    site = await startMigrationSite(options);
  }

  /** Returns the names of all cookies that the browser stores, for all paths and domains. */
  const cookieNames = async () => (await context.cookies()).map(({ name }) => name).sort();

  async function open(path: string): Promise<Page> {
    const page = await context.newPage();
    await page.goto(site.origin + path);
    return page;
  }

  /** Logs in to the legacy application and opens a static page of the new application. */
  async function openAfterLegacyLogin(): Promise<Page> {
    const page = await open("/old/login");
    expect(new Set(await cookieNames())).toEqual(new Set(LEGACY_COOKIES));
    await page.goto(site.origin + site.app);
    return page;
  }

  async function setCookie(name: string, value: string): Promise<void> {
    await context.addCookies([{ name, value, url: site.origin, secure: true, httpOnly: true }]);
  }

  it("ten concurrent requests create one session and leave one cookie of 50 bytes", async () => {
    const page = await openAfterLegacyLogin();
    const release = site.hold("/me");
    const responses = fetchTenTimes(page);
    await eventually(() => site.headers.length).toBe(10);
    const before = site.headers[0]?.length ?? 0;
    expect(before).toBeGreaterThanOrEqual(3800);
    release();
    const results = await responses;
    expect(results.map(({ subject }) => subject)).toEqual(Array(10).fill("ada"));
    expect(new Set(results.map(({ id }) => id)).size).toBe(1);
    expect((await site.manager.stats()).total).toBe(1);
    expect(site.outcomes).toEqual(Array(10).fill("migrated"));

    // Two responses are needed to clear all cookies, because one response clears at most 24. A cookie of a path is only
    // cleared by a response to a request for that path.
    const paths = ["/dashboard", "/api/auth/session-v2"];
    let visits = 0;
    while ((await cookieNames()).length > 1 && visits < 6) await page.goto(site.origin + paths[visits++ % 2]);
    const [left, ...others] = await context.cookies();
    expect(others).toEqual([]);
    expect(left).toMatchObject({ name: "__Host-sid", secure: true, httpOnly: true });
    expect(left?.value).toMatch(TOKEN_PATTERN);

    await page.goto(`${site.origin}/me`);
    const after = site.headers.at(-1)?.length ?? 0;
    console.log(`Cookie header: ${before} bytes before, ${after} after, ${visits} visits to clear the rest`);
    expect(after).toBe("__Host-sid=".length + 50);
    expect(site.outcomes.filter((outcome) => outcome === "migrated")).toHaveLength(10);
    expect((await site.manager.stats()).total).toBe(1);
    expect(await fetchTenTimes(page)).toEqual(Array(10).fill(expect.objectContaining({ subject: "ada" })));
  });

  it("a migration copies data from the flag cookies into the session", async () => {
    const page = await openAfterLegacyLogin();
    const [result] = await fetchTenTimes(page);
    expect(result?.data).toEqual({ plan: '{"step":"complete","plan":"professional"}' });
  });

  it.each(["off", "required"] as const)(
    "migrateLegacySession() in a page migrates the session (CSRF token %s)",
    async (csrf) => {
      await rebuild({ csrf });
      const page = await openAfterLegacyLogin();
      const session = await page.evaluate(() => window.client.migrateLegacySession());
      expect(session).toMatchObject({ type: "authenticated", subject: "ada" });
      await waitForStatus(page, "authenticated");
      expect((await site.manager.stats()).total).toBe(1);
    },
  );

  it("a POST request to /api/auth/migrate-session migrates the session, as in the legacy application", async () => {
    const page = await openAfterLegacyLogin();
    await page.evaluate(async () => {
      await fetch("/api/auth/migrate-session", { method: "POST", credentials: "include" });
    });
    await page.reload();
    expect(await page.evaluate(() => window.client.getSession())).toMatchObject({ subject: "ada" });
  });

  it.each([
    ["a malformed cookie", () => "old_encrypted_data"],
    ["a forged cookie", forgedSession],
  ])(
    "with %s, the migration creates no session, clears no cookie, and causes only one request",
    async (_name, value) => {
      await setCookie("dott_auth_session", value());
      const page = await open(site.app);
      expect(await page.evaluate(() => window.client.getSession())).toBe(null);
      await waitForStatus(page, "none");
      for (let times = 0; times < 3; times++) await showPage(page);
      expect(await page.evaluate(() => window.client.getMetrics().fetches)).toBe(1);
      expect(site.outcomes).toEqual(["unreadable"]);
      expect(await cookieNames()).toEqual(["dott_auth_session"]);
      expect((await site.manager.stats()).total).toBe(0);
    },
  );

  it("a migration rejects a deleted user and clears the cookies", async () => {
    const page = await openAfterLegacyLogin();
    site.users.delete("ada");
    const results = await fetchTenTimes(page);
    expect(results.map(({ subject }) => subject)).toEqual(Array(10).fill(null));
    expect(await cookieNames()).not.toContain("dott_auth_session");
    expect(await page.evaluate(() => window.client.getSession())).toBe(null);
    expect((await site.manager.stats()).total).toBe(0);
  });

  it("malformed or forged legacy cookies do not change an existing session", async () => {
    const page = await openAfterLegacyLogin();
    await page.evaluate(() => window.client.migrateLegacySession());
    for (const value of ["garbage", forgedSession()]) {
      await setCookie("dott_auth_session", value);
      expect(new Set((await fetchTenTimes(page)).map(({ subject }) => subject))).toEqual(new Set(["ada"]));
      expect(await cookieNames()).not.toContain("dott_auth_session");
    }
    expect((await site.manager.stats()).total).toBe(1);
  });

  it("an outage postpones the migration and changes no cookie", async () => {
    const page = await openAfterLegacyLogin();
    const before = await cookieNames();
    site.setDown(true);
    const refused = await page.evaluate(() => window.client.getSession().catch(({ code }) => code));
    expect(refused).toBe("STORE_UNAVAILABLE");
    await waitForStatus(page, "pending");
    expect(await cookieNames()).toEqual(before);
    site.setDown(false);
    expect(await page.evaluate(() => window.client.getSession())).toMatchObject({ subject: "ada" });
  });

  it("a disabled migration changes nothing, so the legacy application still accepts its own login", async () => {
    site.enable(false);
    const page = await openAfterLegacyLogin();
    const before = await context.cookies();
    expect((await fetchTenTimes(page)).map(({ subject }) => subject)).toEqual(Array(10).fill(null));
    expect(await context.cookies()).toEqual(before);
    expect(site.outcomes).toEqual([]);
    await page.goto(`${site.origin}/old/me`);
    expect(await page.textContent("body")).toBe("ada");
  });

  it("the option `keepLegacy` keeps the legacy cookies, so that the migration can be rolled back", async () => {
    await rebuild({ keepLegacy: true });
    const page = await openAfterLegacyLogin();
    const before = await context.cookies();
    expect(new Set((await fetchTenTimes(page)).map(({ subject }) => subject))).toEqual(new Set(["ada"]));
    expect((await context.cookies()).filter(({ name }) => name !== "__Host-sid")).toEqual(before);
    site.enable(false);
    await page.goto(`${site.origin}/old/me`);
    expect(await page.textContent("body")).toBe("ada");
    expect((await site.manager.stats()).total).toBe(1);
  });
});
