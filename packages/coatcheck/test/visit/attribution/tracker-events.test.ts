import { describe, expect, it } from "vitest";
import { createPageCountedByServer, listEventTypes, SERVER_PAGE_ID, TestPage } from "./tracker-fixtures.ts";

describe("Tracker.track()", () => {
  it("sends events half a second later, with the properties that they had at the time of the call", async () => {
    const page = createPageCountedByServer();
    const properties = { taco: { id: 7 } };
    page.tracker.track("taco_zoomed", properties);
    properties.taco.id = 8;
    await page.advance(200);
    page.tracker.track("taco_turned");
    await page.advance(300);
    expect(page.sentBeacons).toHaveLength(1);
    expect(page.events).toMatchObject([
      {
        type: "taco_zoomed",
        pageId: SERVER_PAGE_ID,
        ago: 500,
        path: "/tacos",
        properties: { taco: { id: 7 } },
      },
      { type: "taco_turned", pageId: SERVER_PAGE_ID, ago: 300, properties: {} },
    ]);
  });

  it("sends events and visible time in separate requests as soon as the page is hidden", async () => {
    const page = createPageCountedByServer();
    page.tracker.track("taco_zoomed");
    await page.advance(100);
    page.tracker.track("taco_turned");
    page.setVisibility("hidden");
    page.fireEvent("pagehide");
    await page.waitForResponses();
    expect(
      page.sentBeacons.map(({ by, body }) => [by, body.events.map(({ type, ago }) => [type, ago])]),
    ).toEqual([
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

  it("drops an event that is older than 48 hours or too long", async () => {
    const page = createPageCountedByServer({ status: null });
    page.tracker.track("note", { text: "x".repeat(20_000) });
    page.tracker.track("taco_zoomed");
    await page.advance(500);
    page.status = 204;
    await page.advance(48 * 3_600_000);
    page.tracker.track("taco_turned");
    await page.advance(500);
    expect(listEventTypes(page)).toEqual(["taco_zoomed", "taco_turned"]);
  });

  it.each([
    ["fails", null],
    ["has status 503", 503],
    ["has status 429", 429],
  ])("sends an event again with the same id when its request %s", async (_what, status) => {
    const page = createPageCountedByServer({ status });
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
    expect(page.sentBeacons).toHaveLength(2);
  });

  it.each([204, 400, 403])("does not send events again after a response with status %i", async (status) => {
    const page = createPageCountedByServer({ status });
    page.tracker.track("taco_zoomed");
    await page.advance(500);
    page.tracker.track("taco_turned");
    await page.advance(500);
    expect(listEventTypes(page)).toEqual(["taco_zoomed", "taco_turned"]);
  });

  it("repeats the events of a beacon once when the page is shown again, but not the visible time", async () => {
    const page = createPageCountedByServer();
    page.tracker.track("taco_zoomed");
    await page.advance(100);
    page.setVisibility("hidden");
    page.setVisibility("visible");
    await page.advance(500);
    await page.advance(60_000);
    expect(listEventTypes(page)).toEqual(["taco_zoomed", "page_time", "taco_zoomed"]);
    expect(page.events[0]?.id).toBe(page.events[2]?.id);
  });

  it("sends an event again when the page is shown again, if no response has arrived", async () => {
    const page = createPageCountedByServer({ status: null });
    page.tracker.track("taco_zoomed");
    await page.advance(500);
    page.status = 204;
    page.setVisibility("hidden");
    page.setVisibility("visible");
    await page.advance(500);
    await page.advance(60_000);
    expect(page.events.filter(({ type }) => type === "taco_zoomed").map(({ by }) => by)).toEqual([
      "fetch",
      "beacon",
      "fetch",
    ]);
  });

  it("keeps the page id and title of an event, even if the event is sent again after a navigation", async () => {
    const page = createPageCountedByServer({ status: null });
    page.tracker.track("taco_zoomed");
    await page.advance(500);
    page.navigateTo("/cart");
    await page.waitForResponses();
    page.title = "Cart";
    page.status = 204;
    await page.advance(500);
    const repeated = page.events.filter(({ type }) => type === "taco_zoomed").at(-1);
    expect(repeated).toMatchObject({ pageId: SERVER_PAGE_ID, path: "/tacos", title: "Tacos" });
    expect(page.events.at(-1)).toMatchObject({ type: "page_view", path: "/cart", title: "Cart" });
    expect(page.events.at(-1)?.pageId).not.toBe(SERVER_PAGE_ID);
  });

  it("drops the oldest events when more than 50 wait for a response", async () => {
    const page = createPageCountedByServer({ status: null });
    for (let index = 0; index < 60; index++) page.tracker.track(`event_${index}`);
    await page.advance(500);
    for (let index = 60; index < 70; index++) page.tracker.track(`event_${index}`);
    page.sentBeacons.length = 0;
    await page.advance(500);
    expect(listEventTypes(page)).toHaveLength(50);
    expect([listEventTypes(page)[0], listEventTypes(page).at(-1)]).toEqual(["event_20", "event_69"]);
  });

  it("includes events of a failed request in the limit of 50 waiting events", async () => {
    const page = createPageCountedByServer({ status: null });
    for (let index = 0; index < 40; index++) page.tracker.track(`event_${index}`);
    const sending = page.advance(500);
    for (let index = 40; index < 60; index++) page.tracker.track(`event_${index}`);
    await sending;
    await page.waitForResponses();
    page.sentBeacons.length = 0;
    await page.advance(500);
    expect([listEventTypes(page).length, listEventTypes(page)[0]]).toEqual([50, "event_10"]);
  });

  it("splits events into several bodies if one would exceed the browsers' limit", async () => {
    const page = createPageCountedByServer();
    for (let index = 0; index < 5; index++) page.tracker.track("note", { text: "🌮".repeat(4_000) });
    page.setVisibility("hidden");
    await page.waitForResponses();
    expect(listEventTypes(page)).toHaveLength(5);
    for (const { body } of page.sentBeacons) {
      expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThan(64 * 1024);
    }
  });
});

describe("Tracker privacy", () => {
  async function use(page: TestPage): Promise<void> {
    page.tracker.track("taco_zoomed");
    page.navigateTo("/cart");
    await page.advance(1_000);
    page.setVisibility("hidden");
    page.fireEvent("pagehide");
    await page.waitForResponses();
  }

  it("sends nothing if Global Privacy Control is on", async () => {
    const page = new TestPage({ privacyControl: true }).startTracker();
    await use(page);
    expect(page.sentBeacons).toEqual([]);
  });

  it("sends nothing if the visitor has opted out on an earlier page", async () => {
    const page = new TestPage({ cookie: "theme=dark; visitor_optout=1" }).startTracker();
    await use(page);
    expect(page.sentBeacons).toEqual([]);
  });

  it("optOut() sends the opt-out, drops waiting events, and stops sending", async () => {
    const page = createPageCountedByServer();
    page.tracker.track("taco_zoomed");
    await page.tracker.optOut();
    await use(page);
    expect(page.choiceRequests).toEqual(["/session/visit/opt-out"]);
    expect(page.sentBeacons).toEqual([]);
  });

  it("optOut() prevents failed requests from being repeated", async () => {
    const page = createPageCountedByServer({ status: 503 });
    page.tracker.track("taco_zoomed");
    const sending = page.advance(500);
    page.tracker.track("taco_turned");
    await expect(page.tracker.optOut()).rejects.toThrow("The opt-out failed with status 503.");
    await sending;
    await page.advance(500);
    expect(listEventTypes(page)).toEqual(["taco_zoomed"]);
  });

  it("optOut() rejects if the server does not confirm the opt-out, but sends no more events anyway", async () => {
    const page = createPageCountedByServer({ status: null });
    await expect(page.tracker.optOut()).rejects.toThrow("Failed to fetch");
    await use(page);
    expect(page.sentBeacons).toEqual([]);
  });

  it("optIn() begins a page view with a new page id", async () => {
    const page = new TestPage({ cookie: "visitor_optout=1", meta: SERVER_PAGE_ID }).startTracker();
    await page.tracker.optIn();
    await page.advance(500);
    expect(page.choiceRequests).toEqual(["/session/visit/opt-in"]);
    expect(page.events).toMatchObject([{ type: "page_view", path: "/tacos" }]);
    expect(page.events[0]?.pageId).not.toBe(SERVER_PAGE_ID);
  });

  it("optIn() sends no events while Global Privacy Control is on", async () => {
    const page = new TestPage({ privacyControl: true }).startTracker();
    await page.tracker.optIn();
    await use(page);
    expect(page.sentBeacons).toEqual([]);
  });
});
