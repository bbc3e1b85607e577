import { describe, expect, it } from "vitest";
import {
  createBrowser,
  createRecount,
  GOOGLE_SOURCE,
  MAIL_SOURCE,
  MONTH,
  recountMonth,
  START,
} from "./recount-fixtures.ts";
import { DAY, DIRECT_SOURCE, HOUR, MINUTE, Script, SECOND } from "./script.ts";

describe("recountVisits(): when a visit ends", () => {
  it("continues the visit after a gap of one millisecond less than 30 minutes", () => {
    const browser = createBrowser();
    browser.viewPage("/");
    browser.wait(30 * MINUTE - 1).viewPage("/menu");
    expect(recountMonth(browser)).toMatchObject({ visits: 1, pageViews: 2, visitors: 1 });
  });

  it("begins a new visit after a gap of exactly 30 minutes", () => {
    const browser = createBrowser();
    browser.viewPage("/");
    browser.wait(30 * MINUTE).viewPage("/menu");
    expect(recountMonth(browser)).toMatchObject({ visits: 2, pageViews: 2, visitors: 1, bounced: 2 });
  });

  it("begins a new visit after 24 hours, even if the visitor is active all the time", () => {
    const browser = createBrowser();
    for (let slice = 0; slice <= 96; slice++) {
      browser.viewPage("/");
      browser.wait(15 * MINUTE);
    }
    const { visits } = createRecount(browser);
    expect(visits.map(({ pages }) => pages.length)).toEqual([96, 1]);
  });

  it("continues the visit at midnight", () => {
    const browser = createBrowser(new Script(), Date.parse("2026-10-05T23:50:00Z"));
    browser.viewPage("/");
    browser.wait(20 * MINUTE).viewPage("/menu");
    const days = createRecount(browser).byDay(MONTH);
    expect(days.get("2026-10-05")).toMatchObject({ visits: 1, pageViews: 1, engaged: 1 });
    expect(days.get("2026-10-06")).toMatchObject({ visits: 0, pageViews: 1, engaged: 0 });
  });

  it("continues the visit if the visitor comes back through a campaign, and ignores the campaign", () => {
    const browser = createBrowser();
    browser.viewPage("/", { cameFrom: GOOGLE_SOURCE });
    browser.wait(MINUTE).viewPage("/", { cameFrom: MAIL_SOURCE });
    expect([...createRecount(browser).breakdown("channel", MONTH).keys()]).toEqual(["Organic Search"]);
  });

  it("continues the visit after a login, which changes the session", () => {
    const browser = createBrowser();
    browser.viewPage("/");
    browser.wait(MINUTE).login("anna");
    browser.session = browser.script.random.uuid();
    browser.wait(MINUTE).viewPage("/account");
    expect(recountMonth(browser)).toMatchObject({ visits: 1, pageViews: 2 });
  });
});

describe("recountVisits() for events and beacons", () => {
  it("extends the open visit when an event arrives", () => {
    const browser = createBrowser();
    browser.viewPage("/");
    browser.wait(20 * MINUTE).track("search");
    browser.wait(20 * MINUTE).viewPage("/menu");
    expect(recountMonth(browser).visits).toBe(1);
  });

  it("extends the open visit when a beacon arrives", () => {
    const browser = createBrowser();
    browser.viewPage("/");
    browser.wait(20 * MINUTE).reportVisibleTime(SECOND);
    browser.wait(20 * MINUTE).viewPage("/menu");
    expect(recountMonth(browser)).toMatchObject({ visits: 1, visibleTime: SECOND });
  });

  it("adds the visible time of a late beacon to the visit of its page, but neither extends nor reopens the visit", () => {
    const browser = createBrowser();
    browser.viewPage("/");
    browser.wait(40 * MINUTE).reportVisibleTime(12 * SECOND);
    browser.wait(5 * MINUTE).viewPage("/menu");
    const { visits } = createRecount(browser);
    expect(visits.map(({ lastActivity }) => lastActivity)).toEqual([START, START + 45 * MINUTE]);
    expect(recountMonth(browser)).toMatchObject({
      visits: 2,
      visibleTime: 12 * SECOND,
      engaged: 1,
      bounced: 1,
    });
  });

  it("adds the visible time of an older page to the visit of that page, but does not extend the open visit", () => {
    const browser = createBrowser();
    browser.viewPage("/long-read");
    const { page } = browser;
    browser.wait(35 * MINUTE).viewPage("/menu");
    browser.wait(20 * MINUTE).reportVisibleTime(15 * SECOND, page ? { page } : {});
    browser.wait(20 * MINUTE).viewPage("/cart");
    expect(recountMonth(browser)).toMatchObject({ visits: 3, engaged: 1, visibleTime: 15 * SECOND });
  });

  it("ignores a beacon that is sent 80 hours after the visit of its page", () => {
    const browser = createBrowser();
    browser.viewPage("/");
    browser.wait(80 * HOUR).reportVisibleTime(12 * SECOND);
    expect(recountMonth(browser)).toMatchObject({ visits: 1, visibleTime: 0 });
  });

  it("ignores a beacon whose page was never viewed", () => {
    const browser = createBrowser();
    browser.viewPage("/", { isLost: true });
    browser.wait(MINUTE).reportVisibleTime(12 * SECOND);
    expect(recountMonth(browser)).toMatchObject({ visits: 0, visitors: 0, visibleTime: 0 });
  });

  it("begins a visit with a browser event if no visit is open; the entry page is the page of that event", () => {
    const browser = createBrowser();
    browser.viewPage("/taco", { cameFrom: GOOGLE_SOURCE });
    browser.wait(HOUR).track("add_to_cart");
    const { visits } = createRecount(browser);
    expect(visits).toMatchObject([
      { pages: [{}] },
      { pages: [], source: DIRECT_SOURCE, lastNonDirectSource: GOOGLE_SOURCE },
    ]);
    expect(createRecount(browser).breakdown("entryPage", MONTH).get("/taco")?.visits).toBe(2);
  });

  it("adds a backend event to the session's last visit, but does not extend the visit", () => {
    const browser = createBrowser();
    browser.viewPage("/");
    browser.wait(20 * MINUTE).reportByBackend({ do: "order", orderId: "1", revenue: 900, currency: "CHF" });
    browser.wait(20 * MINUTE).viewPage("/menu");
    const { visits } = createRecount(browser);
    expect(visits.map(({ actions }) => actions.length)).toEqual([2, 1]);
    expect(recountMonth(browser)).toMatchObject({ visits: 2, orders: 1, converted: 1, engaged: 1 });
  });

  it("adds a backend event to the last visit that began before the event, even if it arrives after a later visit has begun", () => {
    const browser = createBrowser();
    browser.viewPage("/");
    browser.wait(2 * HOUR).viewPage("/menu");
    browser.reportByBackend(
      { do: "order", orderId: "1", revenue: 900, currency: "CHF" },
      { millisecondsAgo: HOUR },
    );
    expect(createRecount(browser).orders[0]?.visit?.start).toBe(START);
  });

  it("counts an order of a session without a visit in the totals, and under (no visit) in a breakdown", () => {
    const browser = createBrowser();
    browser.reportByBackend(
      { do: "order", orderId: "1", revenue: 900, currency: "CHF" },
      { knowsVisitor: false },
    );
    expect(recountMonth(browser)).toMatchObject({
      visits: 0,
      converted: 0,
      orders: 1,
      revenue: { CHF: 900 },
    });
    expect([...createRecount(browser).breakdown("channel", MONTH)]).toMatchObject([
      ["(no visit)", { orders: 1 }],
    ]);
  });
});

describe("Recount of page views and visible time", () => {
  it("counts a page view once if both the document and its script report it", () => {
    const browser = createBrowser();
    browser.viewPage("/");
    browser.wait(300).viewPage("/", browser.page ? { page: browser.page } : {});
    expect(recountMonth(browser)).toMatchObject({ pageViews: 1, bounced: 1 });
  });

  it("counts a page view on the day of the earlier of two reports", () => {
    const browser = createBrowser(new Script(), Date.parse("2026-10-06T00:00:00.100Z"));
    browser.viewPage("/");
    const { page } = browser;
    browser.viewPage("/", { millisecondsAgo: 200, ...(page ? { page } : {}) });
    expect(createRecount(browser).byDay(MONTH).get("2026-10-05")).toMatchObject({ pageViews: 1, visits: 1 });
  });

  it("limits visible time to the time since the page was opened", () => {
    const browser = createBrowser();
    browser.viewPage("/");
    browser.wait(4 * SECOND).reportVisibleTime(HOUR);
    expect(recountMonth(browser)).toMatchObject({ visibleTime: 4 * SECOND, bounced: 1 });
  });

  it("adds up the visible time that a page reports, including reports that arrive before the page view", () => {
    const browser = createBrowser();
    browser.viewPage("/", { delay: HOUR });
    browser.wait(6 * SECOND).reportVisibleTime(6 * SECOND);
    browser.wait(20 * SECOND).reportVisibleTime(5 * SECOND);
    expect(recountMonth(browser)).toMatchObject({ visibleTime: 11 * SECOND, engaged: 1 });
  });
});

describe("Recount of engaged visits", () => {
  it("counts a visit of one page as bounced after 9,999 ms, and as engaged after 10,000 ms", () => {
    const script = new Script();
    for (const visible of [9_999, 10_000]) {
      const browser = createBrowser(script);
      browser.viewPage("/");
      browser.wait(MINUTE).reportVisibleTime(visible);
    }
    expect(recountMonth({ script })).toMatchObject({ visits: 2, engaged: 1, bounced: 1 });
  });

  it.each(["add_to_cart", "begin_checkout", "login"])("counts a visit with %s as engaged", (event) => {
    const browser = createBrowser();
    browser.viewPage("/");
    browser.track(event);
    expect(recountMonth(browser)).toMatchObject({ engaged: 1, bounced: 0 });
  });

  it("counts a visit with an event of the application as engaged only if the event is a key event", () => {
    const script = new Script();
    createBrowser(script).track("product_view");
    createBrowser(script).track("booked_table", { isKey: true });
    expect(recountMonth({ script })).toMatchObject({ visits: 2, engaged: 1 });
  });
});

describe("Recount of clients that are not visitors", () => {
  it("counts the documents that bots and opted-out people requested, but counts no visits for them", () => {
    const script = new Script();
    script.addDocument("bot", START);
    script.addDocument("bot", START + DAY);
    script.addDocument("not-collected", START, { node: 1 });
    script.addDocument("dropped", START - 30 * DAY);
    const counted = createRecount({ script });
    expect(counted.documentCounts(MONTH)).toEqual(
      new Map([
        ["bot", 2],
        ["not-collected", 1],
      ]),
    );
    expect(counted.overview(MONTH)).toMatchObject({ visits: 0, visitors: 0, pageViews: 0 });
  });

  it("counts a person without cookies as a new visitor for each document", () => {
    const script = new Script();
    createBrowser(script).viewPage("/");
    createBrowser(script).viewPage("/menu");
    expect(recountMonth({ script })).toMatchObject({
      visitors: 2,
      visits: 2,
      newVisitors: 2,
      returningVisitors: 0,
    });
  });

  it("ignores requests that never arrived", () => {
    const browser = createBrowser();
    browser.viewPage("/");
    browser.wait(MINUTE).viewPage("/menu", { isLost: true });
    expect(recountMonth(browser)).toMatchObject({ pageViews: 1, bounced: 1 });
  });
});
