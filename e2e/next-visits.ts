import { randomUUID } from "node:crypto";
import type { JsonObject } from "coatcheck";
import { sqliteEvents } from "coatcheck/visit/sqlite";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openBrowser, PERSON_USER_AGENT } from "./chromium.ts";
import { type PageResponse, textOf, type Visitor } from "./next-fixtures.ts";
import type { NextSite } from "./next-suite.ts";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const BROWSER_HEADERS = { "user-agent": FIREFOX, "sec-fetch-site": "same-origin" };

/** Returns the stored events of a visitor, in the order in which they happened. */
export async function readStoredEvents(site: NextSite, visitorId: string): Promise<readonly JsonObject[]> {
  const sink = sqliteEvents({ path: `${site.database}.visits` });
  try {
    return (await sink.exportPerson({ visitorId })).events;
  } finally {
    await sink.close();
  }
}

/** Sends the beacon that a page's script sends for its page view. */
export async function sendPageView(visitor: Visitor, event: JsonObject = {}): Promise<PageResponse> {
  const view = { type: "page_view", id: randomUUID(), ago: 0, path: "/shop", ...event };
  return await visitor.send("/session/visit", {
    method: "POST",
    headers: { ...BROWSER_HEADERS, "content-type": "application/json" },
    body: JSON.stringify({ pageId: randomUUID(), events: [view] }),
  });
}

/** Defines tests of visits, without a browser. */
export function testVisits(site: NextSite): void {
  const visitorOf = (visitor: Visitor) => visitor.cookies.get("visitor_id") ?? "";
  const typesOf = (events: readonly JsonObject[]) => events.map(({ type }) => type);

  it("rendering a page sets no cookie and counts no page view, even behind the proxy", async () => {
    const visitor = site.createVisitor();
    const headers = { "user-agent": FIREFOX, accept: "text/html", "sec-fetch-dest": "document" };
    for (const path of ["/shop", "/proxied"]) {
      const page = await visitor.send(path, { headers });
      expect([page.status, page.cookies], path).toEqual([200, []]);
    }
  });

  it("the beacon of a page creates visitor, session and visit, and the visit has the source of the document", async () => {
    const visitor = site.createVisitor();
    const response = await sendPageView(visitor, { referrer: "https://www.google.com/", query: "?gclid=x" });
    expect(JSON.parse(response.body)).toMatchObject({ data: { accepted: 1 } });
    expect([...visitor.cookies.keys()].sort()).toEqual(["__Host-sid", "visitor_id"]);
    expect((await sendPageView(visitor, { path: "/shop/tacos" })).cookies).toEqual([]);
    const state = JSON.parse((await visitor.send("/session", { headers: BROWSER_HEADERS })).body);
    const sessionId = state.data.session.id;
    const eventually = expect.poll(() => readStoredEvents(site, visitorOf(visitor)), { timeout: 10_000 });
    await eventually.toMatchObject([
      {
        type: "page_view",
        path: "/shop",
        session_id: sessionId,
        body: { source: { channel: "Paid Search" } },
      },
      { type: "page_view", path: "/shop/tacos", session_id: sessionId },
    ]);
  });

  it("an action, a route handler and another server report events of the visitor's session", async () => {
    const visitor = site.createVisitor();
    await sendPageView(visitor);
    const headers = { ...BROWSER_HEADERS, referer: `${site.application.origin}/shop` };
    await visitor.submit("/shop", "add", { sku: "taco" }, headers);
    const order = { method: "POST", body: JSON.stringify({ orderId: randomUUID() }), headers };
    expect((await visitor.send("/api/order", order)).body).toBe('{"collected":true}');
    const state = JSON.parse((await visitor.send("/session", { headers: BROWSER_HEADERS })).body);
    const body = JSON.stringify({ sessionId: state.data.session.id });
    const reported = await visitor.send("/api/order", { method: "PUT", body, headers });
    expect(reported.body).toBe('{"collected":true}');
    const types = async () => typesOf(await readStoredEvents(site, visitorOf(visitor))).sort();
    await expect
      .poll(types, { timeout: 10_000 })
      .toEqual(["add_to_cart", "begin_checkout", "order_completed", "page_view"]);
    expect(textOf(await visitor.send("/shop"), "cart")).toBe("1");
  });

  it("a login in an action is stored as an event with the visitor and the subject", async () => {
    const visitor = site.createVisitor();
    await sendPageView(visitor);
    await visitor.submit("/login", "log-in", { name: "vera" }, BROWSER_HEADERS);
    const logins = async () =>
      (await readStoredEvents(site, visitorOf(visitor))).filter(({ type }) => type === "login");
    await expect.poll(logins, { timeout: 10_000 }).toMatchObject([{ subject: "vera" }]);
  });

  it("an opt-out ends the collection of visits", async () => {
    const visitor = site.createVisitor();
    await sendPageView(visitor);
    await visitor.send("/session/visit/opt-out", { method: "POST", headers: BROWSER_HEADERS });
    expect([...visitor.cookies.keys()].sort()).toEqual(["__Host-sid", "visitor_optout"]);
    expect(JSON.parse((await sendPageView(visitor)).body)).toMatchObject({ data: { accepted: 0 } });
  });

  it("the process opens the visits once, for actions and route handlers", async () => {
    expect((await site.readCounts()).visitOpens).toBe(1);
  });
}

/** Defines tests of the page's script, in Chromium. */
export function testVisitsInBrowser(site: NextSite): void {
  let chromium: Awaited<ReturnType<typeof openBrowser>>;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    chromium = await openBrowser({ flags: [PERSON_USER_AGENT] });
    page = await chromium.context.newPage();
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
  });
  afterAll(() => chromium?.close());

  it("a loaded document and a navigation by the router count as one page view each, in the same visit", async () => {
    await page.goto(`${site.application.origin}/shop`);
    const visitorId = async () =>
      (await chromium.context.cookies()).find(({ name }) => name === "visitor_id")?.value ?? "";
    await expect.poll(visitorId, { timeout: 10_000 }).not.toBe("");
    await page.getByRole("link", { name: "Tacos" }).click();
    await page.getByRole("heading", { name: "Tacos" }).waitFor();
    const views = async () =>
      (await readStoredEvents(site, await visitorId())).filter(({ type }) => type === "page_view");
    await expect.poll(views, { timeout: 10_000 }).toMatchObject([{ path: "/shop" }, { path: "/shop/tacos" }]);
    expect(new Set((await views()).map((event) => event.session_id)).size).toBe(1);
    await page.goBack();
    await page.getByRole("button", { name: "Add" }).click();
    await expect.poll(() => page.locator("#cart").textContent(), { timeout: 5000 }).toBe("1");
    const types = async () => (await readStoredEvents(site, await visitorId())).map(({ type }) => type);
    await expect.poll(types, { timeout: 10_000 }).toContain("add_to_cart");
    expect(complaints).toEqual([]);
  });
}
