import { describe, expect, it } from "vitest";
import { defineEvents } from "../../../src/visit/define-events.ts";
import { createBeacon, HOUR, MINUTE, startFixture } from "./fixtures.ts";
import { ADAPTERS } from "./servers.ts";

const PAGE = "11111111-1111-4111-8111-111111111111";

describe.each(ADAPTERS)("the beacon endpoint on %s", (_name, start) => {
  it("tracks the events of a page that the server has counted", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    await browser.openPage("/menu");
    const [view] = fixture.queue.events;
    fixture.advance(20_000);
    const beacon = createBeacon(
      view?.page?.id ?? "",
      { type: "search", path: "/menu", properties: { q: "taco" }, ago: 5000 },
      { type: "page_time", path: "/menu", title: "Menu", visibleTime: 12_000 },
    );
    const { status, json } = await browser.sendBeacon(beacon);
    expect([status, json]).toEqual([200, { success: true, data: { accepted: 2 } }]);
    const [, search, time] = fixture.queue.events;
    const who = { visitorId: view?.visitorId, sessionId: view?.sessionId, origin: "browser" };
    expect(search).toMatchObject({
      ...who,
      type: "search",
      at: fixture.now() - 5000,
      receivedAt: fixture.now(),
      properties: { q: "taco" },
    });
    expect(time).toMatchObject({ ...who, visibleTime: 12_000, page: { id: view?.page?.id, title: "Menu" } });
  });

  it("gives an event the same id when it is sent again, and a different id when another visitor sends it", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    await browser.openPage("/");
    const beacon = createBeacon(PAGE, { type: "search" });
    await browser.sendBeacon(beacon);
    fixture.advance(10);
    await browser.sendBeacon(beacon);
    const other = fixture.browser();
    await other.openPage("/");
    await other.sendBeacon(beacon);
    const [first, second, foreign] = fixture.queue.eventsOfType("search").map(({ id }) => id);
    expect(second).toBe(first);
    expect(foreign).not.toBe(first);
  });

  it("limits visible time to the time since the page was opened or last sent a beacon", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    await browser.openPage("/");
    const pageId = fixture.queue.events[0]?.page?.id ?? "";
    fixture.advance(10_000);
    await browser.sendBeacon(createBeacon(pageId, { type: "page_time", visibleTime: HOUR }));
    fixture.advance(3_000);
    await browser.sendBeacon(createBeacon(pageId, { type: "page_time", visibleTime: HOUR }));
    await browser.sendBeacon(
      createBeacon(PAGE, { type: "page_view", ago: 4000 }, { type: "page_time", visibleTime: HOUR }),
    );
    expect(fixture.queue.eventsOfType("page_time").map(({ visibleTime }) => visibleTime)).toEqual([
      10_000, 3_000, 4_000,
    ]);
  });

  it("creates visitor, session and visit for a browser's first beacon if it contains a page view", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    const event = { type: "page_view", path: "/app", query: "?utm_source=x&utm_medium=cpc", ago: 1000 };
    await browser.sendBeacon(createBeacon(PAGE, event));
    const [view] = fixture.queue.events;
    expect(view).toMatchObject({
      visitorId: browser.cookie("visitor_id"),
      page: { id: PAGE, path: "/app" },
      source: { source: "x", medium: "cpc" },
    });
    expect(view?.visitorId).not.toBeNull();
    expect(fixture.store.writes).toBe(1);
    const { json } = await browser.sendFromScript("/visitor");
    expect(view?.sessionId).toBe(json.sessionId);
    expect(await fixture.manager.find(String(json.sessionId))).toMatchObject({
      visitorId: view?.visitorId,
      visit: { id: view?.id, landingPage: "/app", startedAt: view?.at },
    });
  });

  it("ignores bots, and browsers that have viewed no page", async () => {
    await using fixture = await startFixture(start);
    const beacon = createBeacon(PAGE, { type: "search" });
    const unknown = await fixture.browser().sendBeacon(beacon);
    const bot = await fixture.browser("Googlebot/2.1").sendBeacon(createBeacon(PAGE, { type: "page_view" }));
    expect([unknown.status, bot.status, fixture.queue.events]).toEqual([200, 200, []]);
  });

  it("tracks events after the session has ended; they belong to the visitor but to no session", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    await browser.openPage("/");
    const [view] = fixture.queue.events;
    await fixture.manager.revoke({ session: view?.sessionId ?? "" });
    const { status } = await browser.sendBeacon(createBeacon(PAGE, { type: "page_time", visibleTime: 1 }));
    expect(status).toBe(200);
    expect(fixture.queue.eventsOfType("page_time")).toMatchObject([
      { visitorId: view?.visitorId, sessionId: null },
    ]);
  });

  it("accepts beacons while the store is down", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    await browser.openPage("/");
    fixture.store.isDown = true;
    const { status } = await browser.sendBeacon(createBeacon(PAGE, { type: "page_view" }));
    expect(status).toBe(200);
    expect(fixture.queue.eventsOfType("page_view").length).toBe(2);
  });

  it("accepts the content type text/plain, which sendBeacon() sends for a string", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    await browser.openPage("/");
    const { status } = await browser.sendBeacon(createBeacon(PAGE, { type: "search" }), {
      "content-type": "text/plain;charset=UTF-8",
    });
    expect([status, fixture.queue.eventsOfType("search").length]).toEqual([200, 1]);
  });

  it("rejects a body of more than 64 KB", async () => {
    await using fixture = await startFixture(start);
    const { status } = await fixture.browser().sendFromScript("/session/visit", { body: " ".repeat(70_000) });
    expect(status).toBe(413);
  });

  it("rejects beacons of another site's page, but requires no CSRF token", async () => {
    await using fixture = await startFixture(start, { http: { csrf: { token: "required" } } });
    const browser = fixture.browser();
    await browser.openPage("/");
    const own = await browser.sendBeacon(createBeacon(PAGE, { type: "search" }));
    const foreign = await browser.sendBeacon(createBeacon(PAGE, { type: "search" }), {
      "sec-fetch-site": "cross-site",
    });
    const optOut = await browser.sendFromScript("/session/visit/opt-out");
    const page = await browser.sendFromScript("/data");
    expect([own.status, foreign.status, optOut.status, page.status]).toEqual([200, 403, 200, 403]);
  });

  it("does not extend a session whose page sends only `page_time`", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    await browser.openPage("/");
    const lastSeenAt = async () => {
      const session = await fixture.manager.resume(browser.cookie("sid") ?? "", "none");
      return "lastSeenAt" in session ? session.lastSeenAt : session.refusal;
    };
    fixture.advance(20 * MINUTE);
    await browser.sendBeacon(createBeacon(PAGE, { type: "page_time", visibleTime: 1 }));
    expect(await lastSeenAt()).toBe(fixture.now() - 20 * MINUTE);
    await browser.sendBeacon(createBeacon(PAGE, { type: "page_view" }));
    expect(await lastSeenAt()).toBe(fixture.now());
  });

  it("drops and counts the events that exceed a visitor's limit, but responds 2xx", async () => {
    await using fixture = await startFixture(start, { visits: { eventsPerMinute: 3 } });
    const browser = fixture.browser();
    await browser.openPage("/");
    const events = Array.from({ length: 5 }, () => ({ type: "search" }));
    const { status, json } = await browser.sendBeacon(createBeacon(PAGE, ...events));
    expect([status, json]).toEqual([200, { success: true, data: { accepted: 2 } }]);
    expect(fixture.queue.counts).toEqual(Array(3).fill(["dropped", null]));
    await fixture.browser().openPage("/");
    fixture.advance(MINUTE);
    await browser.openPage("/");
    expect(fixture.queue.eventsOfType("page_view").length).toBe(3);
  });

  it("validates the application's own events by their schema", async () => {
    const events = defineEvents({ quiz_finished: { key: true } });
    await using fixture = await startFixture(start, { visits: { events } });
    const browser = fixture.browser();
    await browser.openPage("/");
    await browser.sendBeacon(createBeacon(PAGE, { type: "quiz_finished", properties: { score: 3 } }));
    expect(fixture.queue.eventsOfType("quiz_finished")).toMatchObject([
      { isKey: true, properties: { score: 3 } },
    ]);
  });

  it("serves the page's script", async () => {
    await using fixture = await startFixture(start);
    const { status, headers, body, cookies } = await fixture
      .browser()
      .sendFromScript("/session/visit.js", { method: "GET" });
    expect([status, headers["content-type"], cookies]).toEqual([200, "text/javascript; charset=utf-8", []]);
    expect(headers["cache-control"]).toBe("public, max-age=3600");
    expect(body).toContain("sendBeacon");
  });
});

describe("the body of a beacon", () => {
  const [, start] = ADAPTERS[0] ?? [];
  if (!start) throw new Error("There is no adapter.");

  it.each<[string, unknown, string]>([
    ["invalid JSON", "{", ""],
    ["a list", [], ""],
    ["an unknown field", { pageId: PAGE, events: [], user: "ann" }, "user"],
    ["a page id that is not a UUID", { pageId: "1", events: [] }, "pageId"],
    ["a missing list of events", { pageId: PAGE }, "events"],
    ["too many events", { pageId: PAGE, events: Array(52).fill({}) }, "events"],
    ["an event that is not an object", { pageId: PAGE, events: [1] }, "events.0"],
    ["an unknown event", createBeacon(PAGE, { type: "buy" }), "events.0.type"],
    ["an order", createBeacon(PAGE, { type: "order_completed" }), "events.0.type"],
    ["a login", createBeacon(PAGE, { type: "login" }), "events.0.type"],
    ["an id that is not a UUID", createBeacon(PAGE, { type: "search", id: "x" }), "events.0.id"],
    ["a future event", createBeacon(PAGE, { type: "search", ago: -1 }), "events.0.ago"],
    [
      "an event older than 48 hours",
      createBeacon(PAGE, { type: "search", ago: 48 * HOUR + 1 }),
      "events.0.ago",
    ],
    ["a time that is not a number", createBeacon(PAGE, { type: "search", ago: "1" }), "events.0.ago"],
    [
      "negative visible time",
      createBeacon(PAGE, { type: "page_time", visibleTime: -1 }),
      "events.0.visibleTime",
    ],
    ["page_time without a time", createBeacon(PAGE, { type: "page_time" }), "events.0.visibleTime"],
    ["a path that is a URL", createBeacon(PAGE, { type: "search", path: "https://x/" }), "events.0.path"],
    ["a long title", createBeacon(PAGE, { type: "search", title: "x".repeat(257) }), "events.0.title"],
    ["wrong properties", createBeacon(PAGE, { type: "search", properties: [] }), "events.0.properties"],
    [
      "an unknown field of an event",
      createBeacon(PAGE, { type: "search", visitorId: PAGE }),
      "events.0.visitorId",
    ],
  ])("is rejected with the path of the fault for %s", async (_fault, body, path) => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    await browser.openPage("/");
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const { status, json } = await browser.sendFromScript("/session/visit", { body: text });
    expect([status, json.error?.code]).toEqual([400, "VALIDATION_FAILED"]);
    expect(json.error?.faults?.map((fault) => fault.path)).toContain(path);
    expect(fixture.queue.eventTypes).toEqual(["page_view"]);
  });
});
