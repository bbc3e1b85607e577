import { describe, expect, it } from "vitest";
import { startTracker } from "../../../src/visit/tracker/index.ts";
import { createPageCountedByServer, listEventTypes, SERVER_PAGE_ID, TestPage } from "./tracker-fixtures.ts";

const UUID_V4 = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

describe("startTracker()", () => {
  it("sends no page view for a document whose page view the server has already counted", async () => {
    const page = createPageCountedByServer();
    await page.advance(60_000);
    expect(page.sentBeacons).toEqual([]);
  });

  it("sends a page view with query, title and referrer for a document without a page id", async () => {
    const page = new TestPage({
      url: new URL("https://shop.example/tacos?utm_source=flyer#top"),
      referrer: "https://blog.example/",
    }).startTracker();
    page.title = "Our tacos";
    await page.advance(500);
    expect(page.sentBeacons).toEqual([
      {
        by: "fetch",
        path: "/session/visit",
        body: {
          pageId: expect.stringMatching(UUID_V4),
          events: [
            {
              type: "page_view",
              id: expect.stringMatching(UUID_V4),
              ago: 500,
              path: "/tacos",
              query: "?utm_source=flyer",
              title: "Our tacos",
              referrer: "https://blog.example/",
            },
          ],
        },
      },
    ]);
  });

  it("sends nothing for a prerendered document until it is displayed", async () => {
    const page = new TestPage({ prerendering: true, visibility: "hidden" }).startTracker();
    page.tracker.track("tacos_listed");
    await page.advance(10_000);
    expect(page.sentBeacons).toEqual([]);
    page.prerendering = false;
    page.visibility = "visible";
    page.document.dispatchEvent(new Event("prerenderingchange"));
    await page.advance(2_000);
    page.setVisibility("hidden");
    await page.waitForResponses();
    expect(page.events).toMatchObject([
      { type: "page_view", ago: 2_000 },
      { type: "tacos_listed", ago: 2_000 },
      { type: "page_time", visibleTime: 2_000 },
    ]);
    expect(new Set(page.events.map(({ pageId }) => pageId)).size).toBe(1);
  });

  it("sends beacons to the path in the options", async () => {
    const page = new TestPage().startTracker("/shop/visit");
    await page.advance(500);
    expect(page.sentBeacons[0]?.path).toBe("/shop/visit");
  });

  it("sends well-formed text if the title must be truncated in the middle of an emoji", async () => {
    const page = new TestPage({ title: `${"x".repeat(255)}🌮` }).startTracker();
    await page.advance(500);
    expect(page.events[0]?.title).toBe("x".repeat(255));
  });

  it("truncates long texts", async () => {
    const page = new TestPage({
      url: new URL(`https://shop.example/${"a".repeat(5_000)}?${"b".repeat(100_000)}`),
      title: "c".repeat(1_000),
      referrer: `https://blog.example/${"d".repeat(5_000)}`,
    }).startTracker();
    await page.advance(500);
    const [{ path = "", query = "", title = "", referrer = "" } = {}] = page.events;
    expect([path.length, query.length, title.length, referrer.length]).toEqual([1024, 4096, 256, 2048]);
  });
});

describe("visible time in page_time", () => {
  it("is sent by sendBeacon() when the page is hidden, and excludes hidden time", async () => {
    const page = createPageCountedByServer();
    await page.advance(3_000);
    page.setVisibility("hidden");
    await page.advance(60_000);
    page.setVisibility("visible");
    await page.advance(4_000);
    page.setVisibility("hidden");
    await page.waitForResponses();
    expect(page.sentBeacons.map(({ by }) => by)).toEqual(["beacon", "beacon"]);
    expect(page.events).toMatchObject([
      { type: "page_time", pageId: SERVER_PAGE_ID, visibleTime: 3_000, ago: 0, path: "/tacos" },
      { type: "page_time", pageId: SERVER_PAGE_ID, visibleTime: 4_000, ago: 0 },
    ]);
    expect(page.events[0]?.id).not.toBe(page.events[1]?.id);
  });

  it("is sent only once when the page is hidden and then unloaded", async () => {
    const page = createPageCountedByServer();
    await page.advance(3_000);
    page.setVisibility("hidden");
    page.fireEvent("pagehide");
    await page.waitForResponses();
    expect(page.events).toMatchObject([{ visibleTime: 3_000 }]);
  });

  it("is sent when the page is unloaded, even if it was not hidden before", async () => {
    const page = createPageCountedByServer();
    await page.advance(3_000);
    page.fireEvent("pagehide");
    await page.waitForResponses();
    expect(page.events).toMatchObject([{ visibleTime: 3_000 }]);
  });

  it("begins when a page that was opened in a background tab is first shown", async () => {
    const page = createPageCountedByServer({ visibility: "hidden" });
    await page.advance(60_000);
    page.setVisibility("visible");
    await page.advance(1_000);
    page.setVisibility("hidden");
    await page.waitForResponses();
    expect(page.events).toMatchObject([{ visibleTime: 1_000 }]);
  });

  it("is sent by fetch() if sendBeacon() fails", async () => {
    const page = createPageCountedByServer({ acceptsBeacons: false });
    await page.advance(3_000);
    page.setVisibility("hidden");
    await page.waitForResponses();
    expect(page.events).toMatchObject([{ by: "fetch", visibleTime: 3_000 }]);
  });
});

describe("startTracker() in a single-page application", () => {
  it("ends the page view on a navigation, and begins another one with a new id, query and title", async () => {
    const page = createPageCountedByServer();
    await page.advance(2_000);
    page.navigateTo("/tacos/7?utm_campaign=spring");
    page.title = "Taco 7";
    await page.advance(500);
    expect(page.events).toMatchObject([
      { type: "page_time", pageId: SERVER_PAGE_ID, path: "/tacos", title: "Tacos", visibleTime: 2_000 },
      {
        type: "page_view",
        pageId: expect.stringMatching(UUID_V4),
        path: "/tacos/7",
        query: "?utm_campaign=spring",
        title: "Taco 7",
        ago: 500,
      },
    ]);
    expect(page.events[1]).not.toHaveProperty("referrer");
    page.setVisibility("hidden");
    await page.waitForResponses();
    expect(page.events.at(-1)).toMatchObject({
      type: "page_time",
      pageId: page.events[1]?.pageId,
      path: "/tacos/7",
      visibleTime: 500,
    });
  });

  it("reports a navigation back as a new page view", async () => {
    const page = createPageCountedByServer();
    page.navigateTo("/cart");
    page.navigateBackTo("/tacos");
    await page.advance(500);
    expect(page.events.filter(({ type }) => type === "page_view").map(({ path }) => path)).toEqual([
      "/cart",
      "/tacos",
    ]);
    expect(new Set(page.events.map(({ pageId }) => pageId)).size).toBe(2);
  });

  it.each([
    ["pushState", "same address", "/tacos", 0],
    ["pushState", "same page with a fragment", "#reviews", 0],
    ["pushState", "same path with a query", "?page=2", 1],
    ["replaceState", "same path with a query", "?q=tac", 0],
    ["replaceState", "path of another page", "/cart", 1],
  ] as const)("%s to the %s (%s) reports %i page views", async (method, _target, address, views) => {
    const page = createPageCountedByServer();
    page.navigateTo(address, method);
    await page.advance(500);
    expect(listEventTypes(page)).toEqual(Array(views).fill("page_view"));
  });
});

it("startTracker() reports no page view for a change of the fragment alone, even after replaceState() has changed the query", async () => {
  const page = createPageCountedByServer();
  page.navigateTo("?q=taco", "replaceState");
  page.navigateTo("#results");
  await page.advance(500);
  expect(page.sentBeacons).toEqual([]);
});

it("startTracker() reports the page view of a sandboxed frame, where reading cookies throws", async () => {
  const page = new TestPage();
  Object.defineProperty(page, "cookie", {
    get() {
      throw new DOMException("The document is sandboxed.", "SecurityError");
    },
  });
  page.startTracker();
  await page.advance(500);
  expect(listEventTypes(page)).toEqual(["page_view"]);
});

describe("startTracker() with the back/forward cache", () => {
  it("reports a restored page as a new page view with a new id", async () => {
    const page = createPageCountedByServer({ referrer: "https://blog.example/" });
    await page.advance(1_000);
    page.setVisibility("hidden");
    page.fireEvent("pagehide", { persisted: true });
    await page.advance(50_000);
    page.setVisibility("visible");
    page.fireEvent("pageshow", { persisted: true });
    await page.advance(2_000);
    page.setVisibility("hidden");
    await page.waitForResponses();
    const [first, view, time] = page.events;
    expect(first).toMatchObject({ type: "page_time", pageId: SERVER_PAGE_ID, visibleTime: 1_000 });
    expect(view).toMatchObject({ type: "page_view", path: "/tacos", ago: 2_000 });
    expect(view).not.toHaveProperty("referrer");
    expect(time).toMatchObject({ type: "page_time", pageId: view?.pageId, visibleTime: 2_000 });
    expect(view?.pageId).not.toBe(SERVER_PAGE_ID);
  });

  it("does not report the pageshow event of the first load", async () => {
    const page = createPageCountedByServer();
    page.fireEvent("pageshow", { persisted: false });
    await page.advance(500);
    expect(page.sentBeacons).toEqual([]);
  });
});

it("startTracker() does nothing on a server", async () => {
  const tracker = startTracker();
  tracker.track("taco_zoomed");
  await expect(tracker.optOut()).resolves.toBeUndefined();
});
