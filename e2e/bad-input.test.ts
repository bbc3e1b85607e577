import type { Page } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { describeWithProgram } from "../scripts/test-programs/describe.ts";
import { NO_COOKIES } from "./chromium.ts";
import {
  eventually,
  logIn,
  pageUrl,
  setUpFixture,
  showPage,
  waitForBody,
  waitForStatus,
} from "./fixtures.ts";
import { FAILURE_CODES, type Failure } from "./site-fixtures.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const countFetches = (page: Page) => page.evaluate(() => window.client.getMetrics().fetches);
const refresh = (page: Page) =>
  page.evaluate(() => window.client.getSession({ fresh: true }).catch(({ code }) => code));
const placeOrder = (page: Page) =>
  page.evaluate(async () => {
    const response = await window.client.fetch("/orders", { method: "POST" });
    return [response.status, (await response.json()).data.subject];
  });

describeWithProgram("the session client under bad conditions, in Chromium", "chromium", () => {
  describe("with cookies switched off", () => {
    const fixture = setUpFixture({}, { preferences: NO_COOKIES });

    it("the client shows status `none` after one request, although it has no storage", async () => {
      const page = await fixture.open("/?events", "none");
      await expect(page.evaluate(() => localStorage.length)).rejects.toThrow("Access is denied");
      await showPage(page);
      expect(fixture.site.received.map(({ line }) => line)).toEqual(["GET /session"]);
    });

    it("fetch() sends an anonymous request without a CSRF token and without requesting a token", async () => {
      const page = await fixture.open("/", "none");
      expect(await placeOrder(page)).toEqual([200, null]);
      expect(fixture.site.count("POST /orders")).toBe(1);
      expect(fixture.site.count("POST /session/init")).toBe(0);
    });

    it("a login lasts until the next request, and the client requests the event stream only once", async () => {
      const page = await fixture.open("/?events", "none");
      const refused = page.waitForResponse(`${fixture.site.origin}/session/events`);
      expect(await logIn(page)).toMatchObject({ subject: "ada" });
      expect((await refused).status()).toBe(401);
      expect(await fixture.context.cookies()).toEqual([]);
      // The 401 of the event stream makes the client refresh the session.
      await waitForStatus(page, "none");
      expect(fixture.site.count("GET /session/events")).toBe(1);
      expect(fixture.site.count("GET /session")).toBe(2);
    });
  });

  describe("without BroadcastChannel and Web Locks", () => {
    const fixture = setUpFixture();

    beforeAll(() =>
      fixture.context.addInitScript(() => {
        Object.defineProperty(window, "BroadcastChannel", { value: undefined });
        Object.defineProperty(navigator, "locks", { value: undefined });
      }),
    );

    it("a tab shows a logout at the next refresh, and replaces a lost CSRF token", async () => {
      const eager = pageUrl({ revalidate: { staleTime: 0, minGap: 0 } });
      const left = await fixture.open("/", "none");
      await logIn(left);
      const right = await fixture.open(eager, "authenticated");
      await fixture.context.clearCookies({ name: "csrf_token" });
      await left.goto(`${fixture.site.origin}/?silent`);
      expect(await placeOrder(left)).toEqual([200, "ada"]);
      await left.evaluate(() => window.client.logout());
      await showPage(right);
      await waitForStatus(right, "none");
    });
  });

  describe("with a failing server", () => {
    const fixture = setUpFixture();
    const failures = Object.entries(FAILURE_CODES) as [Failure, string][];

    it.each(failures)(
      "the client keeps the session and refreshes only once if the server sends %s",
      async (how, code) => {
        const page = await fixture.open("/?silent");
        await page.clock.install();
        await page.goto(fixture.site.origin);
        await waitForStatus(page, "none");
        await logIn(page);
        fixture.site.failWith(how);
        const before = await countFetches(page);
        expect(await refresh(page)).toMatchObject({ subject: "ada" });
        await waitForBody(page, '[data-stale="true"][data-status="authenticated"]');
        expect(await page.evaluate(() => window.client.$meta.get().error?.code)).toBe(code);
        await page.clock.runFor(10 * MINUTE);
        expect(await countFetches(page)).toBe(before + 1);
        fixture.site.failWith(null);
        await showPage(page);
        await waitForBody(page, '[data-stale="false"][data-status="authenticated"]');
      },
    );

    it.each(failures)(
      "the client stays pending and rejects a login if the server sends %s from the start",
      async (how, code) => {
        fixture.site.failWith(how);
        const page = await fixture.open("/?silent");
        expect(await refresh(page)).toBe(code);
        await waitForStatus(page, "pending");
        const refused = await page.evaluate(() =>
          window.client.createSession("ada", "secret").catch(({ code }) => code),
        );
        expect(refused).toBe(code);
        await waitForStatus(page, "pending");
        fixture.site.failWith(null);
        expect(await refresh(page)).toBe(null);
        await waitForStatus(page, "none");
      },
    );

    it.each(failures)(
      "the client shows status none and retries the logout if the server sends %s for a logout",
      async (how, code) => {
        const page = await fixture.open("/", "none");
        await logIn(page);
        fixture.site.failWith(how);
        expect(await page.evaluate(() => window.client.logout().catch(({ code }) => code))).toBe(code);
        await waitForBody(page, '[data-sign-out="failed"][data-status="none"]');
        fixture.site.failWith(null);
        await showPage(page);
        await waitForBody(page, '[data-sign-out=""][data-status="none"]');
        await page.reload();
        await waitForStatus(page, "none");
      },
    );

    it("the client keeps the session and reports the error NETWORK if the response arrives after the timeout", async () => {
      const page = await fixture.open(pageUrl({ timeout: 200 }), "none");
      await logIn(page);
      const release = fixture.site.hold("GET /session");
      expect(await refresh(page)).toMatchObject({ subject: "ada" });
      expect(await page.evaluate(() => window.client.$meta.get().error?.code)).toBe("NETWORK");
      release();
      expect(await refresh(page)).toMatchObject({ subject: "ada" });
      await waitForBody(page, '[data-stale="false"][data-status="authenticated"]');
    });
  });

  describe("with a clock that is wrong by a day", () => {
    const fixture = setUpFixture();

    it.each([
      ["ahead", DAY],
      ["behind", -DAY],
    ])("a session keeps its lifetime if the server's clock is %s", async (_direction, offset) => {
      fixture.site.advance(offset);
      const page = await fixture.open("/", "none");
      await page.evaluate(() =>
        window.client.createSession({ credentials: { email: "ada", password: "secret", remember: true } }),
      );
      const [cookie] = (await fixture.context.cookies()).filter(({ name }) => name === "sid");
      expect(((cookie?.expires ?? 0) * 1000 - Date.now()) / DAY).toBeCloseTo(30, 1);
      expect(await page.evaluate(() => window.client.expiresIn())).toBeGreaterThan(29 * DAY);
      await page.reload();
      await waitForStatus(page, "authenticated");
    });

    it.each([
      ["forward", DAY],
      ["back", -DAY],
    ])(
      "the client refreshes and keeps the session if the browser's clock is set %s",
      async (_direction, offset) => {
        await fixture.rebuild({ policy: { idleTimeout: 30 * MINUTE } });
        const page = await fixture.open("/?silent");
        await page.clock.install();
        await page.goto(fixture.site.origin);
        await waitForStatus(page, "none");
        await logIn(page);
        const before = await countFetches(page);
        await page.clock.setSystemTime(Date.now() + offset);
        await showPage(page);
        await eventually(() => countFetches(page)).toBe(before + 1);
        await waitForBody(page, '[data-stale="false"][data-status="authenticated"]');
        // The page has this status before the response to the refresh, too.
        const timeLeft = () => page.evaluate(() => window.client.expiresIn());
        await eventually(timeLeft).toBeGreaterThan(29 * MINUTE);
        expect(await timeLeft()).toBeLessThanOrEqual(30 * MINUTE);
      },
    );
  });

  describe("with an invalid session cookie", () => {
    const fixture = setUpFixture();

    it.each(["garbage", "A".repeat(50)])(
      "the client shows status `none` for the cookie %s, and a login replaces the cookie",
      async (value) => {
        await fixture.context.addCookies([{ name: "sid", value, url: fixture.site.origin }]);
        const page = await fixture.open("/", "none");
        expect(await placeOrder(page)).toEqual([200, null]);
        await logIn(page);
        await page.reload();
        await waitForStatus(page, "authenticated");
        expect(fixture.site.count("GET /session")).toBe(2);
      },
    );
  });
});
