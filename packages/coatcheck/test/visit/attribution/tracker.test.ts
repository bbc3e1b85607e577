import { describe, expect, it } from "vitest";
import { startTracker } from "../../../src/visit/tracker/index.ts";
import { TestPage } from "./tracker-fixtures.ts";

const UUID_V4 = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
const COUNTED = "3f1b6c1e-8f0a-4a39-9d62-0a4a3a5d7c11";

/** A page that the server has counted. */
const counted = (change: Partial<TestPage> = {}) => new TestPage({ meta: COUNTED, ...change }).start();
const types = (page: TestPage) => page.events.map(({ type }) => type);

describe("a document", () => {
  it("that the server has counted sends no page view", async () => {
    const page = counted();
    await page.advance(60_000);
    expect(page.sent).toEqual([]);
  });

  it("without a page id is counted by its own beacon, with query, title and referrer", async () => {
    const page = new TestPage({
      url: new URL("https://shop.example/tacos?utm_source=flyer#top"),
      referrer: "https://blog.example/",
    }).start();
    page.title = "Our tacos";
    await page.advance(500);
    expect(page.sent).toEqual([
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

  it("that is prerendered counts, reports events and measures time only once it is shown", async () => {
    const page = new TestPage({ prerendering: true, visibility: "hidden" }).start();
    page.tracker.track("tacos_listed");
    await page.advance(10_000);
    expect(page.sent).toEqual([]);
    page.prerendering = false;
    page.visibility = "visible";
    page.document.dispatchEvent(new Event("prerenderingchange"));
    await page.advance(2_000);
    page.show("hidden");
    await page.settle();
    expect(page.events).toMatchObject([
      { type: "page_view", ago: 2_000 },
      { type: "tacos_listed", ago: 2_000 },
      { type: "page_time", visibleTime: 2_000 },
    ]);
    expect(new Set(page.events.map(({ pageId }) => pageId)).size).toBe(1);
  });

  it("sends to the path of the options", async () => {
    const page = new TestPage().start("/shop/visit");
    await page.advance(500);
    expect(page.sent[0]?.path).toBe("/shop/visit");
  });

  it("with a title that is cut within an emoji sends well-formed text", async () => {
    const page = new TestPage({ title: `${"x".repeat(255)}🌮` }).start();
    await page.advance(500);
    expect(page.events[0]?.title).toBe("x".repeat(255));
  });

  it("with long texts sends them truncated", async () => {
    const page = new TestPage({
      url: new URL(`https://shop.example/${"a".repeat(5_000)}?${"b".repeat(100_000)}`),
      title: "c".repeat(1_000),
      referrer: `https://blog.example/${"d".repeat(5_000)}`,
    }).start();
    await page.advance(500);
    const [{ path = "", query = "", title = "", referrer = "" } = {}] = page.events;
    expect([path.length, query.length, title.length, referrer.length]).toEqual([1024, 4096, 256, 2048]);
  });
});

describe("visible time", () => {
  it("is sent by sendBeacon when the page is hidden, and counts no hidden time", async () => {
    const page = counted();
    await page.advance(3_000);
    page.show("hidden");
    await page.advance(60_000);
    page.show("visible");
    await page.advance(4_000);
    page.show("hidden");
    await page.settle();
    expect(page.sent.map(({ by }) => by)).toEqual(["beacon", "beacon"]);
    expect(page.events).toMatchObject([
      { type: "page_time", pageId: COUNTED, visibleTime: 3_000, ago: 0, path: "/tacos" },
      { type: "page_time", pageId: COUNTED, visibleTime: 4_000, ago: 0 },
    ]);
    expect(page.events[0]?.id).not.toBe(page.events[1]?.id);
  });

  it("is sent once when the page is hidden and left", async () => {
    const page = counted();
    await page.advance(3_000);
    page.show("hidden");
    page.fire("pagehide");
    await page.settle();
    expect(page.events).toMatchObject([{ visibleTime: 3_000 }]);
  });

  it("is sent when the page is left without being hidden", async () => {
    const page = counted();
    await page.advance(3_000);
    page.fire("pagehide");
    await page.settle();
    expect(page.events).toMatchObject([{ visibleTime: 3_000 }]);
  });

  it("begins when a page in a background tab is shown", async () => {
    const page = counted({ visibility: "hidden" });
    await page.advance(60_000);
    page.show("visible");
    await page.advance(1_000);
    page.show("hidden");
    await page.settle();
    expect(page.events).toMatchObject([{ visibleTime: 1_000 }]);
  });

  it("is sent by fetch where sendBeacon fails", async () => {
    const page = counted({ takesBeacons: false });
    await page.advance(3_000);
    page.show("hidden");
    await page.settle();
    expect(page.events).toMatchObject([{ by: "fetch", visibleTime: 3_000 }]);
  });
});

describe("single-page navigation", () => {
  it("ends the view of the old page and begins one with a new id, its query and its later title", async () => {
    const page = counted();
    await page.advance(2_000);
    page.go("/tacos/7?utm_campaign=spring");
    page.title = "Taco 7";
    await page.advance(500);
    expect(page.events).toMatchObject([
      { type: "page_time", pageId: COUNTED, path: "/tacos", title: "Tacos", visibleTime: 2_000 },
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
    page.show("hidden");
    await page.settle();
    expect(page.events.at(-1)).toMatchObject({
      type: "page_time",
      pageId: page.events[1]?.pageId,
      path: "/tacos/7",
      visibleTime: 500,
    });
  });

  it("counts a navigation back as a new page view", async () => {
    const page = counted();
    page.go("/cart");
    page.back("/tacos");
    await page.advance(500);
    expect(page.events.filter(({ type }) => type === "page_view").map(({ path }) => path)).toEqual([
      "/cart",
      "/tacos",
    ]);
    expect(new Set(page.events.map(({ pageId }) => pageId)).size).toBe(2);
  });

  it.each([
    ["pushState to the same address", "/tacos", "pushState", 0],
    ["pushState to another fragment", "#reviews", "pushState", 0],
    ["pushState to another query", "?page=2", "pushState", 1],
    ["replaceState to another query", "?q=tac", "replaceState", 0],
    ["replaceState to another path", "/cart", "replaceState", 1],
  ] as const)("%s: %s by %s counts %i views", async (_title, address, method, views) => {
    const page = counted();
    page.go(address, method);
    await page.advance(500);
    expect(types(page)).toEqual(Array(views).fill("page_view"));
  });
});

it("a new fragment after a replaced query is not a navigation", async () => {
  const page = counted();
  page.go("?q=taco", "replaceState");
  page.go("#results");
  await page.advance(500);
  expect(page.sent).toEqual([]);
});

it("works in a sandboxed frame, where cookies throw", async () => {
  const page = new TestPage();
  Object.defineProperty(page, "cookie", {
    get() {
      throw new DOMException("The document is sandboxed.", "SecurityError");
    },
  });
  page.start();
  await page.advance(500);
  expect(types(page)).toEqual(["page_view"]);
});

describe("the back/forward cache", () => {
  it("a restored page is a new view with a new id", async () => {
    const page = counted({ referrer: "https://blog.example/" });
    await page.advance(1_000);
    page.show("hidden");
    page.fire("pagehide", { persisted: true });
    await page.advance(50_000);
    page.show("visible");
    page.fire("pageshow", { persisted: true });
    await page.advance(2_000);
    page.show("hidden");
    await page.settle();
    const [first, view, time] = page.events;
    expect(first).toMatchObject({ type: "page_time", pageId: COUNTED, visibleTime: 1_000 });
    expect(view).toMatchObject({ type: "page_view", path: "/tacos", ago: 2_000 });
    expect(view).not.toHaveProperty("referrer");
    expect(time).toMatchObject({ type: "page_time", pageId: view?.pageId, visibleTime: 2_000 });
    expect(view?.pageId).not.toBe(COUNTED);
  });

  it("does not count the first showing of a page", async () => {
    const page = counted();
    page.fire("pageshow", { persisted: false });
    await page.advance(500);
    expect(page.sent).toEqual([]);
  });
});

describe("events of the application", () => {
  it("are collected for half a second, with the properties that they had when they were tracked", async () => {
    const page = counted();
    const properties = { taco: { id: 7 } };
    page.tracker.track("taco_zoomed", properties);
    properties.taco.id = 8;
    await page.advance(200);
    page.tracker.track("taco_turned");
    await page.advance(300);
    expect(page.sent).toHaveLength(1);
    expect(page.events).toMatchObject([
      { type: "taco_zoomed", pageId: COUNTED, ago: 500, path: "/tacos", properties: { taco: { id: 7 } } },
      { type: "taco_turned", pageId: COUNTED, ago: 300, properties: {} },
    ]);
  });

  it("are sent at once when the page is hidden, in another request than the visible time", async () => {
    const page = counted();
    page.tracker.track("taco_zoomed");
    await page.advance(100);
    page.tracker.track("taco_turned");
    page.show("hidden");
    page.fire("pagehide");
    await page.settle();
    expect(page.sent.map(({ by, body }) => [by, body.events.map(({ type, ago }) => [type, ago])])).toEqual([
      [
        "beacon",
        [
          ["taco_zoomed", 100],
          ["taco_turned", 0],
        ],
      ],
      ["beacon", [["page_time", 0]]],
    ]);
  });

  it("are dropped after 48 hours, and if they are too long", async () => {
    const page = counted({ status: null });
    page.tracker.track("note", { text: "x".repeat(20_000) });
    page.tracker.track("taco_zoomed");
    await page.advance(500);
    page.status = 204;
    await page.advance(48 * 3_600_000);
    page.tracker.track("taco_turned");
    await page.advance(500);
    expect(types(page)).toEqual(["taco_zoomed", "taco_turned"]);
  });

  it.each([
    ["fails", null],
    ["has status 503", 503],
    ["has status 429", 429],
  ])("are repeated with the same id when their request %s", async (_what, status) => {
    const page = counted({ status });
    page.tracker.track("taco_zoomed");
    await page.advance(500);
    page.status = 204;
    await page.advance(10_000);
    page.tracker.track("taco_turned");
    await page.advance(500);
    const [first, again, next] = page.events;
    expect([first?.ago, again?.ago, next?.ago]).toEqual([500, 11_000, 500]);
    expect(again).toMatchObject({ type: "taco_zoomed", id: first?.id });
    expect(next?.type).toBe("taco_turned");
    await page.advance(60_000);
    expect(page.sent).toHaveLength(2);
  });

  it.each([204, 400, 403])("are not repeated after status %i", async (status) => {
    const page = counted({ status });
    page.tracker.track("taco_zoomed");
    await page.advance(500);
    page.tracker.track("taco_turned");
    await page.advance(500);
    expect(types(page)).toEqual(["taco_zoomed", "taco_turned"]);
  });

  it("sent by sendBeacon are repeated once when the page is shown again; the visible time is not", async () => {
    const page = counted();
    page.tracker.track("taco_zoomed");
    await page.advance(100);
    page.show("hidden");
    page.show("visible");
    await page.advance(500);
    await page.advance(60_000);
    expect(types(page)).toEqual(["taco_zoomed", "page_time", "taco_zoomed"]);
    expect(page.events[0]?.id).toBe(page.events[2]?.id);
  });

  it("without a response are repeated when the page is shown again", async () => {
    const page = counted({ status: null });
    page.tracker.track("taco_zoomed");
    await page.advance(500);
    page.status = 204;
    page.show("hidden");
    page.show("visible");
    await page.advance(500);
    await page.advance(60_000);
    expect(page.events.filter(({ type }) => type === "taco_zoomed").map(({ by }) => by)).toEqual([
      "fetch",
      "beacon",
      "fetch",
    ]);
  });

  it("keep the id and the title of their page when they are repeated on the next one", async () => {
    const page = counted({ status: null });
    page.tracker.track("taco_zoomed");
    await page.advance(500);
    page.go("/cart");
    await page.settle();
    page.title = "Cart";
    page.status = 204;
    await page.advance(500);
    const repeated = page.events.filter(({ type }) => type === "taco_zoomed").at(-1);
    expect(repeated).toMatchObject({ pageId: COUNTED, path: "/tacos", title: "Tacos" });
    expect(page.events.at(-1)).toMatchObject({ type: "page_view", path: "/cart", title: "Cart" });
    expect(page.events.at(-1)?.pageId).not.toBe(COUNTED);
  });

  it("are dropped, the oldest first, when more than 50 wait for a response", async () => {
    const page = counted({ status: null });
    for (let index = 0; index < 60; index++) page.tracker.track(`event_${index}`);
    await page.advance(500);
    for (let index = 60; index < 70; index++) page.tracker.track(`event_${index}`);
    page.sent.length = 0;
    await page.advance(500);
    expect(types(page)).toHaveLength(50);
    expect([types(page)[0], types(page).at(-1)]).toEqual(["event_20", "event_69"]);
  });

  it("of a failed request count among the 50 that may wait", async () => {
    const page = counted({ status: null });
    for (let index = 0; index < 40; index++) page.tracker.track(`event_${index}`);
    const sending = page.advance(500);
    for (let index = 40; index < 60; index++) page.tracker.track(`event_${index}`);
    await sending;
    await page.settle();
    page.sent.length = 0;
    await page.advance(500);
    expect([types(page).length, types(page)[0]]).toEqual([50, "event_10"]);
  });

  it("are split where a body would exceed what browsers accept", async () => {
    const page = counted();
    for (let index = 0; index < 5; index++) page.tracker.track("note", { text: "🌮".repeat(4_000) });
    page.show("hidden");
    await page.settle();
    expect(types(page)).toHaveLength(5);
    for (const { body } of page.sent) {
      expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThan(64 * 1024);
    }
  });
});

describe("privacy", () => {
  async function use(page: TestPage): Promise<void> {
    page.tracker.track("taco_zoomed");
    page.go("/cart");
    await page.advance(1_000);
    page.show("hidden");
    page.fire("pagehide");
    await page.settle();
  }

  it("sends nothing with Global Privacy Control", async () => {
    const page = new TestPage({ privacyControl: true }).start();
    await use(page);
    expect(page.sent).toEqual([]);
  });

  it("sends nothing after an opt-out on an earlier page", async () => {
    const page = new TestPage({ cookie: "theme=dark; visitor_optout=1" }).start();
    await use(page);
    expect(page.sent).toEqual([]);
  });

  it("optOut() tells the server, drops what was not sent, and sends nothing more", async () => {
    const page = counted();
    page.tracker.track("taco_zoomed");
    await page.tracker.optOut();
    await use(page);
    expect(page.choices).toEqual(["/session/visit/opt-out"]);
    expect(page.sent).toEqual([]);
  });

  it("optOut() also stops the repetition of events that are being sent", async () => {
    const page = counted({ status: 503 });
    page.tracker.track("taco_zoomed");
    const sending = page.advance(500);
    page.tracker.track("taco_turned");
    await expect(page.tracker.optOut()).rejects.toThrow("The opt-out failed with status 503.");
    await sending;
    await page.advance(500);
    expect(types(page)).toEqual(["taco_zoomed"]);
  });

  it("optOut() rejects without a confirmation, and sends nothing even then", async () => {
    const page = counted({ status: null });
    await expect(page.tracker.optOut()).rejects.toThrow("Failed to fetch");
    await use(page);
    expect(page.sent).toEqual([]);
  });

  it("optIn() begins a view with a new page id", async () => {
    const page = new TestPage({ cookie: "visitor_optout=1", meta: COUNTED }).start();
    await page.tracker.optIn();
    await page.advance(500);
    expect(page.choices).toEqual(["/session/visit/opt-in"]);
    expect(page.events).toMatchObject([{ type: "page_view", path: "/tacos" }]);
    expect(page.events[0]?.pageId).not.toBe(COUNTED);
  });

  it("optIn() sends no event while Global Privacy Control is on", async () => {
    const page = new TestPage({ privacyControl: true }).start();
    await page.tracker.optIn();
    await use(page);
    expect(page.sent).toEqual([]);
  });
});

it("does nothing on a server", async () => {
  const tracker = startTracker();
  tracker.track("taco_zoomed");
  await expect(tracker.optOut()).resolves.toBeUndefined();
});
