import { describe, expect, it } from "vitest";
import { CoatcheckError } from "../../../src/session/errors.ts";
import type { ConvertedOrder } from "../../../src/session/session-visit.ts";
import { orderEventId } from "../../../src/visit/ingest/uuid-v7.ts";
import type { StoredOrder } from "../../../src/visit/sink.ts";
import { type Browser, DAY, HOUR, MINUTE, startFixture } from "./fixtures.ts";
import { ADAPTERS } from "./servers.ts";

const ORDER: ConvertedOrder = { orderId: "o-1", revenue: 1990, currency: "EUR" };

async function convert(browser: Browser, order: unknown) {
  return await browser.sendFromScript(`/convert?order=${encodeURIComponent(JSON.stringify(order))}`);
}

describe.each(ADAPTERS)("session.visit on %s", (_name, start) => {
  it("convert() marks the session and tracks the order", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    await browser.openPage("/");
    await browser.sendFromScript("/login?subject=ann");
    fixture.advance(1000);
    const { status, json } = await convert(browser, ORDER);
    expect([status, json]).toEqual([200, { collected: true }]);
    const [view] = fixture.queue.events;
    expect(fixture.queue.eventsOfType("order_completed")).toMatchObject([
      {
        id: orderEventId(null, "o-1"),
        at: fixture.now(),
        origin: "browser",
        visitorId: view?.visitorId,
        sessionId: view?.sessionId,
        subject: "ann",
        isKey: true,
        order: ORDER,
      },
    ]);
    const record = await fixture.manager.find(view?.sessionId ?? "");
    expect(record).toMatchObject({ conversion: { ...ORDER, at: fixture.now() }, subject: "ann" });
  });

  it("convert() accepts a repeated order with the same amount, without a second event", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    await browser.openPage("/");
    await convert(browser, ORDER);
    const id = fixture.queue.events[0]?.sessionId ?? "";
    const before = await fixture.manager.find(id);
    fixture.advance(HOUR / 10);
    expect((await convert(browser, ORDER)).status).toBe(200);
    const after = await fixture.manager.find(id);
    expect([after?.conversion, after?.version]).toEqual([before?.conversion, before?.version]);
    const ids = new Set(fixture.queue.eventsOfType("order_completed").map((event) => event.id));
    expect(ids.size).toBe(1);
  });

  it("convert() rejects a repeated order with another amount or session with CONFLICT", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    const other = fixture.browser();
    await browser.openPage("/");
    await other.openPage("/");
    await convert(browser, ORDER);
    for (const [from, order] of [
      [browser, { ...ORDER, revenue: 2000 }],
      [browser, { ...ORDER, currency: "USD" }],
      [other, ORDER],
    ] as const) {
      const { status, json } = await convert(from, order);
      expect([status, json.error?.code]).toEqual([409, "CONFLICT"]);
    }
    expect(fixture.queue.eventsOfType("order_completed").length).toBe(1);
    expect((await convert(browser, { ...ORDER, orderId: "o-2", revenue: 0 })).status).toBe(200);
    expect(fixture.queue.eventsOfType("order_completed").length).toBe(2);
  });

  it("convert() rejects an order that the sink has stored with other data, but accepts it if the sink does not respond", async () => {
    const stored: StoredOrder = { ...ORDER, sessionId: "another", visitorId: null, at: 1 };
    let isDown = false;
    const orders = {
      findOrder: async () => {
        if (isDown) throw new CoatcheckError("STORE_UNAVAILABLE", "down");
        return stored;
      },
    };
    await using fixture = await startFixture(start, { visits: { orders } });
    const browser = fixture.browser();
    await browser.openPage("/");
    expect((await convert(browser, ORDER)).status).toBe(409);
    expect((await convert(browser, { ...ORDER, revenue: 1 })).status).toBe(409);
    isDown = true;
    expect((await convert(browser, ORDER)).status).toBe(200);
  });

  it("convert() compares a repeated order with the session's record if the node does not remember the order", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    await browser.openPage("/");
    const id = fixture.queue.events[0]?.sessionId ?? "";
    await fixture.manager.changeVisit(id, () => ({ conversion: { ...ORDER, at: 1 } }));
    expect((await convert(browser, { ...ORDER, revenue: 1 })).status).toBe(409);
    expect((await convert(browser, ORDER)).status).toBe(200);
    expect(fixture.queue.eventsOfType("order_completed").length).toBe(1);
  });

  it("if the queue is full, convert() marks the session as converted but rejects, and a second call succeeds", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    await browser.openPage("/");
    fixture.queue.isFull = true;
    expect((await convert(browser, ORDER)).status).toBe(503);
    const id = fixture.queue.events[0]?.sessionId ?? "";
    expect((await fixture.manager.find(id))?.conversion?.orderId).toBe("o-1");
    fixture.queue.isFull = false;
    expect((await convert(browser, ORDER)).status).toBe(200);
    expect(fixture.queue.eventsOfType("order_completed").length).toBe(1);
  });

  it("the next request of a session tracks a recent order that another process has recorded but not tracked; later requests do not", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    await browser.openPage("/");
    const id = fixture.queue.events[0]?.sessionId ?? "";
    const at = fixture.now();
    await fixture.manager.changeVisit(id, () => ({ conversion: { ...ORDER, at } }));
    fixture.advance(MINUTE);
    for (let page = 0; page < 2; page++) await browser.sendFromScript("/visitor");
    expect(fixture.queue.eventsOfType("order_completed")).toMatchObject([
      { at, sessionId: id, order: { orderId: "o-1" }, origin: "backend", isKey: true },
    ]);
    const old = { ...ORDER, orderId: "o-2", at: at - 3 * DAY };
    await fixture.manager.changeVisit(id, () => ({ conversion: old }));
    await browser.sendFromScript("/visitor");
    expect(fixture.queue.eventsOfType("order_completed").length).toBe(1);
  });

  it("a login is tracked only once, even if its request is repeated", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    await browser.openPage("/");
    const before = new Map(browser.jar);
    await browser.sendFromScript("/login?subject=ann");
    // The response was lost, so the browser sends the request again with its old cookie.
    browser.jar.clear();
    for (const [name, cookie] of before) browser.jar.set(name, cookie);
    await browser.sendFromScript("/login?subject=ann");
    expect(fixture.queue.eventsOfType("login")).toMatchObject([
      { subject: "ann", isKey: true, origin: "browser" },
    ]);
  });

  it("track() stores the event together with the page whose script has sent the request", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    await browser.openPage("/product/7");
    const headers = { referer: `${fixture.url}/product/7?secret=1` };
    const properties = encodeURIComponent(JSON.stringify({ sku: "7" }));
    const { json } = await browser.sendFromScript(`/track?name=add_to_cart&properties=${properties}`, {
      headers,
    });
    expect(json).toEqual({ collected: true });
    expect(fixture.queue.eventsOfType("add_to_cart")).toMatchObject([
      { isKey: true, properties: { sku: "7" }, page: { id: null, path: "/product/7" }, source: null },
    ]);
    const unknown = await browser.sendFromScript("/track?name=buy");
    const own = await browser.sendFromScript("/track?name=order_completed");
    expect([unknown.status, own.status]).toEqual([400, 400]);
  });

  it("track() sets the visitor cookie even if the response is not a page", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    await browser.openPage("/track?name=search");
    expect(fixture.queue.eventTypes).toEqual(["search"]);
    expect(browser.cookie("visitor_id")).toBe(fixture.queue.events[0]?.visitorId);
  });
});

describe("session.visit.convert()", () => {
  const [, start] = ADAPTERS[0] ?? [];
  if (!start) throw new Error("There is no adapter.");

  it.each<[string, unknown, string]>([
    ["the value null", null, "orderId"],
    ["an empty id", { ...ORDER, orderId: "" }, "orderId"],
    ["a long id", { ...ORDER, orderId: "x".repeat(129) }, "orderId"],
    ["negative revenue", { ...ORDER, revenue: -1 }, "revenue"],
    ["a fraction of a cent", { ...ORDER, revenue: 19.9 }, "revenue"],
    ["revenue as text", { ...ORDER, revenue: "1990" }, "revenue"],
    ["an unsafe integer", { ...ORDER, revenue: 2 ** 53 }, "revenue"],
    ["an unknown currency", { ...ORDER, currency: "XYZ" }, "currency"],
    ["a currency in lower case", { ...ORDER, currency: "eur" }, "currency"],
  ])("rejects %s with the path of the fault", async (_fault, order, path) => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    await browser.openPage("/");
    const { status, json } = await convert(browser, order);
    expect([status, json.error?.code]).toEqual([400, "VALIDATION_FAILED"]);
    expect(json.error?.faults?.map((fault) => fault.path)).toContain(path);
    expect(fixture.queue.eventTypes).toEqual(["page_view"]);
  });
});

describe("events reported by a backend", () => {
  const [, start] = ADAPTERS[0] ?? [];
  if (!start) throw new Error("There is no adapter.");

  it("belong to the session's visitor", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    await browser.openPage("/");
    const [view] = fixture.queue.events;
    const id = view?.sessionId ?? "";
    expect(await fixture.visits.convert(fixture.manager, id, ORDER)).toEqual({ collected: true });
    const record = await fixture.manager.find(id);
    if (!record) throw new Error("There is no session.");
    const at = fixture.now() - HOUR;
    expect(fixture.visits.report(record, { type: "search", at })).toEqual({ collected: true });
    expect(fixture.queue.events.slice(1)).toMatchObject([
      { type: "order_completed", origin: "backend", visitorId: view?.visitorId, sessionId: id, order: ORDER },
      { type: "search", origin: "backend", at, receivedAt: fixture.now() },
    ]);
    expect(record.conversion).toMatchObject(ORDER);
  });

  it("are collected for the session of an API consumer, but not after the browser of a session has opted out", async () => {
    await using fixture = await startFixture(start);
    const browser = fixture.browser();
    await browser.openPage("/");
    const id = fixture.queue.events[0]?.sessionId ?? "";
    await browser.sendFromScript("/session/visit/opt-out");
    expect(await fixture.visits.convert(fixture.manager, id, ORDER)).toEqual({ collected: false });
    const { record } = await fixture.manager.create({ owner: "consumer:slack" });
    const order = { ...ORDER, orderId: "o-2" };
    expect(await fixture.visits.convert(fixture.manager, record.id, order)).toEqual({ collected: true });
    expect(fixture.queue.eventsOfType("order_completed")).toMatchObject([
      { visitorId: null, sessionId: record.id },
    ]);
  });

  it.each([[1], [-49 * HOUR], [Number.NaN]])(
    "are rejected if their time is %i ms after the current time",
    async (offset) => {
      await using fixture = await startFixture(start);
      const { record } = await fixture.manager.create({ owner: "consumer:slack" });
      const report = { type: "search", at: fixture.now() + offset };
      expect(() => fixture.visits.report(record, report)).toThrow(/at must be a time of the last 48 hours/);
    },
  );
});
