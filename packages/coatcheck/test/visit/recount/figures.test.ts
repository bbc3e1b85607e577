import { describe, expect, it } from "vitest";
import { countFunnel } from "./funnel.ts";
import { Recount } from "./recount.ts";
import {
  createBrowser,
  createRecount,
  GOOGLE_SOURCE,
  MAIL_SOURCE,
  MONTH,
  recountMonth,
  START,
} from "./recount-fixtures.ts";
import { DAY, DESKTOP_CLIENT, HOUR, MINUTE, Script } from "./script.ts";

describe("Recount of orders", () => {
  it("uses the report of an order that arrives first, even if a later report of the order has an earlier time", () => {
    const browser = createBrowser();
    browser.viewPage("/");
    browser.completeOrder("7", 1000, "CHF", { delay: HOUR });
    browser
      .wait(MINUTE)
      .reportByBackend({ do: "order", orderId: "7", revenue: 1200, currency: "CHF" }, { node: 1 });
    expect(recountMonth(browser)).toMatchObject({ orders: 1, revenue: { CHF: 1200 } });
  });

  it("does not extend a visit when an order is reported again", () => {
    const browser = createBrowser();
    browser.viewPage("/");
    browser.completeOrder("7", 1000, "CHF");
    browser.wait(20 * MINUTE).completeOrder("7", 1000, "CHF");
    browser.wait(20 * MINUTE).viewPage("/menu");
    expect(recountMonth(browser)).toMatchObject({ visits: 2, orders: 1 });
  });

  it("counts equal order ids in two tenants as two orders", () => {
    const script = new Script();
    for (const tenant of ["bern", "basel"]) {
      const browser = createBrowser(script);
      browser.tenant = tenant;
      browser.completeOrder("7", 500, "CHF");
    }
    expect(recountMonth({ script })).toMatchObject({ orders: 2, revenue: { CHF: 1000 } });
  });

  it("counts two orders in one visit as two orders but one converted visit", () => {
    const browser = createBrowser();
    browser.completeOrder("1", 1000, "CHF");
    browser.completeOrder("2", 0, "EUR");
    expect(recountMonth(browser)).toMatchObject({ orders: 2, converted: 1, revenue: { CHF: 1000, EUR: 0 } });
  });

  it("counts an order on its own day, but the conversion on the day its visit started", () => {
    const browser = createBrowser(new Script(), Date.parse("2026-10-05T23:50:00Z"));
    browser.viewPage("/");
    browser.wait(20 * MINUTE).completeOrder("1", 100, "CHF");
    const days = createRecount(browser).byDay(MONTH);
    expect(days.get("2026-10-05")).toMatchObject({ orders: 0, converted: 1 });
    expect(days.get("2026-10-06")).toMatchObject({ orders: 1, converted: 0, revenue: { CHF: 100 } });
  });
});

describe("Recount of attribution", () => {
  it("attributes a direct visit to the last non-direct source for 90 days, and to Direct a millisecond later", () => {
    for (const [gap, channel] of [
      [90 * DAY, "Email"],
      [90 * DAY + 1, "Direct"],
    ] as const) {
      const browser = createBrowser(new Script(), START - gap);
      browser.viewPage("/", { cameFrom: MAIL_SOURCE });
      browser.wait(gap).viewPage("/");
      expect([...createRecount(browser).breakdown("channel", MONTH).keys()]).toEqual([channel]);
    }
  });

  it("attributes a direct visit to the latest of several non-direct sources", () => {
    const browser = createBrowser();
    browser.viewPage("/", { cameFrom: MAIL_SOURCE });
    browser.wait(DAY).viewPage("/", { cameFrom: GOOGLE_SOURCE });
    browser.wait(DAY).viewPage("/");
    const figures = createRecount(browser);
    expect(figures.breakdown("channel", MONTH).get("Organic Search")?.visits).toBe(2);
    expect(figures.breakdown("entryChannel", MONTH).get("Direct")?.visits).toBe(1);
  });

  it("keeps the first-touch source, even if it is Direct", () => {
    const browser = createBrowser();
    browser.viewPage("/");
    browser.wait(DAY).viewPage("/", { cameFrom: GOOGLE_SOURCE });
    expect(createRecount(browser).breakdown("firstTouchChannel", MONTH).get("Direct")?.visits).toBe(2);
  });

  it("keeps the source of an order if an earlier visit is reported after the order", () => {
    const browser = createBrowser();
    browser.viewPage("/", { cameFrom: MAIL_SOURCE, delay: 2 * DAY });
    browser.wait(DAY).viewPage("/");
    browser.completeOrder("1", 700, "CHF");
    const delivered = browser.script.actions
      .toSorted((left, right) => left.receivedAt - right.receivedAt)
      .map((action) => ({ actions: [action], batch: { events: [], counts: [] } }));
    const rows = new Recount(browser.script, delivered).breakdown("channel", MONTH);
    expect(rows.get("Direct")).toMatchObject({ visits: 0, orders: 1 });
    expect(rows.get("Email")).toMatchObject({ visits: 2, orders: 0, converted: 1 });
  });
});

describe("Recount of visitors", () => {
  it("counts a visitor once per range, but possibly as both new and returning", () => {
    const browser = createBrowser();
    browser.viewPage("/");
    browser.wait(DAY).viewPage("/");
    expect(recountMonth(browser)).toMatchObject({ visitors: 1, newVisitors: 1, returningVisitors: 1 });
    expect(createRecount(browser).byDay(MONTH).get("2026-10-06")).toMatchObject({
      visitors: 1,
      newVisitors: 0,
      returningVisitors: 1,
    });
  });

  it("counts a visitor once in a breakdown, for the value of the visitor's first visit in the range", () => {
    const browser = createBrowser();
    browser.viewPage("/");
    browser.wait(DAY).viewPage("/", { client: { ...DESKTOP_CLIENT, country: "DE" } });
    const rows = createRecount(browser).breakdown("country", MONTH);
    expect(rows.get("CH")).toMatchObject({ visits: 1, visitors: 1 });
    expect(rows.get("DE")).toMatchObject({ visits: 1, visitors: 0 });
    expect(
      createRecount(browser).overview({ from: "2026-10-06", to: "2026-10-31" }, [
        { dimension: "country", operator: "is", value: "DE" },
      ]).visitors,
    ).toBe(1);
  });

  it("assigns a visit to its last customer, and each order to the customer who placed it", () => {
    const browser = createBrowser();
    browser.viewPage("/");
    browser.login("anna");
    browser.completeOrder("1", 100, "CHF");
    browser.wait(MINUTE).login("ben");
    expect(createRecount(browser).customerTotals()).toEqual(
      new Map([
        ["ben", { visits: 1, orders: 0, revenue: {}, firstVisit: START, lastVisit: START }],
        ["anna", { visits: 0, orders: 1, revenue: { CHF: 100 }, firstVisit: null, lastVisit: null }],
      ]),
    );
  });

  it("counts visitors as live if their activity arrived recently, whenever it happened", () => {
    const script = new Script();
    createBrowser(script).viewPage("/", { delay: 10 * MINUTE });
    createBrowser(script).viewPage("/");
    expect(createRecount({ script }).liveVisitors(START + 10 * MINUTE)).toBe(1);
    expect(createRecount({ script }).liveVisitors(START + 5 * MINUTE)).toBe(0);
    expect(createRecount({ script }).liveVisitors(START + 5 * MINUTE - 1)).toBe(1);
  });
});

describe("Calendar of the recount", () => {
  it("gives 25 hours to the day on which the clocks go back", () => {
    const script = new Script();
    for (let hour = 0; hour < 26; hour++) {
      createBrowser(script, Date.parse("2026-10-24T22:00:00Z") + hour * HOUR).viewPage("/");
    }
    const counted = createRecount({ script }, "Europe/Zurich");
    expect(counted.byDay(MONTH).get("2026-10-25")?.visits).toBe(25);
    expect(counted.byDay(MONTH).get("2026-10-26")?.visits).toBe(1);
    expect(counted.byHour({ from: "2026-10-25", to: "2026-10-25" }).size).toBe(25);
  });

  it("gives 23 hours to the day on which the clocks go forward", () => {
    const script = new Script();
    for (let hour = 0; hour < 24; hour++) {
      createBrowser(script, Date.parse("2026-03-28T23:00:00Z") + hour * HOUR).viewPage("/");
    }
    const days = createRecount({ script }, "Europe/Zurich").byDay({ from: "2026-03-01", to: "2026-03-31" });
    expect([...days].map(([day, { visits }]) => [day, visits])).toEqual([
      ["2026-03-29", 23],
      ["2026-03-30", 1],
    ]);
  });

  it("begins weeks on Monday in the operator's time zone", () => {
    const browser = createBrowser(new Script(), Date.parse("2026-10-11T21:59:59Z"));
    browser.viewPage("/");
    browser.wait(30 * MINUTE).viewPage("/");
    expect(createRecount(browser, "Europe/Zurich").retention(MONTH)).toEqual(
      new Map([
        [
          "2026-10-05",
          new Map([
            ["2026-10-05", 1],
            ["2026-10-12", 1],
          ]),
        ],
      ]),
    );
  });
});

describe("Recount of funnels", () => {
  const steps = ["page_view", "add_to_cart", "order_completed"].map((event) => ({ event }));

  it("uses the first occurrence of each step after the previous step", () => {
    const browser = createBrowser();
    browser.track("add_to_cart");
    browser.wait(MINUTE).viewPage("/");
    browser.wait(MINUTE).track("add_to_cart");
    browser.wait(2 * MINUTE).completeOrder("1", 1, "CHF");
    expect(countFunnel(createRecount(browser).visits, steps, { by: "visit" })).toEqual([
      { closed: 1, open: 1, medianTime: null, openMedianTime: null },
      { closed: 1, open: 1, medianTime: MINUTE, openMedianTime: null },
      { closed: 1, open: 1, medianTime: 2 * MINUTE, openMedianTime: 4 * MINUTE },
    ]);
  });

  it("counts a step that happens before the previous step in the open funnel, but not in the closed funnel", () => {
    const browser = createBrowser();
    browser.track("add_to_cart");
    browser.wait(MINUTE).viewPage("/");
    expect(countFunnel(createRecount(browser).visits, steps, { by: "visit" })).toMatchObject([
      { closed: 1, open: 1 },
      { closed: 0, open: 1 },
      { closed: 0, open: 0 },
    ]);
  });

  it("accepts a step exactly 24 hours after the first step, but not a millisecond later", () => {
    for (const [wait, closed] of [
      [DAY, 1],
      [DAY + 1, 0],
    ] as const) {
      const browser = createBrowser();
      browser.viewPage("/");
      browser.wait(wait).track("add_to_cart");
      const rows = countFunnel(createRecount(browser).visits, steps, { by: "visitor" });
      expect(rows[1]).toMatchObject({ closed, open: 1 });
    }
  });

  it("returns the mean of the middle two times as the median of an even number of times", () => {
    const script = new Script();
    for (const wait of [10, 20, 41, 1000]) {
      const browser = createBrowser(script);
      browser.viewPage("/");
      browser.wait(wait).track("add_to_cart");
    }
    expect(countFunnel(createRecount({ script }).visits, steps, { by: "visit" })[1]?.medianTime).toBe(30.5);
  });

  it("sorts events with equal times by event id", () => {
    const outcomes = [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => {
      const browser = createBrowser(new Script(seed));
      const view = browser.viewPage("/");
      const cart = browser.track("add_to_cart");
      const rows = countFunnel(createRecount(browser).visits, steps, { by: "visit" });
      expect(rows[1]?.closed).toBe(view.id < cart.id ? 1 : 0);
      return rows[1]?.closed;
    });
    expect(new Set(outcomes)).toEqual(new Set([0, 1]));
  });

  it("combines the steps of a visitor's two visits in a funnel by visitor, but not in a funnel by visit", () => {
    const browser = createBrowser();
    browser.viewPage("/");
    browser.wait(HOUR).track("add_to_cart");
    const { visits } = createRecount(browser);
    expect(countFunnel(visits, steps, { by: "visitor" })[1]?.closed).toBe(1);
    expect(countFunnel(visits, steps, { by: "visit" })[1]?.closed).toBe(0);
  });
});
