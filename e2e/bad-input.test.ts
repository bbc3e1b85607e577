import type { Page } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { describeWithProgram } from "../scripts/test-programs/describe.ts";
import { NO_COOKIES } from "./chromium.ts";
import { FAILURE_CODES, type Failure } from "./site.ts";
import { address, body, eventually, logIn, setStage, show, shownAt, status } from "./stage.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const fetches = (page: Page) => page.evaluate(() => window.client.getMetrics().fetches);
const ask = (page: Page) =>
  page.evaluate(() => window.client.getSession({ fresh: true }).catch(({ code }) => code));
const order = (page: Page) =>
  page.evaluate(async () => {
    const response = await window.client.fetch("/orders", { method: "POST" });
    return [response.status, (await response.json()).data.subject];
  });

describeWithProgram("chromium", "bad input, in Chromium", () => {
  describe("a browser whose cookies are switched off", () => {
    const stage = setStage({}, NO_COOKIES);

    it("has no storage either, is nobody, and asks once", async () => {
      const page = await stage.open("/?events", "none");
      await expect(page.evaluate(() => localStorage.length)).rejects.toThrow("Access is denied");
      await show(page);
      expect(stage.site.seen.map(({ line }) => line)).toEqual(["GET /session"]);
    });

    it("may order as nobody, without a token and without asking for one", async () => {
      const page = await stage.open("/", "none");
      expect(await order(page)).toEqual([200, null]);
      expect(stage.site.count("POST /orders")).toBe(1);
      expect(stage.site.count("POST /session/init")).toBe(0);
    });

    it("forgets a log-in with the next question, and follows no events in circles", async () => {
      const page = await stage.open("/?events", "none");
      const refused = page.waitForResponse(`${stage.site.origin}/session/events`);
      expect(await logIn(page)).toMatchObject({ subject: "ada" });
      expect((await refused).status()).toBe(401);
      expect(await stage.context.cookies()).toEqual([]);
      // It asks by itself why.
      await status(page, "none");
      expect(stage.site.count("GET /session/events")).toBe(1);
      expect(stage.site.count("GET /session")).toBe(2);
    });
  });

  describe("a browser without channels and locks", () => {
    const stage = setStage();

    beforeAll(() =>
      stage.context.addInitScript(() => {
        Object.defineProperty(window, "BroadcastChannel", { value: undefined });
        Object.defineProperty(navigator, "locks", { value: undefined });
      }),
    );

    it("shows a log-in and a log-out in both tabs, and leaves nothing in the storage", async () => {
      const left = await stage.open("/", "none");
      const right = await stage.open("/", "none");
      await logIn(left);
      await body(right, '[data-user="ada"]');
      const began = Date.now();
      await left.evaluate(() => window.client.logout());
      await status(right, "none");
      const took = (await shownAt(right)) - began;
      console.log(`log-out shown by the other page through the storage after ${took} ms`);
      expect(took).toBeLessThan(100);
      expect(await left.evaluate(() => localStorage.length)).toBe(0);
      expect(stage.site.count("GET /session")).toBe(2);
    });

    it("and without storage finds out as soon as it asks, and recovers a lost token", async () => {
      await stage.context.addInitScript(() => {
        const denied = () => {
          throw new DOMException("denied", "SecurityError");
        };
        Object.defineProperty(window, "localStorage", { get: denied });
      });
      const eager = address({ revalidate: { staleTime: 0, minGap: 0 } });
      const left = await stage.open("/", "none");
      await logIn(left);
      const right = await stage.open(eager, "authenticated");
      await stage.context.clearCookies({ name: "csrf_token" });
      await left.goto(`${stage.site.origin}/?silent`);
      expect(await order(left)).toEqual([200, "ada"]);
      await left.evaluate(() => window.client.logout());
      await show(right);
      await status(right, "none");
    });
  });

  describe("a server that answers", () => {
    const stage = setStage();
    const failures = Object.entries(FAILURE_CODES) as [Failure, string][];

    it.each(failures)("%s logs nobody out, and is not asked in circles", async (how, code) => {
      const page = await stage.open("/?silent");
      await page.clock.install();
      await page.goto(stage.site.origin);
      await status(page, "none");
      await logIn(page);
      stage.site.breakDown(how);
      const before = await fetches(page);
      expect(await ask(page)).toMatchObject({ subject: "ada" });
      await body(page, '[data-stale="true"][data-status="authenticated"]');
      expect(await page.evaluate(() => window.client.$meta.get().error?.code)).toBe(code);
      await page.clock.runFor(10 * MINUTE);
      expect(await fetches(page)).toBe(before + 1);
      stage.site.breakDown(null);
      await show(page);
      await body(page, '[data-stale="false"][data-status="authenticated"]');
    });

    it.each(failures)(
      "%s from the start leaves open who this is, and refuses a log-in",
      async (how, code) => {
        stage.site.breakDown(how);
        const page = await stage.open("/?silent");
        expect(await ask(page)).toBe(code);
        await status(page, "pending");
        const refused = await page.evaluate(() =>
          window.client.createSession("ada", "secret").catch(({ code }) => code),
        );
        expect(refused).toBe(code);
        await status(page, "pending");
        stage.site.breakDown(null);
        expect(await ask(page)).toBe(null);
        await status(page, "none");
      },
    );

    it.each(failures)("%s to a log-out is told of it again", async (how, code) => {
      const page = await stage.open("/", "none");
      await logIn(page);
      stage.site.breakDown(how);
      expect(await page.evaluate(() => window.client.logout().catch(({ code }) => code))).toBe(code);
      await body(page, '[data-sign-out="failed"][data-status="none"]');
      stage.site.breakDown(null);
      await show(page);
      await body(page, '[data-sign-out=""][data-status="none"]');
      await page.reload();
      await status(page, "none");
    });

    it("too late has not answered", async () => {
      const page = await stage.open(address({ timeout: 200 }), "none");
      await logIn(page);
      const release = stage.site.hold("GET /session");
      expect(await ask(page)).toMatchObject({ subject: "ada" });
      expect(await page.evaluate(() => window.client.$meta.get().error?.code)).toBe("NETWORK");
      release();
      expect(await ask(page)).toMatchObject({ subject: "ada" });
      await body(page, '[data-stale="false"][data-status="authenticated"]');
    });
  });

  describe("a clock that is off by a day", () => {
    const stage = setStage();

    it.each([
      ["ahead", DAY],
      ["behind", -DAY],
    ])("on the server, %s, changes nothing", async (_where, off) => {
      stage.site.pass(off);
      const page = await stage.open("/", "none");
      await page.evaluate(() =>
        window.client.createSession({ credentials: { email: "ada", password: "secret", remember: true } }),
      );
      const [cookie] = (await stage.context.cookies()).filter(({ name }) => name === "sid");
      expect(((cookie?.expires ?? 0) * 1000 - Date.now()) / DAY).toBeCloseTo(90, 1);
      expect(await page.evaluate(() => window.client.expiresIn())).toBeGreaterThan(29 * DAY);
      await page.reload();
      await status(page, "authenticated");
    });

    it.each([
      ["forward", DAY],
      ["back", -DAY],
    ])("on the browser's machine, set %s meanwhile, makes it ask and logs nobody out", async (_how, off) => {
      await stage.rebuild({ policy: { idleTimeout: 30 * MINUTE } });
      const page = await stage.open("/?silent");
      await page.clock.install();
      await page.goto(stage.site.origin);
      await status(page, "none");
      await logIn(page);
      const before = await fetches(page);
      await page.clock.setSystemTime(Date.now() + off);
      await show(page);
      await eventually(() => fetches(page)).toBe(before + 1);
      await body(page, '[data-stale="false"][data-status="authenticated"]');
      const left = await page.evaluate(() => window.client.expiresIn());
      expect(left).toBeGreaterThan(29 * MINUTE);
      expect(left).toBeLessThanOrEqual(30 * MINUTE);
    });
  });

  describe("a session cookie that is garbage or forged", () => {
    const stage = setStage();

    it.each(["garbage", "A".repeat(50)])("%s is nobody's, and gives way to a log-in", async (value) => {
      await stage.context.addCookies([{ name: "sid", value, url: stage.site.origin }]);
      const page = await stage.open("/", "none");
      expect(await order(page)).toEqual([200, null]);
      await logIn(page);
      await page.reload();
      await status(page, "authenticated");
      expect(stage.site.count("GET /session")).toBe(2);
    });
  });
});
