import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NO_PREVIOUS_DAY, NO_VISIT } from "../../../src/visit/sink/rollup-schema.ts";
import { sqliteEvents } from "../../../src/visit/sink/sqlite/sink.ts";
import { createEvent, createSource, HOUR, START } from "../facts/events.ts";
import { FactsDatabase } from "./facts-database.ts";

/** The day of Thursday, 1 October 2026, in days since the epoch. */
const DAY_NUMBER = Math.floor(START / (24 * HOUR));
/** The time at which the day `DAY_NUMBER` ends in Berlin. */
const MIDNIGHT = Date.parse("2026-10-01T22:00:00Z");

const orderFields = (orderId: string, revenue: number, currency = "EUR") => ({
  type: "order_completed",
  order: { orderId, revenue, currency },
});

describe("the daily rollups", () => {
  let database: FactsDatabase;
  beforeEach(() => {
    database = new FactsDatabase();
  });
  afterEach(() => database.close());

  const metrics = (dimension: string, columns: string) =>
    database.readAll(
      `SELECT ${columns} FROM coatcheck_daily_metric WHERE dimension = '${dimension}' ORDER BY day, value`,
    );

  it("count a visit on the day of its start, but page views and orders on their own days", () => {
    database.addEvents([
      createEvent({ at: MIDNIGHT - 2 }),
      createEvent({ at: MIDNIGHT - 1 }),
      createEvent({ at: MIDNIGHT }),
      createEvent({ at: MIDNIGHT + 1, ...orderFields("1", 700) }),
    ]);
    database.recompute();
    expect(metrics("", "day, visits, converted, page_views, orders")).toEqual([
      { day: DAY_NUMBER, visits: 1, converted: 1, page_views: 2, orders: 0 },
      { day: DAY_NUMBER + 1, visits: 0, converted: 0, page_views: 1, orders: 1 },
    ]);
    expect(database.readAll("SELECT day, revenue FROM coatcheck_daily_revenue WHERE dimension = ''")).toEqual(
      [{ day: DAY_NUMBER + 1, revenue: 700 }],
    );
  });

  it("count each visitor once per day, grouped by the day of the visitor's previous visit", () => {
    database.addEvents([
      createEvent({ source: createSource() }),
      createEvent({ at: START + HOUR }),
      createEvent({ at: START + 30 * HOUR }),
      createEvent({ visitorId: "visitor-2", at: START + 30 * HOUR }),
    ]);
    database.recompute();
    expect(
      database.readAll(
        "SELECT day, value, previous_day, visitors FROM coatcheck_daily_visitor WHERE dimension = 'channel' AND visitors > 0 ORDER BY day, previous_day",
      ),
    ).toEqual([
      { day: DAY_NUMBER, value: "Organic Search", previous_day: NO_PREVIOUS_DAY, visitors: 1 },
      { day: DAY_NUMBER + 1, value: "Direct", previous_day: NO_PREVIOUS_DAY, visitors: 1 },
      { day: DAY_NUMBER + 1, value: "Direct", previous_day: DAY_NUMBER, visitors: 1 },
    ]);
  });

  describe("of returning visitors", () => {
    const returning = () =>
      database.readAll(
        "SELECT day, previous_day, returning_visitors FROM coatcheck_daily_visitor WHERE dimension = '' AND returning_visitors > 0 ORDER BY day, previous_day",
      );
    const day = (number: number) => START + number * 24 * HOUR;

    it("count each visitor once per day, grouped by the day of the previous visit (a first visit counts as no previous visit)", () => {
      database.addEvents([
        createEvent({ at: day(0) }),
        createEvent({ at: day(0) + HOUR }),
        createEvent({ at: day(0) + 2 * HOUR }),
        createEvent({ at: day(2) }),
        createEvent({ at: day(2) + HOUR }),
        createEvent({ visitorId: "visitor-2", at: day(0) }),
        createEvent({ visitorId: "visitor-2", at: day(2) }),
      ]);
      database.recompute();
      expect(returning()).toEqual([
        { day: DAY_NUMBER, previous_day: NO_PREVIOUS_DAY, returning_visitors: 1 },
        { day: DAY_NUMBER + 2, previous_day: NO_PREVIOUS_DAY, returning_visitors: 1 },
        { day: DAY_NUMBER + 2, previous_day: DAY_NUMBER, returning_visitors: 1 },
      ]);
    });

    it("change when a late event begins an earlier visit", () => {
      database.addEvents([createEvent({ at: day(1) }), createEvent({ at: day(2) })]);
      database.recompute();
      expect(returning()).toEqual([
        { day: DAY_NUMBER + 2, previous_day: NO_PREVIOUS_DAY, returning_visitors: 1 },
      ]);
      database.addEvents([createEvent({ at: day(0) })]);
      database.recompute();
      expect(returning()).toEqual([
        { day: DAY_NUMBER + 1, previous_day: NO_PREVIOUS_DAY, returning_visitors: 1 },
        { day: DAY_NUMBER + 2, previous_day: DAY_NUMBER + 1, returning_visitors: 1 },
      ]);
    });
  });

  it("list the waits between the steps of the standard funnel", () => {
    const visit = (visitorId: string, steps: readonly (readonly [type: string, at: number])[]) =>
      database.addEvents(steps.map(([type, at]) => createEvent({ visitorId, type, at: START + at })));
    visit("visitor-1", [
      ["product_view", 0],
      ["add_to_cart", 700],
    ]);
    visit("visitor-2", [
      ["add_to_cart", 1],
      ["product_view", 2],
      ["add_to_cart", 52],
      ["begin_checkout", 60],
    ]);
    visit("visitor-3", [["product_view", 0]]);
    database.recompute();
    expect(
      database.readAll("SELECT mode, step, day, waits FROM coatcheck_daily_wait ORDER BY mode, step"),
    ).toEqual([
      { mode: "closed", step: 0, day: DAY_NUMBER, waits: "[50,700]" },
      { mode: "closed", step: 1, day: DAY_NUMBER, waits: "[8]" },
      { mode: "open", step: 0, day: DAY_NUMBER, waits: "[700]" },
      { mode: "open", step: 1, day: DAY_NUMBER, waits: "[59]" },
    ]);
  });

  it("count an order without a visit under (no visit) and in the total", () => {
    database.addEvents([createEvent({ origin: "backend", visitorId: null, ...orderFields("1", 5) })]);
    database.recompute();
    expect(metrics("", "value, visits, events, orders")).toEqual([
      { value: "", visits: 0, events: 1, orders: 1 },
    ]);
    expect(metrics("country", "value, visits, events, orders")).toEqual([
      { value: NO_VISIT, visits: 0, events: 1, orders: 1 },
    ]);
  });

  it("count the page views of each page, and count a visit once for each page that it viewed", () => {
    const page = (path: string, at: number) =>
      createEvent({ at, page: { id: `page-${at}`, host: "shop.example", path, title: null } });
    database.addEvents([page("/a", START), page("/a", START + 1), page("/b", START + 2)]);
    database.recompute();
    expect(metrics("page", "value, visits, page_views")).toEqual([
      { value: "/a", visits: 1, page_views: 2 },
      { value: "/b", visits: 1, page_views: 1 },
    ]);
  });

  it("count an order under the source that was stored with it", () => {
    database.addEvents([createEvent({ at: START + 1, ...orderFields("1", 5) })]);
    database.addEvents([createEvent({ source: createSource() })]);
    database.recompute();
    const orders = (dimension: string) => metrics(dimension, "value, visits, orders");
    expect(orders("channel")).toEqual([{ value: "Organic Search", visits: 1, orders: 1 }]);
    expect(orders("last_channel")).toEqual([
      { value: "Direct", visits: 0, orders: 1 },
      { value: "Organic Search", visits: 1, orders: 0 },
    ]);
  });

  it("count each visitor of a cohort once per week", () => {
    database.addEvents([
      createEvent(),
      createEvent({ at: START + HOUR }),
      createEvent({ at: START + 7 * 24 * HOUR }),
      createEvent({ visitorId: "visitor-2" }),
    ]);
    database.recompute();
    const first_week = DAY_NUMBER - 3;
    expect(
      database.readAll("SELECT first_week, week, visitors FROM coatcheck_weekly_cohort ORDER BY week"),
    ).toEqual([
      { first_week, week: first_week, visitors: 2 },
      { first_week, week: first_week + 7, visitors: 1 },
    ]);
  });

  it("recompute() begins with the day whose change is the oldest, and leaves the other changed days to later calls", () => {
    database.addEvents([createEvent({ at: START + 48 * HOUR })]);
    database.addEvents([createEvent({ visitorId: "visitor-2" })]);
    expect(database.recompute(1)).toBe(1);
    expect(metrics("", "day")).toEqual([{ day: DAY_NUMBER + 2 }]);
    expect(database.recompute(5)).toBe(1);
    expect(database.recompute(5)).toBe(0);
  });
});

describe("recompute() of the SQLite sink", () => {
  it("runs in a separate thread, which close() ends", async () => {
    const folder = mkdtempSync(join(tmpdir(), "coatcheck-visits-"));
    const path = join(folder, "visits.db");
    const sink = sqliteEvents({ path });
    await sink.write({ events: [createEvent()], counts: [] });
    expect(await sink.recompute(10)).toBe(1);
    expect(await sink.recompute(10)).toBe(0);
    expect(await sink.markAllChanged()).toBe(1);
    expect(await sink.recompute(10)).toBe(1);
    await sink.close();
    await expect(sink.recompute(10)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    const database = new DatabaseSync(path, { readOnly: true });
    expect(
      database.prepare("SELECT visits FROM coatcheck_daily_metric WHERE dimension = ''").all(),
    ).toMatchObject([{ visits: 1 }]);
    database.close();
    rmSync(folder, { recursive: true });
  });
});
