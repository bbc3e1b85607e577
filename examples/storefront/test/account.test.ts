import { expect, test } from "vitest";
import { ADA, ADDRESS, fillCart, openCheckout, startShop } from "./fixtures.ts";

const NEW_CUSTOMER = { name: "Lin", email: "Lin@Example.com ", password: "a long password" };

test("a registration logs the visitor in, and rejects a known e-mail address even if upper and lower case differ", async () => {
  await using shop = await startShop();
  const browser = shop.browser();
  await browser.open("/");
  const { sessionId } = await shop.sessionOf(browser);
  expect((await browser.submit("/register", { ...NEW_CUSTOMER, next: "/cart" })).location).toBe("/cart");
  expect(await shop.sessionOf(browser)).toMatchObject({ sessionId, type: "CUSTOMER" });
  const second = await shop.browser().submit("/register", { ...NEW_CUSTOMER, email: "lin@example.com" });
  expect(second.status).toBe(409);
  expect(second.body).toContain("already has an account");
  const third = await shop
    .browser()
    .submit("/login", { email: "LIN@example.com", password: NEW_CUSTOMER.password });
  expect(third.status).toBe(303);
});

test.each([
  ["/login", { ...ADA, password: "wrong password" }, 403, "do not match"],
  ["/login", { email: "nobody@example.com", password: "password123" }, 403, "do not match"],
  ["/register", { ...NEW_CUSTOMER, password: "short" }, 400, "8 to 128 characters"],
  ["/register", { ...NEW_CUSTOMER, email: "lin" }, 400, "Enter an e-mail address"],
  ["/register", { ...NEW_CUSTOMER, name: "  " }, 400, "Enter your name"],
])("POST %s with %j responds %d and shows the form again", async (path, form, status, message) => {
  await using shop = await startShop();
  const received = await shop.browser().submit(path, form);
  expect(received.status).toBe(status);
  expect(received.body).toContain(message);
  expect(received.body).toContain("<form");
});

test("a login is rejected for the rest of a minute after too many attempts from one address", async () => {
  await using shop = await startShop({ attemptsPerMinute: 2 });
  const browser = shop.browser();
  const wrong = { ...ADA, password: "wrong password" };
  for (const status of [403, 403, 429]) expect((await browser.submit("/login", wrong)).status).toBe(status);
  expect((await browser.submit("/login", ADA)).status).toBe(429);
  shop.advance(60_000);
  expect((await browser.submit("/login", ADA)).status).toBe(303);
});

test.each([
  ["/account?a=1", "/account?a=1"],
  ["//evil.example/x", "/"],
  ["/\\evil.example", "/"],
  ["https://evil.example/", "/"],
  ["javascript:alert(1)", "/"],
])("a login with next=%s redirects to %s", async (next, location) => {
  await using shop = await startShop();
  expect((await shop.browser().submit("/login", { ...ADA, next })).location).toBe(location);
});

test("the account page shows the orders and visits of the customer, but not of other customers", async () => {
  await using shop = await startShop();
  const ada = shop.browser();
  await fillCart(ada);
  const { location } = await ada.submit("/checkout", { ...(await openCheckout(ada)), ...ADDRESS });
  const { body } = await ada.open("/account");
  expect(body).toContain(location);
  expect(body).toContain("1 visit from 1 browser");
  const grace = shop.browser();
  await grace.submit("/login", { email: "grace@example.com", password: "password123" });
  expect((await grace.open(location)).status).toBe(404);
  expect((await grace.open("/account")).body).not.toContain(location);
});

test("the export contains account, orders, visits and events", async () => {
  await using shop = await startShop();
  const browser = shop.browser();
  await fillCart(browser);
  const { location } = await browser.submit("/checkout", { ...(await openCheckout(browser)), ...ADDRESS });
  const { headers, json } = await browser.open("/account/export");
  expect(headers["content-disposition"]).toContain("my-data.json");
  expect(json.customer).toMatchObject({ email: ADA.email });
  expect(json.customer).not.toHaveProperty("password");
  expect(json.orders).toMatchObject([{ id: location.slice("/orders/".length), address: ADDRESS }]);
  expect(json.visits.visits).toHaveLength(1);
  expect(json.visits.events.map((event: { type: string }) => event.type)).toContain("order_completed");
});

test("a logout ends the session", async () => {
  await using shop = await startShop();
  const browser = shop.browser();
  await browser.submit("/login", ADA);
  const token = browser.jar.get("session");
  await browser.submit("/logout", {});
  if (token) browser.jar.set("session", token);
  expect((await browser.open("/account")).location).toBe("/login?next=%2Faccount");
});

test("the erasure deletes account, orders and visits, and ends all sessions of the customer", async () => {
  await using shop = await startShop();
  const [browser, other] = [shop.browser(), shop.browser()];
  await fillCart(browser);
  await browser.submit("/checkout", { ...(await openCheckout(browser)), ...ADDRESS });
  await browser.open("/");
  await other.submit("/login", ADA);
  expect((await browser.submit("/account/erase", {})).location).toBe("/account");
  expect((await browser.open("/account")).status).toBe(200);
  expect((await browser.submit("/account/erase", { sure: "yes" })).location).toBe("/");
  expect((await other.open("/account")).location).toBe("/login?next=%2Faccount");
  expect((await browser.submit("/login", ADA)).status).toBe(403);
  expect((await shop.overview()).figures).toMatchObject({ visits: 0, visitors: 0, orders: 1 });
});

test("the operator's page shows today's figures, and is not counted as a page view", async () => {
  await using shop = await startShop();
  const browser = shop.browser();
  await fillCart(browser);
  await browser.submit("/checkout", { ...(await openCheckout(browser)), ...ADDRESS });
  const before = (await shop.overview()).figures.pageViews;
  const { status, body, headers } = await browser.open("/figures");
  expect(status).toBe(200);
  expect(headers["x-robots-tag"]).toBe("noindex");
  expect(body).toContain("<strong>1</strong> <small>100%</small>");
  expect(body).toContain("CHF\u00a0858.00");
  expect(body).toContain("1 here now");
  expect(body).toContain("Direct");
  expect((await shop.overview()).figures.pageViews).toBe(before);
});
