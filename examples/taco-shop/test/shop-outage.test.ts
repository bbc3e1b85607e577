import { expect, test, vi } from "vitest";
import { ALICE_RECIPIENT, describeEachBackend, idempotencyKeyHeader, TACO_XL } from "./backend-fixtures.ts";
import { setUpShop } from "./shop-fixtures.ts";

describeEachBackend(
  (kind) => `the shop during an outage of the ${kind} backend`,
  (kind) => {
    const shop = setUpShop(kind);

    test("the shop responds with UPSTREAM_UNAVAILABLE during an outage of the backend, and places a repeated order only once afterwards", async () => {
      const browser = shop.browser();
      const order = await browser.createOrder();
      await browser.post(`${order}/cart/tacos`, TACO_XL);
      await shop.kill();
      const started = performance.now();
      for (const response of [
        await browser.get(`${order}/cart`),
        await browser.post(`${order}/cart/tacos`, TACO_XL),
        await browser.get("/resources/stock"),
      ]) {
        expect(response.status).toBe(502);
        expect(response.body.error?.code).toBe("UPSTREAM_UNAVAILABLE");
        expect(response.body.error?.message).not.toMatch(/127\.0\.0\.1|ECONN/);
      }
      const once = idempotencyKeyHeader();
      expect((await browser.post(`${order}/orders`, ALICE_RECIPIENT, once)).body.error?.code).toBe(
        "UPSTREAM_UNAVAILABLE",
      );
      expect(performance.now() - started).toBeLessThan(10_000);
      // Requests that need only the session still succeed.
      expect((await browser.get(order)).status).toBe(200);
      expect((await browser.get(`${order}/history`)).body.data.entries).toMatchObject([
        { what: "added", outcome: "done" },
        { what: "added", outcome: "unknown" },
        { what: "ordered", outcome: "unknown" },
      ]);

      await shop.restart();
      await expect.poll(async () => (await browser.get(`${order}/cart`)).status, { timeout: 5000 }).toBe(200);
      expect((await browser.get(`${order}/cart`)).body.data.tacos).toMatchObject([{ id: 0 }]);
      const placed = await browser.post(`${order}/orders`, ALICE_RECIPIENT, once);
      expect(placed.status).toBe(201);
      expect((await browser.post(`${order}/orders`, ALICE_RECIPIENT, once)).status).toBe(200);
      expect((await browser.get(`${order}/orders`)).body.data.orders).toHaveLength(1);
    });

    test("the shop places each order once if the backend is killed during many orders", async () => {
      const consumer = shop.consumer();
      const orders = await Promise.all(
        Array.from({ length: 12 }, async () => {
          const order = await consumer.createOrder();
          const added = await consumer.post(`${order}/cart/tacos`, TACO_XL);
          expect(added.status).toBe(201);
          return { order, once: idempotencyKeyHeader() };
        }),
      );
      const place = ({ order, once }: (typeof orders)[number]) =>
        consumer.post(`${order}/orders`, ALICE_RECIPIENT, once);
      const requests = orders.map(place);
      await Promise.race(requests);
      await shop.kill();
      const first = await Promise.all(requests);
      for (const { status, body } of first) {
        if (status !== 201) expect(body.error?.code).toMatch(/^UPSTREAM_/);
      }
      await shop.restart();
      const settled = await Promise.all(
        orders.map(async (each) => {
          // Repeat the request, because the circuit breaker stays open for a second after an outage.
          const response = await vi.waitUntil(async () => {
            const again = await place(each);
            return again.status < 300 && again;
          }, 5000);
          const { body } = await consumer.get(`${each.order}/orders`);
          return { number: response.body.data.number, numbers: body.data.orders.map(({ number }) => number) };
        }),
      );
      for (const [index, { number, numbers }] of settled.entries()) {
        expect(numbers).toEqual([number]);
        if (first[index]?.status === 201) expect(number).toBe(first[index]?.body.data.number);
      }
      expect(new Set(settled.map(({ number }) => number)).size).toBe(orders.length);
    });
  },
);
