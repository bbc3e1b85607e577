import { describe, expect, it } from "vitest";
import type { VisitEvent } from "../../../src/visit/event.ts";
import { assignToVisits } from "../../../src/visit/facts/assign.ts";
import { eventRowOf } from "../../../src/visit/facts/event-row.ts";
import { factsOf } from "../../../src/visit/facts/facts.ts";
import { LocalTime } from "../../../src/visit/facts/local-time.ts";
import type { VisitRow } from "../../../src/visit/sink/schema.ts";
import { DAY, eventOf, HOUR, MINUTE, START, sourceOf } from "./events.ts";

const time = new LocalTime("UTC");

/** Returns the rows of the visits of one visitor. */
function rowsOf(...events: VisitEvent[]): VisitRow[] {
  const rows: VisitRow[] = [];
  const stored = events.map((event) => ({ ...eventRowOf(event), visitor: 1 }));
  for (const visit of assignToVisits(stored, null).visits) {
    const previous = rows.at(-1) ?? null;
    rows.push(factsOf(visit, { tenant: "", visitor: 1, previous, time }).row);
  }
  return rows;
}

const click = (type: string, after: number, changes: Partial<VisitEvent> = {}) =>
  eventOf({ type, at: START + after, ...changes });

describe("factsOf", () => {
  it.each([
    ["one page view", 0, [eventOf({ pageId: "page-1" })]],
    ["two page views", 1, [eventOf(), eventOf({ at: START + 1 })]],
    [
      "one page viewed twice",
      0,
      [eventOf({ pageId: "page-1" }), eventOf({ pageId: "page-1", at: START + 1 })],
    ],
    [
      "9.999 s of visible time",
      0,
      [
        eventOf({ pageId: "page-1" }),
        click("page_time", MINUTE, { visibleTime: 9999, page: pageOf("page-1") }),
      ],
    ],
    [
      "10 s of visible time in two beacons",
      1,
      [
        eventOf({ pageId: "page-1" }),
        click("page_time", MINUTE, { visibleTime: 9999, page: pageOf("page-1") }),
        click("page_time", 2 * MINUTE, { visibleTime: 1, page: pageOf("page-1") }),
      ],
    ],
    ["a standard key event", 1, [eventOf(), click("login", 1)]],
    ["a key event of the application", 1, [eventOf(), click("newsletter", 1, { isKey: true })]],
    ["an event that is not a key event", 0, [eventOf(), click("search", 1)]],
  ])("a visit with %s has the value %i in is_engaged", (_, isEngaged, events) => {
    expect(rowsOf(...events)).toMatchObject([{ is_engaged: isEngaged }]);
  });

  it("uses the source of the first event and ignores later campaigns", () => {
    const [row] = rowsOf(
      eventOf({ source: sourceOf() }),
      eventOf({ at: START + 1, source: sourceOf({ channel: "Email", source: "news", medium: "email" }) }),
    );
    expect(row).toMatchObject({
      channel: "Organic Search",
      source: "google",
      first_channel: "Organic Search",
    });
  });

  it("attributes a direct visit to the last non-direct source until 90 days after the start of that source's visit", () => {
    const first = eventOf({ source: sourceOf() });
    const at = (after: number) => eventOf({ at: START + after });
    const within = rowsOf(first, at(DAY), at(90 * DAY)).at(-1);
    expect(within).toMatchObject({
      channel: "Direct",
      last_channel: "Organic Search",
      last_source: "google",
    });
    const after = rowsOf(first, at(DAY), at(90 * DAY + 1)).at(-1);
    expect(after).toMatchObject({
      last_channel: "Direct",
      last_source: null,
      first_channel: "Organic Search",
    });
  });

  it("keeps Direct as first-touch source", () => {
    const row = rowsOf(eventOf(), eventOf({ at: START + DAY, source: sourceOf() })).at(-1);
    expect(row).toMatchObject({
      first_channel: "Direct",
      first_source: null,
      last_channel: "Organic Search",
    });
  });

  it("stores the local days, the previous day and the weeks of a visit", () => {
    // 1 October 2026 is a Thursday; 5 October is the next Monday.
    const day = Math.floor(START / DAY);
    expect(rowsOf(eventOf(), eventOf({ at: START + 4 * DAY }))).toMatchObject([
      { local_day: day, previous_day: null, week: day - 3, first_week: day - 3 },
      { local_day: day + 4, previous_day: day, week: day + 4, first_week: day - 3 },
    ]);
  });

  it("stores the local day of the last page view, not of the last event", () => {
    const midnight = Date.UTC(2026, 9, 2);
    const events = [eventOf({ at: midnight - 2 }), eventOf({ type: "search", at: midnight + 1 })];
    const day = midnight / DAY - 1;
    expect(rowsOf(...events)).toMatchObject([{ local_day: day, last_day: day }]);
    expect(rowsOf(...events, eventOf({ at: midnight }))).toMatchObject([
      { local_day: day, last_day: day + 1 },
    ]);
  });

  it("derives entry and exit page from page views only", () => {
    const page = (path: string, at: number, type = "page_view") =>
      eventOf({ type, at, page: { id: `${path}-${at}`, host: "shop.example", path, title: null } });
    const [row] = rowsOf(page("/a", START), page("/b", START + 1), page("/c", START + 2, "search"));
    expect(row).toMatchObject({ entry_page: "/a", exit_page: "/b", page_views: 2, events: 3 });
    expect(rowsOf(page("/c", START, "search"), page("/b", START + 1))).toMatchObject([{ entry_page: "/c" }]);
  });

  it("stores the last subject as the customer", () => {
    const subjects = ["customer-1", "customer-2", null];
    const events = subjects.map((subject, index) => eventOf({ at: START + index, subject }));
    expect(rowsOf(...events)).toMatchObject([{ subject: "customer-2" }]);
  });

  it("ignores the subject of a beacon", () => {
    const beacon = click("page_time", DAY, { subject: "customer-2", page: pageOf("page-1") });
    expect(rowsOf(eventOf({ pageId: "page-1", subject: "customer-1" }), beacon)).toMatchObject([
      { subject: "customer-1", events: 2 },
    ]);
  });

  it("sums orders by currency", () => {
    const order = (orderId: string, revenue: number, currency: string) =>
      click("order_completed", 1, { order: { orderId, revenue, currency } });
    const [row] = rowsOf(eventOf(), order("1", 500, "USD"), order("2", 0, "EUR"), order("3", 7, "USD"));
    expect(row).toMatchObject({ orders: 3, revenue: '{"EUR":0,"USD":507}' });
  });
});

describe("the standard funnel of a visit", () => {
  it("counts steps in any order in the open funnel, and only in sequence in the closed funnel", () => {
    const [row] = rowsOf(
      eventOf(),
      click("begin_checkout", 1),
      click("product_view", 2),
      click("add_to_cart", 3),
      click("order_completed", 4),
      click("begin_checkout", 5),
    );
    expect(row).toMatchObject({
      product_view_at: START + 2,
      add_to_cart_at: START + 3,
      begin_checkout_at: START + 1,
      order_at: START + 4,
      closed_add_to_cart_at: START + 3,
      closed_begin_checkout_at: START + 5,
      closed_order_at: null,
    });
  });

  it("sorts steps in the same millisecond by event id", () => {
    const view = eventOf();
    const [first, second] = [click("product_view", 1), click("product_view", 1)];
    const cart = { ...first, type: "add_to_cart" };
    expect(rowsOf(view, { ...second, type: "add_to_cart" }, first)).toMatchObject([
      { closed_add_to_cart_at: START + 1 },
    ]);
    expect(rowsOf(view, cart, second)).toMatchObject([{ closed_add_to_cart_at: null }]);
  });

  it("accepts a step exactly 24 hours after the first step, but not later", () => {
    const steps = [eventOf(), click("product_view", 1), click("add_to_cart", 2), click("begin_checkout", 3)];
    const order = (after: number) => click("order_completed", after, { origin: "backend" });
    expect(rowsOf(...steps, order(1 + 24 * HOUR))).toMatchObject([
      { closed_order_at: START + 1 + 24 * HOUR },
    ]);
    expect(rowsOf(...steps, order(2 + 24 * HOUR))).toMatchObject([
      { closed_order_at: null, order_at: START + 2 + 24 * HOUR },
    ]);
  });
});

function pageOf(id: string): VisitEvent["page"] {
  return { id, host: "shop.example", path: "/", title: null };
}
