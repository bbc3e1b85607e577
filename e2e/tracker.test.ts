import { randomUUID } from "node:crypto";
import { text } from "node:stream/consumers";
import type { Beacon, BeaconEvent, Tracker } from "coatcheck/tracker";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { TRACKER_SCRIPT } from "../packages/coatcheck/src/visit/tracker/script-text.ts";
import { describeWithProgram } from "../scripts/test-programs/describe.ts";
import { openBrowser } from "./chromium.ts";
import { eventually } from "./fixtures.ts";
import { startLocalServer } from "./local-server.ts";
import { HTML_HEADERS } from "./page-fixtures.ts";

declare global {
  interface Window {
    coatcheck: Tracker;
  }
}

type ReceivedEvent = BeaconEvent & { readonly pageId: string };

/** Starts a shop whose `/counted` pages contain a page id. Records the requests of the tracker. */
async function startShop() {
  const received: ReceivedEvent[] = [];
  const requests: string[] = [];
  const pageIds: string[] = [];
  let status = 204;
  const server = await startLocalServer(async (request, response) => {
    requests.push(`${request.method} ${request.url}`);
    if (request.url === "/session/visit.js") {
      response.writeHead(200, { "content-type": "text/javascript" }).end(TRACKER_SCRIPT);
    } else if (request.url === "/session/visit") {
      const body = await text(request);
      expect(request.headers["content-type"]).toBe("application/json");
      const { pageId, events }: Beacon = JSON.parse(body);
      received.push(...events.map((event) => ({ ...event, pageId })));
      response.writeHead(status).end();
    } else if (request.method === "POST") {
      response.writeHead(204).end();
    } else {
      const id = request.url?.startsWith("/counted") ? randomUUID() : null;
      if (id) pageIds.push(id);
      const meta = id ? `<meta name="coatcheck-page" content="${id}">` : "";
      response.writeHead(200, HTML_HEADERS).end(
        `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>Shop</title>${meta}
        <script src="/session/visit.js" defer></script>
        <script>addEventListener("pageshow", ({ persisted }) => { window.persisted = persisted; });</script>
        <a href="/other">Other</a>`,
      );
    }
  });
  return {
    received,
    requests,
    pageIds,
    origin: `http://127.0.0.1:${server.port}`,
    /** Makes the beacon route respond with this status. */
    respond: (next: number) => {
      status = next;
    },
    of: (type: string) => received.filter((event) => event.type === type),
    close: server.close,
  };
}

describeWithProgram("the tracker, in Chromium", "chromium", () => {
  let browser: Awaited<ReturnType<typeof openBrowser>>;
  let shop: Awaited<ReturnType<typeof startShop>>;
  let page: Page;

  beforeAll(async () => {
    browser = await openBrowser({ program: "chromium" });
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    shop = await startShop();
    page = await browser.context.newPage();
  });
  afterEach(async () => {
    await page.close();
    shop.close();
  });

  it("the tracker reports the visible time of a counted document when the user leaves it", async () => {
    const before = performance.now();
    await page.goto(`${shop.origin}/counted`);
    await page.waitForFunction(() => performance.now() > 100);
    await page.goto(`${shop.origin}/other`);
    await eventually(() => shop.of("page_time").length).toBe(1);
    const [time] = shop.of("page_time");
    expect(time).toMatchObject({ pageId: shop.pageIds[0], path: "/counted", title: "Shop" });
    expect(time?.visibleTime).toBeGreaterThan(0);
    expect(time?.visibleTime).toBeLessThan(performance.now() - before);
    expect(shop.of("page_view").filter(({ path }) => path === "/counted")).toEqual([]);
  });

  it("for a document without a page id, the tracker reports a page view, which contains the query and the referrer", async () => {
    await page.goto(`${shop.origin}/other?utm_source=flyer`, { referer: "https://blog.example/" });
    await eventually(() => shop.of("page_view").length).toBe(1);
    expect(shop.of("page_view")[0]).toMatchObject({
      path: "/other",
      query: "?utm_source=flyer",
      title: "Shop",
      referrer: "https://blog.example/",
    });
  });

  it("the tracker reports navigation by pushState and by the back button", async () => {
    await page.goto(`${shop.origin}/counted`);
    await page.evaluate(() => {
      history.pushState({}, "", "/counted/7?color=red#top");
      document.title = "Taco 7";
    });
    await eventually(() => shop.of("page_view").length).toBe(1);
    await page.evaluate(() => history.back());
    await eventually(() => shop.of("page_view").length).toBe(2);
    const [first, second] = shop.of("page_view");
    expect(first).toMatchObject({ path: "/counted/7", query: "?color=red", title: "Taco 7" });
    expect(second).toMatchObject({ path: "/counted" });
    const pageIds = [shop.pageIds[0], first?.pageId, second?.pageId];
    expect(new Set(pageIds).size).toBe(3);
    await eventually(() => shop.of("page_time").map(({ pageId }) => pageId)).toEqual(pageIds.slice(0, 2));
  });

  it("the tracker reports a page restored from the back/forward cache as a new page view", async () => {
    await page.goto(`${shop.origin}/counted`);
    await page.goto(`${shop.origin}/other`);
    await page.goBack({ waitUntil: "commit" });
    await page.waitForFunction(() => (window as { persisted?: boolean }).persisted);
    await eventually(() => shop.of("page_view").map(({ path }) => path)).toContain("/counted");
    const view = shop.of("page_view").find(({ path }) => path === "/counted");
    expect(view?.pageId).not.toBe(shop.pageIds[0]);
    expect(shop.pageIds).toHaveLength(1);
  });

  it("the tracker delivers events and visible time when the user closes the tab", async () => {
    await page.goto(`${shop.origin}/counted`);
    await page.waitForFunction(() => window.coatcheck);
    await page.evaluate(() => window.coatcheck.track("taco_zoomed", { taco: 7 }));
    await page.close({ runBeforeUnload: true });
    await eventually(() => shop.received.map(({ type }) => type).sort()).toEqual([
      "page_time",
      "taco_zoomed",
    ]);
    expect(shop.of("taco_zoomed")[0]).toMatchObject({ pageId: shop.pageIds[0], properties: { taco: 7 } });
  });

  it("the tracker sends an event again with the same id after a failed response", async () => {
    shop.respond(503);
    await page.goto(`${shop.origin}/counted`);
    await page.evaluate(() => window.coatcheck.track("taco_zoomed"));
    await eventually(() => shop.of("taco_zoomed").length).toBe(1);
    shop.respond(204);
    await page.evaluate(() => window.coatcheck.track("taco_turned"));
    await eventually(() => shop.of("taco_turned").length).toBe(1);
    const [first, again] = shop.of("taco_zoomed");
    expect(again?.id).toBe(first?.id);
    expect(again?.ago).toBeGreaterThan(first?.ago ?? 0);
  });

  it("the tracker sends nothing after an opt-out", async () => {
    await page.goto(`${shop.origin}/counted`);
    await page.evaluate(() => window.coatcheck.optOut());
    await page.evaluate(() => history.pushState({}, "", "/counted/7"));
    await page.goto(`${shop.origin}/other`);
    await eventually(() => shop.of("page_view").length).toBe(1);
    expect(shop.requests).toContain("POST /session/visit/opt-out");
    expect(shop.received.filter(({ path }) => path !== "/other")).toEqual([]);
  });

  it("the tracker reports a prerendered document only when it is shown", async () => {
    await page.goto(`${shop.origin}/counted`);
    await page.evaluate(() => {
      const rules = document.createElement("script");
      rules.type = "speculationrules";
      rules.textContent = JSON.stringify({ prerender: [{ urls: ["/other"], eagerness: "immediate" }] });
      document.head.append(rules);
    });
    await eventually(() => shop.requests.filter((line) => line === "GET /other").length).toBe(1);
    expect(shop.of("page_view")).toEqual([]);
    await page.click("a");
    await eventually(() => shop.of("page_view").map(({ path }) => path)).toEqual(["/other"]);
    expect(shop.requests.filter((line) => line === "GET /other")).toHaveLength(1);
  });
});
