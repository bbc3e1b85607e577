import { describe, expect, it } from "vitest";
import type { VisitEvent } from "../../../src/visit/event.ts";
import { assignToVisits } from "../../../src/visit/facts/assign.ts";
import { eventRowOf } from "../../../src/visit/facts/event-row.ts";
import { factsOf } from "../../../src/visit/facts/facts.ts";
import { LocalTime } from "../../../src/visit/facts/local-time.ts";
import type { VisitRow } from "../../../src/visit/sink/schema.ts";
import { createEvent, createSource, DAY, HOUR, MINUTE, START } from "./events.ts";

const time = new LocalTime("UTC");

/** Assigns events of one visitor to visits, and returns the rows of these visits. */
function createVisitRows(...events: VisitEvent[]): VisitRow[] {
  const rows: VisitRow[] = [];
  const stored = events.map((event) => ({ ...eventRowOf(event), visitor: 1 }));
  for (const visit of assignToVisits(stored, null).visits) {
    const previous = rows.at(-1) ?? null;
    rows.push(factsOf(visit, { tenant: "", visitor: 1, previous, time }).row);
  }
  return rows;
}

const createEventAfter = (type: string, after: number, changes: Partial<VisitEvent> = {}) =>
  createEvent({ type, at: START + after, ...changes });

describe("factsOf", () => {
  it.each([
    ["one page view", 0, [createEvent({ pageId: "page-1" })]],
    ["two page views", 1, [createEvent(), createEvent({ at: START + 1 })]],
    [
      "one page viewed twice",
      0,
      [createEvent({ pageId: "page-1" }), createEvent({ pageId: "page-1", at: START + 1 })],
    ],
    [
      "9.999 s of visible time",
      0,
      [
        createEvent({ pageId: "page-1" }),
        createEventAfter("page_time", MINUTE, { visibleTime: 9999, page: createPage("page-1") }),
      ],
    ],
    [
      "10 s of visible time in two beacons",
      1,
      [
        createEvent({ pageId: "page-1" }),
        createEventAfter("page_time", MINUTE, { visibleTime: 9999, page: createPage("page-1") }),
        createEventAfter("page_time", 2 * MINUTE, { visibleTime: 1, page: createPage("page-1") }),
      ],
    ],
    ["a standard key event", 1, [createEvent(), createEventAfter("login", 1)]],
    [
      "a key event of the application",
      1,
      [createEvent(), createEventAfter("newsletter", 1, { isKey: true })],
    ],
    ["an event that is not a key event", 0, [createEvent(), createEventAfter("search", 1)]],
  ])("a visit with %s has the value %i in is_engaged", (_, isEngaged, events) => {
    expect(createVisitRows(...events)).toMatchObject([{ is_engaged: isEngaged }]);
  });

  it("uses the source of a visit's first event, and ignores later campaigns", () => {
    const [row] = createVisitRows(
      createEvent({ source: createSource() }),
      createEvent({
        at: START + 1,
        source: createSource({ channel: "Email", source: "news", medium: "email" }),
      }),
    );
    expect(row).toMatchObject({
      channel: "Organic Search",
      source: "google",
      first_channel: "Organic Search",
    });
  });

  it("attributes a direct visit to the last non-direct source, until 90 days after the visit with that source started", () => {
    const first = createEvent({ source: createSource() });
    const at = (after: number) => createEvent({ at: START + after });
    const within = createVisitRows(first, at(DAY), at(90 * DAY)).at(-1);
    expect(within).toMatchObject({
      channel: "Direct",
      last_channel: "Organic Search",
      last_source: "google",
    });
    const after = createVisitRows(first, at(DAY), at(90 * DAY + 1)).at(-1);
    expect(after).toMatchObject({
      last_channel: "Direct",
      last_source: null,
      first_channel: "Organic Search",
    });
  });

  it("keeps Direct as first-touch source", () => {
    const row = createVisitRows(createEvent(), createEvent({ at: START + DAY, source: createSource() })).at(
      -1,
    );
    expect(row).toMatchObject({
      first_channel: "Direct",
      first_source: null,
      last_channel: "Organic Search",
    });
  });

  it("stores the local day and week of a visit, the day of the previous visit, and the week of the first visit", () => {
    // 1 October 2026 is a Thursday; 5 October is the next Monday.
    const day = Math.floor(START / DAY);
    expect(createVisitRows(createEvent(), createEvent({ at: START + 4 * DAY }))).toMatchObject([
      { local_day: day, previous_day: null, week: day - 3, first_week: day - 3 },
      { local_day: day + 4, previous_day: day, week: day + 4, first_week: day - 3 },
    ]);
  });

  it("stores the local day of a visit's last page view, not of its last event", () => {
    const midnight = Date.UTC(2026, 9, 2);
    const events = [createEvent({ at: midnight - 2 }), createEvent({ type: "search", at: midnight + 1 })];
    const day = midnight / DAY - 1;
    expect(createVisitRows(...events)).toMatchObject([{ local_day: day, last_day: day }]);
    expect(createVisitRows(...events, createEvent({ at: midnight }))).toMatchObject([
      { local_day: day, last_day: day + 1 },
    ]);
  });

  it("derives entry and exit page from page views only", () => {
    const page = (path: string, at: number, type = "page_view") =>
      createEvent({ type, at, page: { id: `${path}-${at}`, host: "shop.example", path, title: null } });
    const [row] = createVisitRows(page("/a", START), page("/b", START + 1), page("/c", START + 2, "search"));
    expect(row).toMatchObject({ entry_page: "/a", exit_page: "/b", page_views: 2, events: 3 });
    expect(createVisitRows(page("/c", START, "search"), page("/b", START + 1))).toMatchObject([
      { entry_page: "/c" },
    ]);
  });

  it("stores the last subject of a visit as its customer", () => {
    const subjects = ["customer-1", "customer-2", null];
    const events = subjects.map((subject, index) => createEvent({ at: START + index, subject }));
    expect(createVisitRows(...events)).toMatchObject([{ subject: "customer-2" }]);
  });

  it("ignores the subject of a beacon", () => {
    const beacon = createEventAfter("page_time", DAY, { subject: "customer-2", page: createPage("page-1") });
    expect(createVisitRows(createEvent({ pageId: "page-1", subject: "customer-1" }), beacon)).toMatchObject([
      { subject: "customer-1", events: 2 },
    ]);
  });

  it("sums orders by currency", () => {
    const order = (orderId: string, revenue: number, currency: string) =>
      createEventAfter("order_completed", 1, { order: { orderId, revenue, currency } });
    const [row] = createVisitRows(
      createEvent(),
      order("1", 500, "USD"),
      order("2", 0, "EUR"),
      order("3", 7, "USD"),
    );
    expect(row).toMatchObject({ orders: 3, revenue: '{"EUR":0,"USD":507}' });
  });
});

describe("the standard funnel of a visit", () => {
  it("counts steps in any order in the open funnel, and only in sequence in the closed funnel", () => {
    const [row] = createVisitRows(
      createEvent(),
      createEventAfter("begin_checkout", 1),
      createEventAfter("product_view", 2),
      createEventAfter("add_to_cart", 3),
      createEventAfter("order_completed", 4),
      createEventAfter("begin_checkout", 5),
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
    const view = createEvent();
    const [first, second] = [createEventAfter("product_view", 1), createEventAfter("product_view", 1)];
    const cart = { ...first, type: "add_to_cart" };
    expect(createVisitRows(view, { ...second, type: "add_to_cart" }, first)).toMatchObject([
      { closed_add_to_cart_at: START + 1 },
    ]);
    expect(createVisitRows(view, cart, second)).toMatchObject([{ closed_add_to_cart_at: null }]);
  });

  it("accepts a step exactly 24 hours after the first step, but not later", () => {
    const steps = [
      createEvent(),
      createEventAfter("product_view", 1),
      createEventAfter("add_to_cart", 2),
      createEventAfter("begin_checkout", 3),
    ];
    const order = (after: number) => createEventAfter("order_completed", after, { origin: "backend" });
    expect(createVisitRows(...steps, order(1 + 24 * HOUR))).toMatchObject([
      { closed_order_at: START + 1 + 24 * HOUR },
    ]);
    expect(createVisitRows(...steps, order(2 + 24 * HOUR))).toMatchObject([
      { closed_order_at: null, order_at: START + 2 + 24 * HOUR },
    ]);
  });
});

function createPage(id: string): VisitEvent["page"] {
  return { id, host: "shop.example", path: "/", title: null };
}
