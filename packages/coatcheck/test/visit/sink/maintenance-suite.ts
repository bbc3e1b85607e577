import { expect, it } from "vitest";
import type { VisitMaintenance } from "../../../src/visit/sink/maintenance.ts";
import type { EventSink } from "../../../src/visit/sink.ts";
import { createEvent, DAY, HOUR, START } from "../facts/events.ts";

/** A sink that has the maintenance methods, and a function that queries its tables. */
export interface MaintainedSink {
  readonly sink: EventSink & VisitMaintenance;
  queryAll(sql: string): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

const clientFields = (userAgent: string) => ({
  browser: "Firefox",
  os: "Linux",
  device: "desktop",
  country: "CH",
  city: null,
  userAgent,
});
const orderFields = (orderId: string, revenue: number, currency = "EUR") => ({
  type: "order_completed",
  order: { orderId, revenue, currency },
});

/** Defines the tests of retention, export, erasure and customer totals. `open` opens an empty sink. */
export function testMaintenance(open: () => Promise<MaintainedSink>): void {
  async function withSink(
    events: ReturnType<typeof createEvent>[],
    work: (maintained: MaintainedSink) => Promise<void>,
  ): Promise<void> {
    const maintained = await open();
    try {
      const hour = START - (START % HOUR);
      const counts = [{ id: "count-1", kind: "bot", hour, tenant: null, documents: 3 }] as const;
      await maintained.sink.write({ events, counts });
      await maintained.sink.recompute(10);
      await work(maintained);
    } finally {
      await maintained.close();
    }
  }

  const countOf = async ({ queryAll }: MaintainedSink, table: string) =>
    (await queryAll(`SELECT * FROM ${table}`)).length;
  const NOTHING = { events: 0, userAgents: 0, visits: 0, visitors: 0, rollups: 0, documentCounts: 0 };

  it("expire() deletes user agents after 30 days and events after 90 days, but not visits", async () => {
    const events = [
      createEvent({ client: clientFields("Agent/1") }),
      createEvent({ at: START + 100 * DAY, client: clientFields("Agent/2") }),
    ];
    await withSink(events, async (maintained) => {
      const { sink, queryAll } = maintained;
      expect(await sink.expire(START + 29 * DAY)).toEqual(NOTHING);
      expect(await sink.expire(START + 32 * DAY)).toEqual({ ...NOTHING, userAgents: 1 });
      expect(await queryAll("SELECT user_agent FROM coatcheck_visit_event ORDER BY at")).toEqual([
        { user_agent: null },
        { user_agent: "Agent/2" },
      ]);
      expect(await sink.expire(START + 89 * DAY)).toEqual(NOTHING);
      expect(await sink.expire(START + 92 * DAY)).toEqual({ ...NOTHING, events: 1 });
      expect(await countOf(maintained, "coatcheck_visit_journey")).toBe(1);
      expect(await countOf(maintained, "coatcheck_visit")).toBe(2);
    });
  });

  it("expire() deletes visitors after 13 months without activity, but not the amounts of their orders", async () => {
    const events = [
      createEvent(orderFields("1", 500)),
      createEvent({ visitorId: "visitor-2", at: START + 60 * DAY }),
    ];
    await withSink(events, async (maintained) => {
      const { sink, queryAll } = maintained;
      const months13 = Date.UTC(2027, 10, 1, 12);
      expect(await sink.expire(months13 - HOUR)).toMatchObject({ visitors: 0 });
      const rollups = await countOf(maintained, "coatcheck_daily_metric");
      expect(await sink.expire(months13 + HOUR)).toMatchObject({ visitors: 1 });
      expect(await queryAll("SELECT id FROM coatcheck_visitor")).toEqual([{ id: "visitor-2" }]);
      expect(await countOf(maintained, "coatcheck_visit")).toBe(1);
      expect(
        await queryAll("SELECT revenue, visitor, session_id, visit_id FROM coatcheck_visit_order"),
      ).toEqual([{ revenue: 500, visitor: null, session_id: null, visit_id: null }]);
      expect(await countOf(maintained, "coatcheck_daily_metric")).toBe(rollups);
    });
  });

  it("expire() deletes rollups and document counts after 25 months", async () => {
    const events = [
      createEvent({ type: "product_view" }),
      createEvent({ type: "add_to_cart", at: START + 1 }),
    ];
    await withSink(events, async (maintained) => {
      const { sink } = maintained;
      const months25 = Date.UTC(2028, 10, 1, 12);
      expect(await sink.expire(months25 - 2 * DAY)).toMatchObject({ rollups: 0, documentCounts: 0 });
      expect(await countOf(maintained, "coatcheck_daily_wait")).toBe(2);
      expect(await sink.expire(months25 + 2 * DAY)).toMatchObject({ documentCounts: 1 });
      for (const table of [
        "daily_metric",
        "daily_visitor",
        "daily_wait",
        "hourly_metric",
        "document_count",
      ]) {
        expect(await countOf(maintained, `coatcheck_${table}`)).toBe(0);
      }
    });
  });

  it("expire() with `dryRun` deletes nothing, but returns the numbers that expire() without `dryRun` would return", async () => {
    const events = [
      createEvent({ client: clientFields("Agent/1") }),
      createEvent({ at: START + 1, ...orderFields("1", 5) }),
    ];
    await withSink(events, async (maintained) => {
      const { sink } = maintained;
      const now = Date.UTC(2029, 0, 1);
      const counted = await sink.expire(now, { dryRun: true });
      expect(counted).toMatchObject({ events: 2, userAgents: 1, visitors: 1, visits: 1, documentCounts: 1 });
      expect(counted.rollups).toBeGreaterThan(10);
      expect(await countOf(maintained, "coatcheck_visit_event")).toBe(2);
      expect(await sink.expire(now)).toEqual({ ...counted, visits: 0 });
      expect(await sink.expire(now, { dryRun: true })).toEqual(NOTHING);
    });
  });

  it("expire() rejects an unknown option and a period that is too short", async () => {
    await withSink([], async ({ sink }) => {
      await expect(sink.expire(START, { eventDay: 1 } as never)).rejects.toThrow('did you mean "eventDays"');
      await expect(sink.expire(START, { eventDays: 6 })).rejects.toThrow("eventDays must be");
    });
  });

  it("markAllChanged() skips days whose events have been deleted", async () => {
    await withSink([createEvent(), createEvent({ at: START + 100 * DAY })], async (maintained) => {
      const { sink, queryAll } = maintained;
      await sink.expire(START + 92 * DAY);
      expect(await sink.markAllChanged()).toBe(1);
      await sink.recompute(10);
      expect(
        await queryAll("SELECT value, page_views FROM coatcheck_daily_metric WHERE dimension = 'page'"),
      ).toEqual([
        { value: "/", page_views: 1 },
        { value: "/", page_views: 1 },
      ]);
    });
  });

  it("exportPerson() returns all data of a visitor, but no data of other visitors", async () => {
    const events = [
      createEvent({ subject: "customer-1", properties: { size: "L" } }),
      createEvent({ at: START + 1, ...orderFields("1", 5) }),
      createEvent({ visitorId: "visitor-2", sessionId: "session-2" }),
    ];
    await withSink(events, async ({ sink }) => {
      const data = await sink.exportPerson({ visitorId: "visitor-1" });
      expect(data).toMatchObject({
        visitors: [{ id: "visitor-1" }],
        visits: [{ subject: "customer-1", revenue: { EUR: 5 } }],
        sessions: [{ session_id: "session-1" }],
        events: [{ type: "page_view", body: { properties: { size: "L" } } }, { type: "order_completed" }],
        orders: [{ order_id: "1", revenue: 5 }],
      });
      expect(data.visits).toHaveLength(1);
      expect(data.journeys).toHaveLength(1);
    });
  });

  it("exportPerson() of a customer omits the data of another customer who used the same browser", async () => {
    const events = [
      createEvent({ subject: "customer-1" }),
      createEvent({ at: START + 2 * HOUR, subject: "customer-2", ...orderFields("2", 7) }),
    ];
    await withSink(events, async ({ sink }) => {
      const data = await sink.exportPerson({ subject: "customer-1" });
      expect(data.visits).toMatchObject([{ subject: "customer-1" }]);
      expect(data.events).toMatchObject([{ subject: "customer-1" }]);
      expect(data.orders).toEqual([]);
    });
  });

  it.each([
    ["a visitor", { visitorId: "visitor-1" }],
    ["a customer", { subject: "customer-1" }],
  ])("erasePerson() erases %s and updates the rollups", async (_, person) => {
    const events = [
      createEvent({ subject: "customer-1" }),
      createEvent({ at: START + 1, subject: "customer-1", ...orderFields("1", 5) }),
      createEvent({ at: START + 2, subject: "customer-3" }),
      createEvent({ visitorId: "visitor-2", sessionId: "session-2" }),
    ];
    await withSink(events, async (maintained) => {
      const { sink, queryAll } = maintained;
      expect(await sink.erasePerson(person)).toBe(1);
      expect(await sink.erasePerson(person)).toBe(0);
      await sink.recompute(10);
      expect(await queryAll("SELECT id FROM coatcheck_visitor")).toEqual([{ id: "visitor-2" }]);
      for (const table of ["visit", "visit_journey", "visit_session", "visit_event"]) {
        expect(await countOf(maintained, `coatcheck_${table}`)).toBe(1);
      }
      expect(
        await queryAll("SELECT visits, orders FROM coatcheck_daily_metric WHERE dimension = ''"),
      ).toEqual([{ visits: 1, orders: 1 }]);
      expect(
        await queryAll("SELECT event_id, visitor, subject, session_id, visit_id FROM coatcheck_visit_order"),
      ).toEqual([
        { event_id: events[1]?.id, visitor: null, subject: null, session_id: null, visit_id: null },
      ]);
    });
  });

  it("erasePerson() removes a returning visitor, and the times between their funnel steps, from the rollups", async () => {
    const visit = (visitorId: string, at: number) => [
      createEvent({ visitorId, at, type: "product_view" }),
      createEvent({ visitorId, at: at + 7, type: "add_to_cart" }),
    ];
    const events = [
      ...visit("visitor-1", START),
      ...visit("visitor-1", START + DAY),
      ...visit("visitor-2", START + DAY),
    ];
    await withSink(events, async (maintained) => {
      const { sink, queryAll } = maintained;
      const returning = () =>
        queryAll(
          "SELECT returning_visitors FROM coatcheck_daily_visitor WHERE dimension = '' AND returning_visitors > 0",
        );
      const waits = () =>
        queryAll("SELECT waits FROM coatcheck_daily_wait WHERE mode = 'open' ORDER BY day, step");
      expect(await returning()).toEqual([{ returning_visitors: 1 }]);
      expect(await waits()).toEqual([{ waits: "[7]" }, { waits: "[7,7]" }]);
      await sink.erasePerson({ visitorId: "visitor-1" });
      await sink.recompute(10);
      expect(await returning()).toEqual([]);
      expect(await waits()).toEqual([{ waits: "[7]" }]);
    });
  });

  it("exportPerson() and erasePerson() find people whose ids contain characters that the database cannot store", async () => {
    const person = { visitorId: "visitor-\0\ud800", subject: "ada\0" };
    await withSink([createEvent({ ...person, ...orderFields("1", 5) })], async ({ sink }) => {
      const { visitorId, subject } = person;
      expect((await sink.exportPerson({ visitorId })).events).toHaveLength(1);
      expect((await sink.exportPerson({ subject })).events).toHaveLength(1);
      expect(await sink.customerTotals(null, subject)).toMatchObject({ orders: 1, visits: 1 });
      expect(await sink.erasePerson({ visitorId })).toBe(1);
    });
  });

  it("erasePerson() makes a returning person a new visitor", async () => {
    await withSink([createEvent()], async (maintained) => {
      const { sink, queryAll } = maintained;
      await sink.erasePerson({ visitorId: "visitor-1" });
      await sink.write({ events: [createEvent({ at: START + 1 })], counts: [] });
      expect(await queryAll("SELECT started_at, page_views FROM coatcheck_visit")).toEqual([
        { started_at: START + 1, page_views: 1 },
      ]);
    });
  });

  it("customerTotals() sums orders by currency and returns the start of the first and last visit", async () => {
    const subject = "customer-1";
    const events = [
      createEvent({ subject, ...orderFields("1", 5) }),
      createEvent({ subject, at: START + DAY, ...orderFields("2", 7, "USD") }),
      createEvent({ subject: "customer-2", at: START + 2 * DAY, ...orderFields("3", 11) }),
    ];
    await withSink(events, async ({ sink }) => {
      expect(await sink.customerTotals(null, subject)).toEqual({
        orders: 2,
        revenue: { EUR: 5, USD: 7 },
        visits: 2,
        firstVisitAt: START,
        lastVisitAt: START + DAY,
      });
      expect(await sink.customerTotals("other", subject)).toEqual({
        orders: 0,
        revenue: {},
        visits: 0,
        firstVisitAt: null,
        lastVisitAt: null,
      });
    });
  });
}
