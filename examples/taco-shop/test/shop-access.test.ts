import { startService } from "coatcheck-server";
import { describe, expect, test } from "vitest";
import { ALICE_RECIPIENT, ONE_BACKEND, TACO_L, TACO_XL } from "./backend-fixtures.ts";
import { API_KEYS, log, setUpShop, Visitor } from "./shop-fixtures.ts";

const kind = ONE_BACKEND;

describe("access to orders", () => {
  const shop = setUpShop(kind);

  test("a request for another owner's order gets 404 on every route", async () => {
    const alice = shop.browser();
    const order = await alice.createOrder();
    await alice.post(`${order}/cart/tacos`, TACO_XL);
    const bob = shop.browser();
    await bob.createOrder();
    const strangers = { bob, anonymous: shop.browser(), consumer: shop.consumer() };
    const requests: [string, string, unknown?][] = [
      ["GET", order],
      ["DELETE", order],
      ["GET", `${order}/cart`],
      ["DELETE", `${order}/cart`],
      ["POST", `${order}/cart/tacos`, TACO_L],
      ["GET", `${order}/cart/tacos/0`],
      ["PUT", `${order}/cart/tacos/0`, TACO_L],
      ["PATCH", `${order}/cart/tacos/0/quantity`, { quantity: 2 }],
      ["DELETE", `${order}/cart/tacos/0`],
      ["POST", `${order}/orders`, ALICE_RECIPIENT],
      ["GET", `${order}/orders`],
      ["POST", `${order}/invitations`, { role: "view" }],
      ["GET", `${order}/participants`],
      ["GET", `${order}/history`],
      ["GET", `${order}/events`],
    ];
    for (const [name, stranger] of Object.entries(strangers)) {
      for (const [method, path, body] of requests) {
        const { status, body: answer } = await stranger.send(method, path, body);
        expect([name, method, path, status, answer.error?.code]).toEqual([
          name,
          method,
          path,
          404,
          "SESSION_NOT_FOUND",
        ]);
      }
    }
    expect((await alice.get(`${order}/cart`)).body.data.tacos).toMatchObject([{ id: 0, size: "tacos_XL" }]);
    expect((await alice.get(`${order}/history`)).body.data.entries).toHaveLength(1);
  });

  test("malformed ids get 404 and are not echoed", async () => {
    const browser = shop.browser();
    const order = await browser.createOrder();
    const id = order.slice("/sessions/".length);
    const malformed = [
      id.toUpperCase(),
      `${id}0`,
      id.slice(1),
      "0",
      "%00",
      "..%2f..%2fetc",
      "a".repeat(500),
      "__proto__",
    ];
    for (const each of malformed) {
      const { status, body } = await browser.get(`/sessions/${each}/cart`);
      expect([each, status, body.error?.code]).toEqual([each, 404, "SESSION_NOT_FOUND"]);
      expect(body.error?.message).toBe("Session not found: malformed id");
    }
  });

  test("a browser's default order is created by its first change, not by a read", async () => {
    const [alice, bob] = [shop.browser(), shop.browser()];
    expect((await alice.get("/cart")).body.data).toMatchObject({ sessionId: null, itemCount: 0 });
    expect(alice.cookie).toBeNull();
    await alice.post("/cart/tacos", TACO_XL);
    await bob.post("/cart/tacos", TACO_L);
    expect((await alice.get("/cart")).body.data.tacos).toMatchObject([{ id: 0, size: "tacos_XL" }]);
    expect((await bob.get("/cart")).body.data.tacos).toMatchObject([{ id: 0, size: "tacos_L" }]);
    await alice.send("PATCH", "/cart/tacos/0/quantity", { quantity: 2 });
    expect((await alice.post("/orders", ALICE_RECIPIENT)).body.data.total).toBe(2 * 1790);
    expect((await alice.get("/orders")).body.data.orders).toHaveLength(1);
    expect((await bob.get("/orders")).body.data.orders).toHaveLength(0);
    const consumer = await shop.consumer().get("/cart");
    expect(consumer).toMatchObject({ status: 401, body: { error: { code: "SESSION_REQUIRED" } } });
  });

  test("concurrent requests of a browser create one default order", async () => {
    const browser = shop.browser();
    await browser.createOrder();
    const added = await Promise.all(Array.from({ length: 5 }, () => browser.post("/cart/tacos", TACO_L)));
    const sessions = new Set(added.map(({ body }) => body.data.cart.sessionId));
    expect(sessions.size).toBe(1);
    expect((await browser.get("/cart")).body.data.tacos.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4]);
    const { body } = await browser.get("/sessions/mine");
    expect(body.data.sessions).toHaveLength(2);
  });

  test("a write request from another site gets 403", async () => {
    const browser = shop.browser();
    const order = await browser.createOrder();
    for (const site of ["cross-site", "same-site"]) {
      const answer = await browser.post(`${order}/cart/tacos`, JSON.stringify(TACO_XL), {
        "sec-fetch-site": site,
        "content-type": "text/plain",
      });
      expect([site, answer.status, answer.body.error?.code]).toEqual([site, 403, "FORBIDDEN"]);
    }
    const own = await browser.post(`${order}/cart/tacos`, TACO_XL, { "sec-fetch-site": "same-origin" });
    expect(own.status).toBe(201);
  });

  test("the service lists the shop's orders, but no response contains the backend's cookies or tokens", async () => {
    const service = await startService(shop.config, log);
    try {
      const browser = shop.browser();
      const order = await browser.createOrder({ metadata: { customerName: "Alice" } });
      await browser.post(`${order}/cart/tacos`, TACO_XL);
      const admin = new Visitor(() => service.url, "admin-token-of-the-tests");
      const seen = await admin.get(order);
      const parent = (await browser.get<{ parentId: string }>(order)).body.data;
      expect(seen.body.data).toMatchObject({
        metadata: { customerName: "Alice" },
        parentId: parent.parentId,
        owner: "consumer:taco-shop",
      });
      for (const path of [
        order,
        `${order}/cart`,
        `${order}/history`,
        `${order}/participants`,
        "/sessions/mine",
      ]) {
        expect(JSON.stringify((await browser.get(path)).body)).not.toMatch(/upstream|PHPSESSID|csrf/i);
      }
      await admin.send("DELETE", order);
      expect((await browser.get(`${order}/cart`)).status).toBe(404);
    } finally {
      await service.stop();
    }
  });

  test("an API consumer cannot list sessions, but can read how many there are", async () => {
    const browser = shop.browser();
    await browser.createOrder();
    expect((await browser.get("/sessions")).status).toBe(403);
    expect((await shop.consumer().get("/sessions")).status).toBe(403);
    expect((await shop.admin().get("/sessions")).status).toBe(200);
    const { body } = await shop.consumer(API_KEYS.other).get("/sessions/stats");
    expect(body.data).toMatchObject({
      activeSessions: expect.any(Number),
      oldestSession: expect.any(String),
    });
  });
});
