import type { BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { describeWithProgram } from "../scripts/test-programs/describe.ts";
import { openBrowser } from "./chromium.ts";
import { type MovingSiteOptions, startMovingSite } from "./moving-site.ts";
import { forgedSession, OLDER_COOKIES } from "./older-cookies.ts";
import { eventually, show, status } from "./stage.ts";

const TOKEN = /^[\w-]{50}$/;

/** What `/me` says, asked ten times at once: the browser's cache would let one question wait for another. */
const askTenTimes = (page: Page): Promise<{ id: string; subject: string | null; data: object }[]> =>
  page.evaluate(() => {
    const ask = async () => (await fetch("/me", { cache: "no-store" })).json();
    return Promise.all(Array.from({ length: 10 }, ask));
  });

describeWithProgram("chromium", "moving over with fifteen older cookies, in Chromium", () => {
  let browser: Awaited<ReturnType<typeof openBrowser>>;
  let context: BrowserContext;
  let site: Awaited<ReturnType<typeof startMovingSite>>;

  beforeAll(async () => {
    browser = await openBrowser();
    context = browser.context;
    context.setDefaultTimeout(8_000);
  });
  afterAll(() => browser?.close());

  beforeEach(async () => {
    site = await startMovingSite();
  });
  afterEach(async () => {
    for (const page of context.pages().slice(1)) await page.close();
    await context.clearCookies();
    await site.close();
  });

  async function rebuild(options: MovingSiteOptions): Promise<void> {
    await site.close();
    site = await startMovingSite(options);
  }

  /** The names of all cookies that the browser has, on whatever path and domain. */
  const jar = async () => (await context.cookies()).map(({ name }) => name).sort();

  async function open(path: string): Promise<Page> {
    const page = await context.newPage();
    await page.goto(site.origin + path);
    return page;
  }

  /** A browser as the older system left it, on a page that no session stands before. */
  async function loggedInBefore(): Promise<Page> {
    const page = await open("/old/login");
    expect(new Set(await jar())).toEqual(new Set(OLDER_COOKIES));
    await page.goto(site.origin + site.app);
    return page;
  }

  async function alter(name: string, value: string): Promise<void> {
    await context.addCookies([{ name, value, url: site.origin, secure: true, httpOnly: true }]);
  }

  it("makes one session of ten requests at once, and leaves one cookie of fifty bytes", async () => {
    const page = await loggedInBefore();
    const release = site.hold("/me");
    const asked = askTenTimes(page);
    await eventually(() => site.headers.length).toBe(10);
    const before = site.headers[0]?.length ?? 0;
    expect(before).toBeGreaterThanOrEqual(3800);
    release();
    const answers = await asked;
    expect(answers.map(({ subject }) => subject)).toEqual(Array(10).fill("ada"));
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    expect((await site.manager.stats()).total).toBe(1);
    expect(site.outcomes).toEqual(Array(10).fill("migrated"));

    // What does not fit into one answer goes with the next; what lies on another path, with the next one there.
    const paths = ["/dashboard", "/api/auth/session-v2"];
    let visits = 0;
    while ((await jar()).length > 1 && visits < 6) await page.goto(site.origin + paths[visits++ % 2]);
    const [left, ...others] = await context.cookies();
    expect(others).toEqual([]);
    expect(left).toMatchObject({ name: "__Host-sid", secure: true, httpOnly: true });
    expect(left?.value).toMatch(TOKEN);

    await page.goto(`${site.origin}/me`);
    const after = site.headers.at(-1)?.length ?? 0;
    console.log(`Cookie header: ${before} bytes before, ${after} after, ${visits} visits to clear the rest`);
    expect(after).toBe("__Host-sid=".length + 50);
    expect(site.outcomes.filter((outcome) => outcome === "migrated")).toHaveLength(10);
    expect((await site.manager.stats()).total).toBe(1);
    expect(await askTenTimes(page)).toEqual(Array(10).fill(expect.objectContaining({ subject: "ada" })));
  });

  it("brings along what the flags said", async () => {
    const page = await loggedInBefore();
    const [answer] = await askTenTimes(page);
    expect(answer?.data).toEqual({ plan: '{"step":"complete","plan":"professional"}' });
  });

  it.each(["off", "required"] as const)(
    "happens when the page asks for it, with the token %s",
    async (csrf) => {
      await rebuild({ csrf });
      const page = await loggedInBefore();
      const session = await page.evaluate(() => window.client.migrateLegacySession());
      expect(session).toMatchObject({ type: "authenticated", subject: "ada" });
      await status(page, "authenticated");
      expect((await site.manager.stats()).total).toBe(1);
    },
  );

  it("happens as the older system's own page asked for it", async () => {
    const page = await loggedInBefore();
    await page.evaluate(async () => {
      await fetch("/api/auth/migrate-session", { method: "POST", credentials: "include" });
    });
    await page.reload();
    expect(await page.evaluate(() => window.client.getSession())).toMatchObject({ subject: "ada" });
  });

  it.each([
    ["garbage", () => "old_encrypted_data"],
    ["a forgery", forgedSession],
  ])("opens nothing for %s, leaves it where it is, and asks once", async (_what, value) => {
    await alter("dott_auth_session", value());
    const page = await open(site.app);
    expect(await page.evaluate(() => window.client.getSession())).toBe(null);
    await status(page, "none");
    for (let times = 0; times < 3; times++) await show(page);
    expect(await page.evaluate(() => window.client.getMetrics().fetches)).toBe(1);
    expect(site.outcomes).toEqual(["unreadable"]);
    expect(await jar()).toEqual(["dott_auth_session"]);
    expect((await site.manager.stats()).total).toBe(0);
  });

  it("turns a deleted user away, and clears the cookies away", async () => {
    const page = await loggedInBefore();
    site.users.delete("ada");
    const answers = await askTenTimes(page);
    expect(answers.map(({ subject }) => subject)).toEqual(Array(10).fill(null));
    expect(await jar()).not.toContain("dott_auth_session");
    expect(await page.evaluate(() => window.client.getSession())).toBe(null);
    expect((await site.manager.stats()).total).toBe(0);
  });

  it("logs nobody out for what is planted beside their session", async () => {
    const page = await loggedInBefore();
    await page.evaluate(() => window.client.migrateLegacySession());
    for (const value of ["garbage", forgedSession()]) {
      await alter("dott_auth_session", value);
      expect(new Set((await askTenTimes(page)).map(({ subject }) => subject))).toEqual(new Set(["ada"]));
      expect(await jar()).not.toContain("dott_auth_session");
    }
    expect((await site.manager.stats()).total).toBe(1);
  });

  it("takes an outage for no log-out, and happens when that is over", async () => {
    const page = await loggedInBefore();
    const before = await jar();
    site.breakDown(true);
    const refused = await page.evaluate(() => window.client.getSession().catch(({ code }) => code));
    expect(refused).toBe("STORE_UNAVAILABLE");
    await status(page, "pending");
    expect(await jar()).toEqual(before);
    site.breakDown(false);
    expect(await page.evaluate(() => window.client.getSession())).toMatchObject({ subject: "ada" });
  });

  it("does nothing while it is switched off, and the older system works as before", async () => {
    site.turn(false);
    const page = await loggedInBefore();
    const before = await context.cookies();
    expect((await askTenTimes(page)).map(({ subject }) => subject)).toEqual(Array(10).fill(null));
    expect(await context.cookies()).toEqual(before);
    expect(site.outcomes).toEqual([]);
    await page.goto(`${site.origin}/old/me`);
    expect(await page.textContent("body")).toBe("ada");
  });

  it("can be gone back from, where the older cookies were kept", async () => {
    await rebuild({ keepOld: true });
    const page = await loggedInBefore();
    const before = await context.cookies();
    expect(new Set((await askTenTimes(page)).map(({ subject }) => subject))).toEqual(new Set(["ada"]));
    expect((await context.cookies()).filter(({ name }) => name !== "__Host-sid")).toEqual(before);
    site.turn(false);
    await page.goto(`${site.origin}/old/me`);
    expect(await page.textContent("body")).toBe("ada");
    expect((await site.manager.stats()).total).toBe(1);
  });
});
