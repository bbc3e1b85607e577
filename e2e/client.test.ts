import type { SessionManager } from "coatcheck/client";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CHROMIUM, openBrowser } from "./chromium.ts";
import { type Site, startElsewhere, startSite } from "./site.ts";

declare global {
  interface Window {
    manager: SessionManager;
    complaints: string[];
    arrive: () => void;
  }
}

const body = (page: Page, attributes: string) =>
  page.waitForSelector(`body${attributes}`, { state: "attached" });
const status = (page: Page, wanted: string) => body(page, `[data-status="${wanted}"]`);
const logIn = (page: Page, name = "ada") =>
  page.evaluate((name) => window.manager.createSession(name, "secret"), name);
const focus = (page: Page) =>
  page.evaluate(() => document.dispatchEvent(new Event("visibilitychange", { bubbles: true })));

describe.skipIf(!CHROMIUM)("the browser's session, in Chromium", () => {
  let browser: Awaited<ReturnType<typeof openBrowser>>;
  let context: BrowserContext;
  let site: Site;

  beforeAll(async () => {
    browser = await openBrowser();
    context = browser.context;
    context.setDefaultTimeout(8_000);
  });
  afterAll(() => browser?.close());

  beforeEach(async () => {
    site = await startSite();
  });
  afterEach(async () => {
    await context.setOffline(false);
    for (const page of context.pages().slice(1)) await page.close();
    await context.clearCookies();
    await site.close();
  });

  async function open(path = "/", wanted?: string): Promise<Page> {
    const page = await context.newPage();
    await page.goto(site.origin + path);
    if (wanted) await status(page, wanted);
    return page;
  }

  describe("two pages", () => {
    it("show a log-in, and a log-out within 100 ms with focus switched off, and ask nobody", async () => {
      const quiet = `/?revalidate=${encodeURIComponent('{"focus":false,"reconnect":false}')}`;
      const left = await open(quiet, "none");
      const right = await open(quiet, "none");
      await logIn(left);
      await status(right, "authenticated");
      const asked = site.count("GET /session");
      const began = await left.evaluate(() => {
        const now = Date.now();
        window.manager.logout();
        return now;
      });
      await status(right, "none");
      await status(left, "none");
      const since = Number(await right.evaluate(() => document.body.dataset.since));
      console.log(`log-out shown by the other page after ${since - began} ms`);
      expect(since - began).toBeLessThan(100);
      expect(site.count("GET /session")).toBe(asked);
    });

    it("expire together: one question, and nobody is logged out whom the server still knows", async () => {
      const site2 = site;
      site = await startSite({ idleTimeout: 2_000 });
      await site2.close();
      const eager = `/?revalidate=${encodeURIComponent('{"minGap":0}')}`;
      const left = await open(eager, "none");
      await logIn(left);
      const right = await open(eager, "authenticated");
      const cookie = (await context.cookies(site.origin))
        .map(({ name, value }) => `${name}=${value}`)
        .join("; ");
      const id = await left.evaluate(() => window.manager.$session.get().session?.id ?? "");
      const before = site.count("GET /session");
      // Something else keeps the session alive, of which neither page hears.
      await left.waitForFunction(() => (window.manager.expiresIn() ?? 0) < 700);
      await fetch(`${site.origin}/session?touch`, { headers: { cookie } });
      await right.waitForFunction(() => (window.manager.expiresIn() ?? 0) > 1_000);
      await left.waitForFunction(() => (window.manager.expiresIn() ?? 0) > 1_000);
      expect(site.count("GET /session") - before).toBe(2);
      // And in the end, with nobody there, both say so.
      await Promise.all([status(left, "none"), status(right, "none")]);
      expect((await site.manager.find(id))?.id ?? id).toBe(id);
    });

    it("that want to know at the same time ask once", async () => {
      const pages = await Promise.all([open("/?silent"), open("/?silent")]);
      const release = site.hold("GET /session");
      const asked = pages.map((page) => page.evaluate(() => window.manager.getSession()));
      await expect.poll(() => site.count("GET /session")).toBe(1);
      // The second waits for the lock by now, or will adopt what the first is told.
      await expect
        .poll(() => pages[0]?.evaluate(async () => (await navigator.locks.query()).pending?.length))
        .toBe(1);
      release();
      expect(await Promise.all(asked)).toEqual([null, null]);
      expect(site.count("GET /session")).toBe(1);
    });
  });

  it("is not logged out by a question that an older secret asked while another page logged in", async () => {
    const alone = `/?revalidate=${encodeURIComponent('{"crossTab":false}')}`;
    const left = await open("/", "none");
    await left.evaluate(() => window.manager.initSession());
    const right = await open(alone, "anonymous");
    const release = site.hold("GET /session");
    const before = site.count("GET /session");
    const asked = right.evaluate(() => window.manager.getSession({ fresh: true }));
    await expect.poll(() => site.count("GET /session")).toBe(before + 1);
    await logIn(left);
    release();
    expect((await asked)?.type).toBe("anonymous");
    expect(await right.evaluate(() => window.manager.$meta.get().error?.code)).toBe("CONFLICT");
    expect((await right.evaluate(() => window.manager.getSession()))?.type).toBe("authenticated");
    await left.reload();
    await status(left, "authenticated");
  });

  it("is not revived by an answer that was under way at log-out", async () => {
    const page = await open("/", "none");
    await logIn(page);
    const release = site.hold("GET /session");
    const before = site.count("GET /session");
    await page.evaluate(() => void window.manager.getSession({ fresh: true }));
    await expect.poll(() => site.count("GET /session")).toBe(before + 1);
    await page.evaluate(() => window.manager.logout());
    release();
    await page.evaluate(() => window.manager.getSession({ fresh: true }));
    expect(await page.evaluate(() => window.manager.$session.get().status)).toBe("none");
    expect((await context.cookies(site.origin)).filter(({ name }) => name === "sid")).toEqual([]);
  });

  describe("ten requests that have lost their token", () => {
    const post = (page: Page) =>
      page.evaluate(async () => {
        const posts = Array.from({ length: 10 }, () =>
          window.manager.fetch("/orders", { method: "POST", body: "taco" }),
        );
        return (await Promise.all(posts)).map((response) => response.status);
      });

    it("take over the cookie that came with the rejection", async () => {
      const page = await open("/", "none");
      await logIn(page);
      await context.clearCookies({ name: "csrf_token" });
      await page.goto(`${site.origin}/?silent`);
      expect(await post(page)).toEqual(Array(10).fill(200));
      expect(site.count("POST /session/init")).toBe(0);
      expect(site.count("POST /orders")).toBeLessThanOrEqual(20);
    });

    it("ask for one, together, where the page cannot read the cookie", async () => {
      const page = await open("/", "none");
      await logIn(page);
      await page.addInitScript(() => Object.defineProperty(document, "cookie", { value: "" }));
      await page.goto(`${site.origin}/?silent`);
      expect(await post(page)).toEqual(Array(10).fill(200));
      expect(site.count("POST /session/init")).toBe(1);
      expect(site.count("POST /orders")).toBeLessThanOrEqual(20);
    });
  });

  it("never sends the token to another origin: not by address, not by redirect", async () => {
    const elsewhere = await startElsewhere();
    try {
      site.redirectTo(elsewhere.origin);
      const page = await open("/", "none");
      await logIn(page);
      const outcomes = await page.evaluate(async (other) => {
        const post = (url: string) =>
          window.manager.fetch(url, { method: "POST" }).then(
            ({ status }) => status,
            () => "refused",
          );
        return [
          await post(`${other}/orders`),
          await post(`${other.replace("http:", "")}/orders`),
          await post("/to-elsewhere"),
          await post("/to-orders"),
          await post(`${location.origin}/orders`),
        ];
      }, elsewhere.origin);
      expect(outcomes).toEqual([200, 200, "refused", 200, 200]);
      expect(elsewhere.lines).toEqual(["POST /orders", "POST /orders"]);
      expect(elsewhere.headers.map((headers) => headers["x-csrf-token"])).toEqual([undefined, undefined]);
      expect(await page.evaluate(() => window.manager.$csrfToken.get())).not.toBe("planted");
    } finally {
      elsewhere.close();
    }
  });

  it("shows nobody on the page that the back button brings back after a log-out elsewhere", async () => {
    const page = await open("/?silent");
    await logIn(page);
    await status(page, "authenticated");
    await page.evaluate(() => Object.assign(window, { sameDocument: true }));
    await page.goto(`${site.origin}/bare`);
    const cookies = await context.cookies(site.origin);
    const header = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
    const token = cookies.find(({ name }) => name === "csrf_token")?.value ?? "";
    await fetch(`${site.origin}/session`, {
      method: "DELETE",
      headers: { cookie: header, "x-csrf-token": token },
    });
    const release = site.hold("GET /session");
    await page.goBack({ waitUntil: "commit" });
    await status(page, "pending");
    expect(await page.evaluate(() => "sameDocument" in window)).toBe(true);
    release();
    await status(page, "none");
  });

  it("serves the last known session offline, and tells the server of a log-out once it can", async () => {
    const page = await open("/", "none");
    await logIn(page);
    await context.setOffline(true);
    await body(page, '[data-offline="true"][data-stale="true"][data-status="authenticated"]');
    const asked = site.seen.length;
    await focus(page);
    expect(await page.evaluate(() => window.manager.logout().catch(({ code }) => code))).toBe("NETWORK");
    await body(page, '[data-sign-out="failed"][data-status="none"]');
    expect(site.seen.length).toBe(asked);
    await context.setOffline(false);
    await body(page, '[data-sign-out=""][data-status="none"]');
    expect(site.count("DELETE /session")).toBe(1);
    await page.reload();
    await status(page, "none");
  });

  it("keeps whom it knows while the server answers with an error page", async () => {
    const page = await open("/", "none");
    await logIn(page);
    site.breakDown(true);
    await page.evaluate(() => window.manager.getSession({ fresh: true }));
    await body(page, '[data-stale="true"][data-status="authenticated"]');
    site.breakDown(false);
    await page.evaluate(() => window.manager.getSession({ fresh: true }));
    await body(page, '[data-stale="false"][data-status="authenticated"]');
  });

  it("is ended from another browser, and shows it at once where it follows the events", async () => {
    const other = await openBrowser();
    try {
      const page = await open("/?events", "none");
      const followed = page.waitForResponse(`${site.origin}/session/events`);
      await logIn(page);
      await followed;
      const far = await other.context.newPage();
      await far.goto(site.origin);
      await logIn(far);
      const devices = await far.evaluate(() => window.manager.devices.list());
      expect(devices.map(({ current }) => current).sort()).toEqual([false, true]);
      const id = devices.find(({ current }) => !current)?.id ?? "";
      const began = Date.now();
      await far.evaluate((device) => window.manager.devices.revoke(device), id);
      await status(page, "none");
      const since = Number(await page.evaluate(() => document.body.dataset.since));
      console.log(`revocation from another browser shown after ${since - began} ms`);
      expect(await page.evaluate(() => window.manager.$session.get())).toMatchObject({ reason: "revoked" });
      await status(far, "authenticated");
    } finally {
      await other.close();
    }
  });

  it("follows the events through a new token, and hears of another machine within two seconds", async () => {
    const page = await open("/?events", "none");
    const follows = () => page.waitForResponse(`${site.origin}/session/events`);
    let followed = follows();
    await logIn(page);
    await followed;
    followed = follows();
    await page.evaluate(() => window.manager.elevate({ credentials: { email: "ada", password: "secret" } }));
    expect((await followed).status()).toBe(200);
    const began = Date.now();
    await site.elsewhere.revoke({ subject: "ada" });
    await status(page, "none");
    const since = Number(await page.evaluate(() => document.body.dataset.since));
    console.log(`revocation on another machine shown after ${since - began} ms`);
    expect(since - began).toBeLessThan(2_000);
    expect(await page.evaluate(() => window.manager.$session.get())).toMatchObject({ reason: "revoked" });
  });
});
