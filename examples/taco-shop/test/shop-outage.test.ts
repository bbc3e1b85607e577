import { expect, test, vi } from "vitest";
import { ALICE, describeEachBackend, key, XL } from "./backend-visitor.ts";
import { useShop } from "./shop-visitor.ts";

describeEachBackend(
  (kind) => `the shop while the ${kind} backend is away`,
  (kind) => {
    const shop = useShop(kind);

    test("says so, loses nothing, and places no order twice", async () => {
      const browser = shop.browser();
      const order = await browser.begin();
      await browser.post(`${order}/cart/tacos`, XL);
      await shop.kill();
      const started = performance.now();
      for (const asked of [
        await browser.get(`${order}/cart`),
        await browser.post(`${order}/cart/tacos`, XL),
        await browser.get("/resources/stock"),
      ]) {
        expect(asked.status).toBe(502);
        expect(asked.body.error?.code).toBe("UPSTREAM_UNAVAILABLE");
        expect(asked.body.error?.message).not.toMatch(/127\.0\.0\.1|ECONN/);
      }
      const once = key();
      expect((await browser.post(`${order}/orders`, ALICE, once)).body.error?.code).toBe(
        "UPSTREAM_UNAVAILABLE",
      );
      expect(performance.now() - started).toBeLessThan(10_000);
      // What concerns the session alone goes on.
      expect((await browser.get(order)).status).toBe(200);
      expect((await browser.get(`${order}/history`)).body.data.entries).toMatchObject([
        { what: "added", outcome: "done" },
        { what: "added", outcome: "unknown" },
        { what: "ordered", outcome: "unknown" },
      ]);

      await shop.restart();
      await expect.poll(async () => (await browser.get(`${order}/cart`)).status, { timeout: 5000 }).toBe(200);
      expect((await browser.get(`${order}/cart`)).body.data.tacos).toMatchObject([{ id: 0 }]);
      const placed = await browser.post(`${order}/orders`, ALICE, once);
      expect(placed.status).toBe(201);
      expect((await browser.post(`${order}/orders`, ALICE, once)).status).toBe(200);
      expect((await browser.get(`${order}/orders`)).body.data.orders).toHaveLength(1);
    });

    test("killed under a load of orders: each is placed once, none that was confirmed is lost", async () => {
      const consumer = shop.consumer();
      const orders = await Promise.all(
        Array.from({ length: 12 }, async () => {
          const order = await consumer.begin();
          const added = await consumer.post(`${order}/cart/tacos`, XL);
          expect(added.status).toBe(201);
          return { order, once: key() };
        }),
      );
      const place = ({ order, once }: (typeof orders)[number]) =>
        consumer.post(`${order}/orders`, ALICE, once);
      const underway = orders.map(place);
      await Promise.race(underway);
      await shop.kill();
      const first = await Promise.all(underway);
      for (const { status, body } of first) {
        if (status !== 201) expect(body.error?.code).toMatch(/^UPSTREAM_/);
      }
      await shop.restart();
      const settled = await Promise.all(
        orders.map(async (each) => {
          // The breaker lets nobody through for a second after the outage.
          const answer = await vi.waitUntil(async () => {
            const again = await place(each);
            return again.status < 300 && again;
          }, 5000);
          const { body } = await consumer.get(`${each.order}/orders`);
          return { number: answer.body.data.number, numbers: body.data.orders.map(({ number }) => number) };
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
