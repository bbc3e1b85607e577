import { expect, test } from "vitest";
import { FIREFOX_USER_AGENT, GOOGLEBOT_USER_AGENT } from "./browser.ts";
import { ADA, fillCart, HOUR, MINUTE, openCheckout, startShop, TRENCH_COAT } from "./fixtures.ts";

const COOKIE_NAME_PATTERN = /^[^=]+/;
const namesOf = (cookies: readonly string[]) =>
  cookies.map((line) => COOKIE_NAME_PATTERN.exec(line)?.[0]).sort();

test("the first page view of a visitor sets two cookies and creates an anonymous session", async () => {
  await using shop = await startShop();
  const browser = shop.browser();
  const { status, cookies, headers } = await browser.open("/api/storefront/products");
  expect(status).toBe(200);
  expect(headers["content-type"]).toMatch(/^text\/html/);
  expect(namesOf(cookies)).toEqual(["session", "visitor_id"]);
  for (const cookie of cookies) expect(cookie).toMatch(/HttpOnly.*SameSite=Lax/);
  expect(cookies.find((cookie) => cookie.startsWith("visitor_id="))).toContain(`Max-Age=${395 * 24 * 3600}`);
  expect(await shop.sessionOf(browser)).toMatchObject({
    visitorId: browser.cookie("visitor_id"),
    type: "ANONYMOUS",
    customerId: null,
    pageViews: 1,
    converted: false,
    orderId: null,
  });
});

test.each([
  ["a bot", "/", { "user-agent": GOOGLEBOT_USER_AGENT, "sec-fetch-dest": undefined }],
  ["a prefetch", "/", { "sec-purpose": "prefetch" }],
  [
    "a script's request",
    "/api/storefront/products",
    { "sec-fetch-dest": "empty", accept: "application/json" },
  ],
  [
    "a tool",
    "/api/storefront/products",
    { "user-agent": "PostmanRuntime/7.43.0", "sec-fetch-dest": undefined },
  ],
  ["a browser with Global Privacy Control", "/", { "sec-gpc": "1" }],
])("%s gets no cookie and creates no session", async (_client, path, headers) => {
  await using shop = await startShop();
  const browser = shop.browser();
  const { status, cookies } = await browser.open(path, headers);
  expect([status, cookies]).toEqual([200, []]);
  const { figures } = await shop.overview();
  expect(figures.visitors).toBe(0);
  expect((await shop.manager.list({}, { limit: 10 })).records).toEqual([]);
});

test("the page views of a bot are counted as bot traffic and create no visit", async () => {
  await using shop = await startShop();
  const bot = shop.browser();
  await bot.open("/", { "user-agent": GOOGLEBOT_USER_AGENT, "sec-fetch-dest": undefined });
  await bot.open("/products/trench", { "user-agent": GOOGLEBOT_USER_AGENT, "sec-fetch-dest": undefined });
  expect((await shop.overview()).documents).toMatchObject({ bot: 2, "not-collected": 0 });
});

test("a later page view resumes the session and counts as a page view of the same visit", async () => {
  await using shop = await startShop();
  const browser = shop.browser();
  await browser.open("/api/storefront/products");
  const first = await shop.sessionOf(browser);
  shop.advance(MINUTE);
  const { cookies } = await browser.open("/api/storefront/products/123");
  const second = await shop.sessionOf(browser);
  expect(cookies).toEqual([]);
  expect(second.sessionId).toBe(first.sessionId);
  expect([first.pageViews, second.pageViews]).toEqual([1, 2]);
  const events = await shop.eventsOf(browser);
  expect(events.find(({ type }) => type === "product_view")?.properties).toEqual({
    productId: "trench",
    price: 42900,
    currency: "CHF",
  });
});

test("a prefetched page tracks nothing and does not consume the flash message", async () => {
  await using shop = await startShop();
  const browser = shop.browser();
  await browser.open("/");
  await browser.open("/products/trench");
  await browser.submit("/cart", TRENCH_COAT);
  const prefetched = await browser.open("/products/scarf", { "sec-purpose": "prefetch" });
  expect(prefetched.body).not.toContain("is in your cart");
  await browser.send("/products/scarf", { method: "HEAD" });
  expect((await browser.open("/cart")).body).toContain("Alibi trench is in your cart.");
  const views = (await shop.eventsOf(browser)).filter(({ type }) => type === "product_view");
  expect(views.map(({ properties }) => properties.productId)).toEqual(["trench"]);
});

test("a login keeps the ids of session and visitor, changes the session's type, and invalidates the older token", async () => {
  await using shop = await startShop();
  const browser = shop.browser();
  await browser.open("/");
  const before = await shop.sessionOf(browser);
  const stolen = shop.browser();
  for (const [name, cookie] of browser.jar) stolen.jar.set(name, cookie);
  const { status, json } = await browser.post("/api/storefront/auth/login", ADA);
  expect(status).toBe(200);
  expect(json.data).toMatchObject({
    sessionId: before.sessionId,
    visitorId: before.visitorId,
    type: "CUSTOMER",
    customerId: expect.stringMatching(/^customer_/),
  });
  expect(browser.cookie("session")).not.toBe(stolen.cookie("session"));
  const page = await stolen.open("/account");
  expect([page.status, page.location]).toEqual([303, "/login?next=%2Faccount"]);
  expect((await stolen.post("/api/storefront/orders", {})).status).toBe(409);
  const events = await shop.eventsOf(browser);
  expect(events.filter(({ type }) => type === "login")).toMatchObject([{ subject: json.data.customerId }]);
});

test("an order marks the session as converted and stores the events of the purchase", async () => {
  await using shop = await startShop();
  const browser = shop.browser();
  await browser.open("/?utm_source=letter&utm_medium=email&utm_campaign=autumn");
  await browser.open("/search?q=trench");
  await fillCart(browser);
  const { location } = await browser.submit("/checkout", {
    ...(await openCheckout(browser)),
    name: "Ada",
    street: "Hanger Lane 7",
    postalCode: "8000",
    city: "Zurich",
    country: "Switzerland",
  });
  const orderId = location.replace("/orders/", "");
  expect(orderId).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/);
  const thanks = await browser.open(location);
  expect(thanks.body).toContain(orderId);
  expect(thanks.body).toContain("CHF\u00a0858.00");
  expect(await shop.sessionOf(browser)).toMatchObject({
    converted: true,
    orderId,
    attribution: { channel: "Email", source: "letter", campaign: "autumn" },
  });
  const events = await shop.eventsOf(browser);
  const acts = events.map(({ type }) => type).filter((type) => type !== "page_view");
  const steps = ["search", "product_view", "add_to_cart", "login", "begin_checkout", "order_completed"];
  expect(acts).toEqual(steps);
  expect(events.at(-2)?.order ?? events.at(-1)?.order).toEqual({ orderId, revenue: 85800, currency: "CHF" });
  const { figures } = await shop.overview();
  expect(figures).toMatchObject({
    visits: 1,
    visitors: 1,
    orders: 1,
    conversionRate: 1,
    revenue: { CHF: 85800 },
  });
  expect((await browser.open("/cart")).body).toContain("Nothing hangs here yet.");
});

test("removing a line from the cart tracks its product and quantity", async () => {
  await using shop = await startShop();
  const browser = shop.browser();
  await browser.open("/products/trench");
  await browser.submit("/cart", TRENCH_COAT);
  await browser.submit("/cart/change", { line: "trench/camel/M", quantity: "5" });
  await browser.submit("/cart/change", { line: "trench/camel/M", quantity: "0" });
  const events = await shop.eventsOf(browser);
  const changes = events.filter(({ type }) => type.endsWith("_cart"));
  expect(changes.map(({ type, properties }) => [type, properties.quantity])).toEqual([
    ["add_to_cart", 2],
    ["add_to_cart", 3],
    ["remove_from_cart", 5],
  ]);
});

test("a page view after 30 minutes of inactivity begins a new visit in the same session", async () => {
  await using shop = await startShop();
  const browser = shop.browser();
  await browser.open("/");
  const { sessionId } = await shop.sessionOf(browser);
  shop.advance(29 * MINUTE);
  await browser.open("/products/scarf");
  expect((await shop.overview()).figures.visits).toBe(1);
  shop.advance(30 * MINUTE);
  await browser.open("/products/duffle");
  expect((await shop.sessionOf(browser)).sessionId).toBe(sessionId);
  expect((await shop.overview()).figures).toMatchObject({ visits: 2, visitors: 1 });
});

test("a session ends after a day without requests, but the visitor's id remains", async () => {
  await using shop = await startShop();
  const browser = shop.browser();
  await browser.open("/");
  const before = await shop.sessionOf(browser);
  shop.advance(25 * HOUR);
  expect(await shop.sessionOf(browser)).toBeNull();
  await browser.open("/");
  const after = await shop.sessionOf(browser);
  expect(after.sessionId).not.toBe(before.sessionId);
  expect(after.visitorId).toBe(before.visitorId);
});

test("an opt-out deletes the visitor's id and stops the collection until an opt-in", async () => {
  await using shop = await startShop();
  const browser = shop.browser();
  const { body } = await browser.open("/products/trench");
  expect(body).toContain("Do not measure my visits");
  const before = await shop.sessionOf(browser);
  const { status, location } = await browser.submit("/session/visit/opt-out", {});
  expect([status, location]).toEqual([303, "/products/trench"]);
  expect(browser.cookie("visitor_id")).toBeNull();
  await browser.submit("/cart", TRENCH_COAT);
  expect((await browser.open("/products/scarf")).body).toContain("You have opted out");
  expect((await shop.overview()).figures.pageViews).toBe(1);
  expect((await shop.overview()).documents["not-collected"]).toBe(1);
  expect(await shop.sessionOf(browser)).toMatchObject({ sessionId: before.sessionId, visitorId: null });

  await fillCart(browser);
  const order = {
    ...(await openCheckout(browser)),
    name: "A",
    street: "B",
    postalCode: "C",
    city: "D",
    country: "E",
  };
  expect((await browser.submit("/checkout", order)).location).toMatch(/^\/orders\//);
  expect(await shop.sessionOf(browser)).toMatchObject({ converted: true });
  expect((await shop.overview()).figures.orders).toBe(0);

  await browser.submit("/session/visit/opt-in", {});
  await browser.open("/");
  const after = await shop.sessionOf(browser);
  expect(after.visitorId).not.toBeNull();
  expect(after.visitorId).not.toBe(before.visitorId);
  expect((await shop.overview()).figures).toMatchObject({ visitors: 2, pageViews: 2 });
});

test("a page contains its page id and loads the tracking script from the shop", async () => {
  await using shop = await startShop();
  const browser = shop.browser();
  const { body, headers } = await browser.open("/");
  expect(body).toMatch(/<meta name="coatcheck-page" content="[0-9a-f-]{36}">/);
  expect(String(headers["content-security-policy"])).toContain("script-src 'self'");
  const script = await browser.send("/session/visit.js", { headers: { "user-agent": FIREFOX_USER_AGENT } });
  expect([script.status, script.headers["content-type"]]).toEqual([200, "text/javascript; charset=utf-8"]);
});
