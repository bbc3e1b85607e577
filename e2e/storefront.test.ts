import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startShop, type TestShop } from "../examples/storefront/test/fixtures.ts";
import { describeWithProgram } from "../scripts/test-programs/describe.ts";
import { openBrowser, PERSON_USER_AGENT } from "./chromium.ts";
import { eventually } from "./fixtures.ts";

describeWithProgram("the storefront, in Chromium", "chromium", () => {
  let browser: Awaited<ReturnType<typeof openBrowser>>;

  beforeAll(async () => {
    browser = await openBrowser({ flags: [PERSON_USER_AGENT] });
  });
  afterAll(() => browser?.close());

  /** Opens a tab without cookies, with the user agent of a normal browser. */
  async function openTab(): Promise<Page> {
    await browser.context.clearCookies();
    return await browser.context.newPage();
  }

  async function sessionIdOf(page: Page): Promise<string> {
    return await page.evaluate(async () => {
      const response = await fetch("/api/storefront/session");
      return (await response.json()).data.sessionId;
    });
  }

  /** Waits until the shop has stored `count` events of a session. Returns the events. */
  async function eventsOf(shop: TestShop, sessionId: string, count: number) {
    await eventually(async () => (await shop.timelineOf(sessionId)).length).toBe(count);
    return await shop.timelineOf(sessionId);
  }

  it("the storefront counts each document once, with the time for which it was visible", async () => {
    await using shop = await startShop();
    const page = await openTab();
    await page.goto(`${shop.url}/?utm_source=flyer`);
    await page.waitForFunction(() => performance.now() > 100);
    shop.advance(5000);
    await page.goto(`${shop.url}/products/trench`);
    const sessionId = await sessionIdOf(page);
    const events = await eventsOf(shop, sessionId, 4);
    expect(events.map(({ type, page }) => `${type} ${page?.path}`).sort()).toEqual([
      "page_time /",
      "page_view /",
      "page_view /products/trench",
      "product_view /products/trench",
    ]);
    const time = events.find(({ type }) => type === "page_time");
    expect(time?.visibleTime).toBeGreaterThan(0);
    expect(time?.visibleTime).toBeLessThanOrEqual(5000);
    expect((await shop.overview()).figures).toMatchObject({ visits: 1, visitors: 1, pageViews: 2 });
    await page.close();
  });

  it("the storefront counts pushState navigation and tracked events in the same visit", async () => {
    await using shop = await startShop();
    const page = await openTab();
    await page.goto(`${shop.url}/`);
    await page.waitForFunction(() => window.coatcheck);
    shop.advance(5000);
    await page.evaluate(() => {
      history.pushState({}, "", "/products/trench#sizes");
      window.coatcheck.track("search", { query: "coat", results: 2 });
    });
    const events = await eventsOf(shop, await sessionIdOf(page), 4);
    expect(events.map(({ type }) => type).sort()).toEqual(["page_time", "page_view", "page_view", "search"]);
    expect((await shop.overview()).figures).toMatchObject({ visits: 1, visitors: 1, pageViews: 2 });
    await page.close();
  });

  it("the storefront collects nothing after an opt-out, not even from other tabs", async () => {
    await using shop = await startShop();
    const [page, other] = [await openTab(), await browser.context.newPage()];
    await page.goto(`${shop.url}/`);
    await other.goto(`${shop.url}/products/trench`);
    await page.waitForFunction(() => window.coatcheck);
    await page.evaluate(() => window.coatcheck.optOut());
    const before = (await shop.overview()).figures;
    await page.goto(`${shop.url}/products/trench`);
    await other.evaluate(() => history.pushState({}, "", "/elsewhere"));
    await other.goto(`${shop.url}/`);
    const names = (await browser.context.cookies()).map(({ name }) => name);
    expect(names).toContain("visitor_optout");
    expect(names).not.toContain("visitor_id");
    const after = await shop.overview();
    expect(after.figures).toEqual(before);
    expect(after.documents["not-collected"]).toBe(2);
    await page.close();
    await other.close();
  });
});
