import { describe, expect, it } from "vitest";
import type { Source } from "../../../src/visit/event.ts";
import { deliver } from "./delivery.ts";
import { funnelOf } from "./funnel.ts";
import { Recount } from "./recount.ts";
import { Browser, DAY, DESKTOP, DIRECT, HOUR, MINUTE, Script, SECOND } from "./script.ts";

const START = Date.parse("2026-10-05T08:00:00Z");
const MONTH = { from: "2026-10-01", to: "2026-10-31" };
const GOOGLE: Source = { ...DIRECT, channel: "Organic Search", source: "google", medium: "organic" };
const MAIL: Source = { ...DIRECT, channel: "Email", source: "news", medium: "email", campaign: "autumn" };

function newBrowser(script = new Script(), at = START): Browser {
  return new Browser(script, at);
}

function recount({ script }: { readonly script: Script }, timeZone = "UTC"): Recount {
  return new Recount(script, deliver(script), timeZone);
}

function overview(browser: { readonly script: Script }, timeZone = "UTC") {
  return recount(browser, timeZone).overview(MONTH);
}

describe("when a visit ends", () => {
  it("continues a visit after 29:59.999", () => {
    const browser = newBrowser();
    browser.view("/");
    browser.wait(30 * MINUTE - 1).view("/menu");
    expect(overview(browser)).toMatchObject({ visits: 1, pageViews: 2, visitors: 1 });
  });

  it("ends a visit after a gap of exactly 30:00", () => {
    const browser = newBrowser();
    browser.view("/");
    browser.wait(30 * MINUTE).view("/menu");
    expect(overview(browser)).toMatchObject({ visits: 2, pageViews: 2, visitors: 1, bounced: 2 });
  });

  it("ends a visit 24 hours after its start, however active it is", () => {
    const browser = newBrowser();
    for (let slice = 0; slice <= 96; slice++) {
      browser.view("/");
      browser.wait(15 * MINUTE);
    }
    const { visits } = recount(browser);
    expect(visits.map(({ pages }) => pages.length)).toEqual([96, 1]);
  });

  it("does not end a visit at midnight", () => {
    const browser = newBrowser(new Script(), Date.parse("2026-10-05T23:50:00Z"));
    browser.view("/");
    browser.wait(20 * MINUTE).view("/menu");
    const days = recount(browser).byDay(MONTH);
    expect(days.get("2026-10-05")).toMatchObject({ visits: 1, pageViews: 1, engaged: 1 });
    expect(days.get("2026-10-06")).toMatchObject({ visits: 0, pageViews: 1, engaged: 0 });
  });

  it("does not end a visit by a new campaign, and ignores the campaign", () => {
    const browser = newBrowser();
    browser.view("/", { cameFrom: GOOGLE });
    browser.wait(MINUTE).view("/", { cameFrom: MAIL });
    expect([...recount(browser).breakdown("channel", MONTH).keys()]).toEqual(["Organic Search"]);
  });

  it("does not end a visit by a login or a new session", () => {
    const browser = newBrowser();
    browser.view("/");
    browser.wait(MINUTE).login("anna");
    browser.session = browser.script.random.uuid();
    browser.wait(MINUTE).view("/account");
    expect(overview(browser)).toMatchObject({ visits: 1, pageViews: 2 });
  });
});

describe("activity", () => {
  it("extends a visit by an event", () => {
    const browser = newBrowser();
    browser.view("/");
    browser.wait(20 * MINUTE).track("search");
    browser.wait(20 * MINUTE).view("/menu");
    expect(overview(browser).visits).toBe(1);
  });

  it("extends a visit by a beacon while it is open", () => {
    const browser = newBrowser();
    browser.view("/");
    browser.wait(20 * MINUTE).visible(SECOND);
    browser.wait(20 * MINUTE).view("/menu");
    expect(overview(browser)).toMatchObject({ visits: 1, visibleTime: SECOND });
  });

  it("adds the time of a beacon after the visit, without extending or reopening it", () => {
    const browser = newBrowser();
    browser.view("/");
    browser.wait(40 * MINUTE).visible(12 * SECOND);
    browser.wait(5 * MINUTE).view("/menu");
    const { visits } = recount(browser);
    expect(visits.map(({ lastActivity }) => lastActivity)).toEqual([START, START + 45 * MINUTE]);
    expect(overview(browser)).toMatchObject({ visits: 2, visibleTime: 12 * SECOND, engaged: 1, bounced: 1 });
  });

  it("adds the time of an older visit's page to that visit, and does not extend the open one", () => {
    const browser = newBrowser();
    browser.view("/long-read");
    const { page } = browser;
    browser.wait(35 * MINUTE).view("/menu");
    browser.wait(20 * MINUTE).visible(15 * SECOND, page ? { page } : {});
    browser.wait(20 * MINUTE).view("/cart");
    expect(overview(browser)).toMatchObject({ visits: 3, engaged: 1, visibleTime: 15 * SECOND });
  });

  it("ignores a beacon 80 hours after its visit", () => {
    const browser = newBrowser();
    browser.view("/");
    browser.wait(80 * HOUR).visible(12 * SECOND);
    expect(overview(browser)).toMatchObject({ visits: 1, visibleTime: 0 });
  });

  it("begins no visit with a beacon whose page was never viewed", () => {
    const browser = newBrowser();
    browser.view("/", { isLost: true });
    browser.wait(MINUTE).visible(12 * SECOND);
    expect(overview(browser)).toMatchObject({ visits: 0, visitors: 0, visibleTime: 0 });
  });

  it("begins a visit with a browser's event when none is open, entering on its page", () => {
    const browser = newBrowser();
    browser.view("/taco", { cameFrom: GOOGLE });
    browser.wait(HOUR).track("add_to_cart");
    const { visits } = recount(browser);
    expect(visits).toMatchObject([{ pages: [{}] }, { pages: [], source: DIRECT, lastNonDirect: GOOGLE }]);
    expect(recount(browser).breakdown("entryPage", MONTH).get("/taco")?.visits).toBe(2);
  });

  it("adds a backend's event to the session's last visit without extending it", () => {
    const browser = newBrowser();
    browser.view("/");
    browser.wait(20 * MINUTE).backend({ do: "order", orderId: "1", revenue: 900, currency: "CHF" });
    browser.wait(20 * MINUTE).view("/menu");
    const { visits } = recount(browser);
    expect(visits.map(({ actions }) => actions.length)).toEqual([2, 1]);
    expect(overview(browser)).toMatchObject({ visits: 2, orders: 1, converted: 1, engaged: 1 });
  });

  it("adds a backend's event to the visit before it, not to a later one", () => {
    const browser = newBrowser();
    browser.view("/");
    browser.wait(2 * HOUR).view("/menu");
    browser.backend({ do: "order", orderId: "1", revenue: 900, currency: "CHF" }, { ago: HOUR });
    expect(recount(browser).orders[0]?.visit?.start).toBe(START);
  });

  it("counts an order of a session without a visit in the totals only", () => {
    const browser = newBrowser();
    browser.backend({ do: "order", orderId: "1", revenue: 900, currency: "CHF" }, { knowsVisitor: false });
    expect(overview(browser)).toMatchObject({ visits: 0, converted: 0, orders: 1, revenue: { CHF: 900 } });
    expect([...recount(browser).breakdown("channel", MONTH)]).toMatchObject([["(no visit)", { orders: 1 }]]);
  });
});

describe("page views and visible time", () => {
  it("counts a page once that the document and its script report", () => {
    const browser = newBrowser();
    browser.view("/");
    browser.wait(300).view("/", browser.page ? { page: browser.page } : {});
    expect(overview(browser)).toMatchObject({ pageViews: 1, bounced: 1 });
  });

  it("counts a page on the day of the earlier of two reports", () => {
    const browser = newBrowser(new Script(), Date.parse("2026-10-06T00:00:00.100Z"));
    browser.view("/");
    const { page } = browser;
    browser.view("/", { ago: 200, ...(page ? { page } : {}) });
    expect(recount(browser).byDay(MONTH).get("2026-10-05")).toMatchObject({ pageViews: 1, visits: 1 });
  });

  it("clamps visible time to the time since the page began", () => {
    const browser = newBrowser();
    browser.view("/");
    browser.wait(4 * SECOND).visible(HOUR);
    expect(overview(browser)).toMatchObject({ visibleTime: 4 * SECOND, bounced: 1 });
  });

  it("adds up the reports of a page, also those that arrive before their page view", () => {
    const browser = newBrowser();
    browser.view("/", { late: HOUR });
    browser.wait(6 * SECOND).visible(6 * SECOND);
    browser.wait(20 * SECOND).visible(5 * SECOND);
    expect(overview(browser)).toMatchObject({ visibleTime: 11 * SECOND, engaged: 1 });
  });
});

describe("engaged and bounced", () => {
  it("bounces after one page of 9,999 ms, and engages at 10,000 ms", () => {
    const script = new Script();
    for (const visible of [9_999, 10_000]) {
      const browser = newBrowser(script);
      browser.view("/");
      browser.wait(MINUTE).visible(visible);
    }
    expect(overview({ script })).toMatchObject({ visits: 2, engaged: 1, bounced: 1 });
  });

  it.each(["add_to_cart", "begin_checkout", "login"])("engages by %s", (event) => {
    const browser = newBrowser();
    browser.view("/");
    browser.track(event);
    expect(overview(browser)).toMatchObject({ engaged: 1, bounced: 0 });
  });

  it("does not engage by another event, unless the application marks it as key", () => {
    const script = new Script();
    newBrowser(script).track("product_view");
    newBrowser(script).track("booked_table", { isKey: true });
    expect(overview({ script })).toMatchObject({ visits: 2, engaged: 1 });
  });
});

describe("clients that are not visitors", () => {
  it("counts documents of bots, of people who opted out and of dropped requests, and nothing else", () => {
    const script = new Script();
    script.document("bot", START);
    script.document("bot", START + DAY);
    script.document("not-collected", START, { node: 1 });
    script.document("dropped", START - 30 * DAY);
    const counted = recount({ script });
    expect(counted.documents(MONTH)).toEqual(
      new Map([
        ["bot", 2],
        ["not-collected", 1],
      ]),
    );
    expect(counted.overview(MONTH)).toMatchObject({ visits: 0, visitors: 0, pageViews: 0 });
  });

  it("counts a person without cookies as a new visitor for each document", () => {
    const script = new Script();
    newBrowser(script).view("/");
    newBrowser(script).view("/menu");
    expect(overview({ script })).toMatchObject({
      visitors: 2,
      visits: 2,
      newVisitors: 2,
      returningVisitors: 0,
    });
  });

  it("does not count a request that never arrived", () => {
    const browser = newBrowser();
    browser.view("/");
    browser.wait(MINUTE).view("/menu", { isLost: true });
    expect(overview(browser)).toMatchObject({ pageViews: 1, bounced: 1 });
  });
});

describe("orders", () => {
  it("counts the report of an order that arrives first, whichever happened first", () => {
    const browser = newBrowser();
    browser.view("/");
    browser.order("7", 1000, "CHF", { late: HOUR });
    browser.wait(MINUTE).backend({ do: "order", orderId: "7", revenue: 1200, currency: "CHF" }, { node: 1 });
    expect(overview(browser)).toMatchObject({ orders: 1, revenue: { CHF: 1200 } });
  });

  it("does not let a repeated order extend a visit", () => {
    const browser = newBrowser();
    browser.view("/");
    browser.order("7", 1000, "CHF");
    browser.wait(20 * MINUTE).order("7", 1000, "CHF");
    browser.wait(20 * MINUTE).view("/menu");
    expect(overview(browser)).toMatchObject({ visits: 2, orders: 1 });
  });

  it("counts equal order ids of two tenants apart", () => {
    const script = new Script();
    for (const tenant of ["bern", "basel"]) {
      const browser = newBrowser(script);
      browser.tenant = tenant;
      browser.order("7", 500, "CHF");
    }
    expect(overview({ script })).toMatchObject({ orders: 2, revenue: { CHF: 1000 } });
  });

  it("counts two orders of one visit as two orders and one converted visit, per currency", () => {
    const browser = newBrowser();
    browser.order("1", 1000, "CHF");
    browser.order("2", 0, "EUR");
    expect(overview(browser)).toMatchObject({ orders: 2, converted: 1, revenue: { CHF: 1000, EUR: 0 } });
  });

  it("counts an order on its own day, and the conversion on the day its visit started", () => {
    const browser = newBrowser(new Script(), Date.parse("2026-10-05T23:50:00Z"));
    browser.view("/");
    browser.wait(20 * MINUTE).order("1", 100, "CHF");
    const days = recount(browser).byDay(MONTH);
    expect(days.get("2026-10-05")).toMatchObject({ orders: 0, converted: 1 });
    expect(days.get("2026-10-06")).toMatchObject({ orders: 1, converted: 0, revenue: { CHF: 100 } });
  });
});

describe("attribution", () => {
  it("takes the last non-direct source within 90 days, and Direct a millisecond later", () => {
    for (const [gap, channel] of [
      [90 * DAY, "Email"],
      [90 * DAY + 1, "Direct"],
    ] as const) {
      const browser = newBrowser(new Script(), START - gap);
      browser.view("/", { cameFrom: MAIL });
      browser.wait(gap).view("/");
      expect([...recount(browser).breakdown("channel", MONTH).keys()]).toEqual([channel]);
    }
  });

  it("takes the latest of several non-direct sources", () => {
    const browser = newBrowser();
    browser.view("/", { cameFrom: MAIL });
    browser.wait(DAY).view("/", { cameFrom: GOOGLE });
    browser.wait(DAY).view("/");
    const figures = recount(browser);
    expect(figures.breakdown("channel", MONTH).get("Organic Search")?.visits).toBe(2);
    expect(figures.breakdown("entryChannel", MONTH).get("Direct")?.visits).toBe(1);
  });

  it("keeps the first touch, even if it is Direct", () => {
    const browser = newBrowser();
    browser.view("/");
    browser.wait(DAY).view("/", { cameFrom: GOOGLE });
    expect(recount(browser).breakdown("firstTouchChannel", MONTH).get("Direct")?.visits).toBe(2);
  });

  it("keeps an order's attribution when an earlier visit arrives after the order", () => {
    const browser = newBrowser();
    browser.view("/", { cameFrom: MAIL, late: 2 * DAY });
    browser.wait(DAY).view("/");
    browser.order("1", 700, "CHF");
    const delivered = browser.script.actions
      .toSorted((left, right) => left.heardAt - right.heardAt)
      .map((action) => ({ actions: [action], batch: { events: [], counts: [] } }));
    const rows = new Recount(browser.script, delivered).breakdown("channel", MONTH);
    expect(rows.get("Direct")).toMatchObject({ visits: 0, orders: 1 });
    expect(rows.get("Email")).toMatchObject({ visits: 2, orders: 0, converted: 1 });
  });
});

describe("visitors", () => {
  it("counts a visitor once in a range, as new and as returning", () => {
    const browser = newBrowser();
    browser.view("/");
    browser.wait(DAY).view("/");
    expect(overview(browser)).toMatchObject({ visitors: 1, newVisitors: 1, returningVisitors: 1 });
    expect(recount(browser).byDay(MONTH).get("2026-10-06")).toMatchObject({
      visitors: 1,
      newVisitors: 0,
      returningVisitors: 1,
    });
  });

  it("counts a visitor under the dimension's value of the first visit in the range", () => {
    const browser = newBrowser();
    browser.view("/");
    browser.wait(DAY).view("/", { client: { ...DESKTOP, country: "DE" } });
    const rows = recount(browser).breakdown("country", MONTH);
    expect(rows.get("CH")).toMatchObject({ visits: 1, visitors: 1 });
    expect(rows.get("DE")).toMatchObject({ visits: 1, visitors: 0 });
    expect(
      recount(browser).overview({ from: "2026-10-06", to: "2026-10-31" }, [
        { dimension: "country", operator: "is", value: "DE" },
      ]).visitors,
    ).toBe(1);
  });

  it("names the last customer of a visit, and gives each order to the customer who placed it", () => {
    const browser = newBrowser();
    browser.view("/");
    browser.login("anna");
    browser.order("1", 100, "CHF");
    browser.wait(MINUTE).login("ben");
    expect(recount(browser).customers()).toEqual(
      new Map([
        ["ben", { visits: 1, orders: 0, revenue: {}, firstVisit: START, lastVisit: START }],
        ["anna", { visits: 0, orders: 1, revenue: { CHF: 100 }, firstVisit: null, lastVisit: null }],
      ]),
    );
  });

  it("counts live visitors by the arrival of their activity", () => {
    const script = new Script();
    newBrowser(script).view("/", { late: 10 * MINUTE });
    newBrowser(script).view("/");
    expect(recount({ script }).live(START + 10 * MINUTE)).toBe(1);
    expect(recount({ script }).live(START + 5 * MINUTE)).toBe(0);
    expect(recount({ script }).live(START + 5 * MINUTE - 1)).toBe(1);
  });
});

describe("days, hours and weeks", () => {
  it("has 25 hours on the day the clock goes back", () => {
    const script = new Script();
    for (let hour = 0; hour < 26; hour++) {
      newBrowser(script, Date.parse("2026-10-24T22:00:00Z") + hour * HOUR).view("/");
    }
    const counted = recount({ script }, "Europe/Zurich");
    expect(counted.byDay(MONTH).get("2026-10-25")?.visits).toBe(25);
    expect(counted.byDay(MONTH).get("2026-10-26")?.visits).toBe(1);
    expect(counted.byHour({ from: "2026-10-25", to: "2026-10-25" }).size).toBe(25);
  });

  it("has 23 hours on the day the clock goes forward", () => {
    const script = new Script();
    for (let hour = 0; hour < 24; hour++) {
      newBrowser(script, Date.parse("2026-03-28T23:00:00Z") + hour * HOUR).view("/");
    }
    const days = recount({ script }, "Europe/Zurich").byDay({ from: "2026-03-01", to: "2026-03-31" });
    expect([...days].map(([day, { visits }]) => [day, visits])).toEqual([
      ["2026-03-29", 23],
      ["2026-03-30", 1],
    ]);
  });

  it("begins weeks on Monday in the operator's zone", () => {
    const browser = newBrowser(new Script(), Date.parse("2026-10-11T21:59:59Z"));
    browser.view("/");
    browser.wait(30 * MINUTE).view("/");
    expect(recount(browser, "Europe/Zurich").retention(MONTH)).toEqual(
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

describe("funnels", () => {
  const steps = ["page_view", "add_to_cart", "order_completed"].map((event) => ({ event }));

  it("takes the first occurrence of each step after the one before", () => {
    const browser = newBrowser();
    browser.track("add_to_cart");
    browser.wait(MINUTE).view("/");
    browser.wait(MINUTE).track("add_to_cart");
    browser.wait(2 * MINUTE).order("1", 1, "CHF");
    expect(funnelOf(recount(browser).visits, steps, { by: "visit" })).toEqual([
      { closed: 1, open: 1, medianTime: null },
      { closed: 1, open: 1, medianTime: MINUTE },
      { closed: 1, open: 1, medianTime: 2 * MINUTE },
    ]);
  });

  it("counts an early step in the open funnel only", () => {
    const browser = newBrowser();
    browser.track("add_to_cart");
    browser.wait(MINUTE).view("/");
    expect(funnelOf(recount(browser).visits, steps, { by: "visit" })).toMatchObject([
      { closed: 1, open: 1 },
      { closed: 0, open: 1 },
      { closed: 0, open: 0 },
    ]);
  });

  it("includes a step exactly 24 hours after the first, and none a millisecond later", () => {
    for (const [wait, closed] of [
      [DAY, 1],
      [DAY + 1, 0],
    ] as const) {
      const browser = newBrowser();
      browser.view("/");
      browser.wait(wait).track("add_to_cart");
      const rows = funnelOf(recount(browser).visits, steps, { by: "visitor" });
      expect(rows[1]).toMatchObject({ closed, open: 1 });
    }
  });

  it("takes the mean of the middle two times", () => {
    const script = new Script();
    for (const wait of [10, 20, 41, 1000]) {
      const browser = newBrowser(script);
      browser.view("/");
      browser.wait(wait).track("add_to_cart");
    }
    expect(funnelOf(recount({ script }).visits, steps, { by: "visit" })[1]?.medianTime).toBe(30.5);
  });

  it("orders equal times by event id", () => {
    const outcomes = [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => {
      const browser = newBrowser(new Script(seed));
      const view = browser.view("/");
      const cart = browser.track("add_to_cart");
      const rows = funnelOf(recount(browser).visits, steps, { by: "visit" });
      expect(rows[1]?.closed).toBe(view.id < cart.id ? 1 : 0);
      return rows[1]?.closed;
    });
    expect(new Set(outcomes)).toEqual(new Set([0, 1]));
  });

  it("counts steps in two visits of a visitor by visitor, but not by visit", () => {
    const browser = newBrowser();
    browser.view("/");
    browser.wait(HOUR).track("add_to_cart");
    const { visits } = recount(browser);
    expect(funnelOf(visits, steps, { by: "visitor" })[1]?.closed).toBe(1);
    expect(funnelOf(visits, steps, { by: "visit" })[1]?.closed).toBe(0);
  });
});
