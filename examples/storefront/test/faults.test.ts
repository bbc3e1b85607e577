import { expect, test } from "vitest";
import { ADA, ADDRESS, fillCart, openCheckout, startShop, TRENCH_COAT } from "./fixtures.ts";

const ITEMS = [
  { productId: "scarf", quantity: 2 },
  { productId: "305", colour: "cream" },
];

test("a login whose response was lost succeeds when it is repeated with the older cookie", async () => {
  await using shop = await startShop();
  const browser = shop.browser();
  await browser.open("/products/trench");
  await browser.submit("/cart", TRENCH_COAT);
  const before = await shop.sessionOf(browser);
  const old = new Map(browser.jar);
  await browser.submit("/login", ADA);
  browser.jar.clear();
  for (const [name, cookie] of old) browser.jar.set(name, cookie);
  expect((await browser.submit("/login", { ...ADA, next: "/cart" })).location).toBe("/cart");
  expect((await browser.open("/cart")).body).toContain("Alibi trench");
  expect(await shop.sessionOf(browser)).toMatchObject({ sessionId: before.sessionId, type: "CUSTOMER" });
  expect((await shop.eventsOf(browser)).filter(({ type }) => type === "login")).toHaveLength(1);
});

test("an order form that is sent several times places one order and tracks one event", async () => {
  await using shop = await startShop();
  const browser = shop.browser();
  await fillCart(browser);
  const form = { ...(await openCheckout(browser)), ...ADDRESS };
  const [first, second] = await Promise.all([
    browser.submit("/checkout", form),
    browser.submit("/checkout", form),
  ]);
  const third = await browser.submit("/checkout", form);
  expect(first?.location).toMatch(/^\/orders\//);
  expect([second?.location, third.location]).toEqual([first?.location, first?.location]);
  const completed = (await shop.eventsOf(browser)).filter(({ type }) => type === "order_completed");
  expect(completed).toHaveLength(1);
  expect((await shop.overview()).figures).toMatchObject({ orders: 1, revenue: { CHF: 85800 } });
  expect((await browser.open("/account")).body.match(/href="\/orders\//g)).toHaveLength(1);
});

test("an order form that is sent again later does not change a newer cart", async () => {
  await using shop = await startShop();
  const browser = shop.browser();
  await fillCart(browser);
  const form = { ...(await openCheckout(browser)), ...ADDRESS };
  const { location } = await browser.submit("/checkout", form);
  await browser.submit("/cart", { ...TRENCH_COAT, product: "duffle", colour: "navy" });
  expect((await browser.submit("/checkout", form)).location).toBe(location);
  expect((await browser.open("/cart")).body).toContain("Harbour duffle");
});

test("an order form is shown again for confirmation if the cart has changed since the form was opened", async () => {
  await using shop = await startShop();
  const browser = shop.browser();
  await fillCart(browser);
  const form = { ...(await openCheckout(browser)), ...ADDRESS };
  await browser.submit("/cart/change", { line: "trench/camel/M", quantity: "1" });
  const { status, body } = await browser.submit("/checkout", form);
  expect(status).toBe(422);
  expect(body).toContain("Your cart has changed");
  expect(body).toContain(ADDRESS.street);
  expect((await shop.overview()).figures.orders).toBe(0);
});

test("an API order with a repeated Idempotency-Key returns the first order", async () => {
  await using shop = await startShop();
  const browser = shop.browser();
  await browser.open("/");
  await browser.post("/api/storefront/auth/login", ADA);
  const body = { items: ITEMS, shippingAddress: ADDRESS };
  const first = await browser.post("/api/storefront/orders", body, { "idempotency-key": "order-1" });
  const again = await browser.post("/api/storefront/orders", body, { "idempotency-key": "order-1" });
  expect([first.status, again.status]).toEqual([201, 200]);
  expect(first.json.data).toMatchObject({ total: 3 * 7900, currency: "CHF" });
  expect(again.json.data.orderId).toBe(first.json.data.orderId);
  const completed = (await shop.eventsOf(browser)).filter(({ type }) => type === "order_completed");
  expect(completed.map(({ order }) => order?.orderId)).toEqual([first.json.data.orderId]);
  expect(await shop.sessionOf(browser)).toMatchObject({ converted: true, orderId: first.json.data.orderId });
});

test("an API order without items orders the cart and empties it", async () => {
  await using shop = await startShop();
  const browser = shop.browser();
  await fillCart(browser);
  const { status, json } = await browser.post("/api/storefront/orders", { shippingAddress: ADDRESS });
  expect([status, json.data.total]).toEqual([201, 85800]);
  expect((await browser.open("/cart")).body).toContain("Nothing hangs here yet.");
});

test.each([
  [{ items: [{ productId: "tent" }] }, "items.0.productId"],
  [{ items: [{ productId: "scarf", quantity: 0 }] }, "items.0.quantity"],
  [{ items: [{ productId: "scarf", quantity: "2e1" }] }, "items.0.quantity"],
  [{ items: [{ productId: "scarf", colour: "pink" }] }, "items.0"],
  [{ items: [] }, "items"],
  [{ shippingAddress: { ...ADDRESS, city: " " } }, "shippingAddress.city"],
  [{ shippingAddress: null }, "shippingAddress.name"],
])("an API order with %j is rejected with a fault at %s", async (fields, path) => {
  await using shop = await startShop();
  const browser = shop.browser();
  await browser.post("/api/storefront/auth/login", ADA);
  const { status, json } = await browser.post("/api/storefront/orders", {
    items: ITEMS,
    shippingAddress: ADDRESS,
    ...fields,
  });
  expect([status, json.error.code]).toEqual([400, "VALIDATION_FAILED"]);
  expect(json.error.faults[0].path).toBe(path);
});

test("an API order without a login is rejected with 401", async () => {
  await using shop = await startShop();
  const browser = shop.browser();
  await browser.open("/");
  const { status, json } = await browser.post("/api/storefront/orders", { items: ITEMS });
  expect([status, json.error.code]).toEqual([401, "SESSION_REQUIRED"]);
});

test.each([
  ["/products/tent", 404],
  ["/kinds/constructor", 404],
  ["/orders/AAAA-AAAA", 303],
  ["/search?q=%00%F0%9F%A7%A5&q=2", 200],
  ["/api/storefront/products/__proto__", 404],
])("GET %s responds %d", async (path, status) => {
  await using shop = await startShop();
  expect((await shop.browser().open(path)).status).toBe(status);
});

test("forms with invalid values change nothing and cause no server error", async () => {
  await using shop = await startShop();
  const browser = shop.browser();
  await browser.open("/products/trench");
  for (const change of [
    { quantity: "-1" },
    { quantity: "1.5" },
    { quantity: "999" },
    { colour: "constructor" },
  ]) {
    expect((await browser.submit("/cart", { ...TRENCH_COAT, ...change })).location).toBe("/products/trench");
  }
  expect((await browser.submit("/cart", { ...TRENCH_COAT, product: "__proto__" })).status).toBe(404);
  expect((await browser.submit("/cart/change", { line: "__proto__", quantity: "3" })).status).toBe(303);
  expect(
    (
      await browser.send("/cart", {
        method: "POST",
        body: "{",
        headers: { "content-type": "application/json" },
      })
    ).status,
  ).toBe(400);
  expect((await browser.open("/cart")).body).toContain("Nothing hangs here yet.");
});

test("a form that another site submits is rejected", async () => {
  await using shop = await startShop();
  const browser = shop.browser();
  await browser.open("/");
  const headers = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };
  const { status } = await browser.send("/cart", { method: "POST", headers, body: "product=trench" });
  expect(status).toBe(403);
});

test("the search page escapes the search words", async () => {
  await using shop = await startShop();
  const { body } = await shop
    .browser()
    .open(`/search?q=${encodeURIComponent('"><script>alert(1)</script>')}`);
  expect(body).not.toContain("<script>alert");
  expect(body).toContain("&lt;script&gt;");
});
