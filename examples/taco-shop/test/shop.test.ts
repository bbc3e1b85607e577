import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  ALICE_RECIPIENT,
  describeEachBackend,
  idempotencyKeyHeader,
  TACO_L,
  TACO_XL,
} from "./backend-fixtures.ts";
import { API_KEYS, setUpShop } from "./shop-fixtures.ts";

/** The example "Multiple Users Ordering Simultaneously" of the specification. */
const WORKFLOW = readFileSync(new URL("specification-workflow.txt", import.meta.url), "utf8");

describeEachBackend(
  (kind) => `the taco shop in front of the ${kind} backend`,
  (kind) => {
    const shop = setUpShop(kind, { tiramisu: 1 });

    test("the shop responds as specified to each step of the specification's example with two users", async () => {
      const responses: [string, number][] = [];
      const send = async (path: string, init: RequestInit) => {
        const response = await fetch(shop.url() + path, {
          ...init,
          headers: { authorization: `Bearer ${API_KEYS.slack}` },
        });
        responses.push([`${init.method} ${path.replace(/[0-9a-f-]{36}/, ":id")}`, response.status]);
        return response;
      };
      const AsyncFunction = (async () => {}).constructor as FunctionConstructor;
      await new AsyncFunction("fetch", WORKFLOW)(send);
      expect(responses).toEqual([
        ["POST /api/v1/sessions", 201],
        ["POST /api/v1/sessions/:id/cart/tacos", 201],
        ["POST /api/v1/sessions", 201],
        ["POST /api/v1/sessions/:id/cart/tacos", 201],
        ["PUT /api/v1/sessions/:id/cart/tacos/0", 200],
        ["POST /api/v1/sessions/:id/orders", 201],
        ["POST /api/v1/sessions/:id/orders", 201],
      ]);
      const { body } = await shop.admin().get("/sessions?owner=consumer:slack");
      const consumer = shop.consumer();
      const placed = await Promise.all(
        body.data.sessions.map(
          async ({ sessionId }) => (await consumer.get(`/sessions/${sessionId}/orders`)).body,
        ),
      );
      expect(placed.map(({ data }) => data.orders)).toEqual([
        [expect.objectContaining({ customer: { name: "Bob", phone: "+41797654321" }, total: 1290 })],
        [
          expect.objectContaining({
            customer: { name: "Alice", phone: "+41791234567" },
            items: expect.objectContaining({
              tacos: [
                expect.objectContaining({ id: 0, size: "tacos_XXL", garnitures: ["salade", "tomates"] }),
              ],
            }),
          }),
        ],
      ]);
    });

    test("every kind of item can be edited until the order is placed", async () => {
      const browser = shop.browser();
      const order = await browser.createOrder({ metadata: { customerName: "Alice" } });
      await browser.post(`${order}/cart/tacos`, TACO_XL);
      await browser.post(`${order}/cart/tacos`, TACO_L);
      const portions = { extras: "frites", drinks: "coca_cola", desserts: "tiramisu" };
      const menu = (await browser.get<Record<string, { id: string }[]>>("/resources/menu")).body.data;
      for (const [group, wanted] of Object.entries(portions)) {
        const product = menu[group]?.find(({ id }) => id === wanted)?.id ?? menu[group]?.[0]?.id;
        const added = await browser.post(`${order}/cart/${group}`, { product });
        expect(added).toMatchObject({
          status: 201,
          body: { data: { item: { id: 0, product, quantity: 1 } } },
        });
        const more = await browser.send("PUT", `${order}/cart/${group}/0`, { product, quantity: 1 });
        expect(more.status).toBe(200);
        const gone = await browser.send("DELETE", `${order}/cart/${group}/0`);
        expect(gone.body.data).toMatchObject({ item: null, cart: { [group]: [] } });
      }
      const patched = await browser.send("PATCH", `${order}/cart/tacos/1/quantity`, { quantity: 3 });
      expect(patched.body.data.item).toMatchObject({ id: 1, quantity: 3, total: 3 * 1290 });
      const removed = await browser.send("DELETE", `${order}/cart/tacos/0`);
      expect(removed.body.data.cart.tacos.map(({ id }) => id)).toEqual([1]);
      expect((await browser.get(`${order}/cart/tacos/1`)).body.data).toMatchObject({ size: "tacos_L" });
      const { body, headers } = await browser.get(`${order}/cart`);
      expect(body.data).toMatchObject({
        itemCount: 3,
        total: 3870,
        role: "owner",
        sessionId: order.slice(10),
      });
      expect(headers.get("etag")).toBe(`"${body.data.revision}"`);
      expect(headers.get("server-timing")).toMatch(/upstream;dur=[\d.]+, session;desc="local";dur=[\d.]+/);
      expect(headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);

      const placed = await browser.post(`${order}/orders`, ALICE_RECIPIENT);
      expect(placed).toMatchObject({ status: 201, body: { data: { total: 3870, itemCount: 3 } } });
      expect((await browser.get(`${order}/cart`)).body.data.itemCount).toBe(0);
      const { number } = placed.body.data;
      expect((await browser.get(`${order}/orders/${number}`)).body.data.number).toBe(number);
    });

    test("a double click on the order button places one order", async () => {
      const consumer = shop.consumer();
      const doubles = await Promise.all(
        Array.from({ length: 10 }, async () => {
          const order = await consumer.createOrder();
          await consumer.post(`${order}/cart/tacos`, TACO_XL);
          const once = idempotencyKeyHeader();
          const answers = await Promise.all([
            consumer.post(`${order}/orders`, ALICE_RECIPIENT, once),
            consumer.post(`${order}/orders`, ALICE_RECIPIENT, once),
          ]);
          const { orders } = (await consumer.get(`${order}/orders`)).body.data;
          const { entries } = (await consumer.get(`${order}/history`)).body.data;
          expect(entries.map(({ what, outcome }) => `${what} ${outcome}`)).toEqual([
            "added done",
            "ordered done",
          ]);
          return { statuses: answers.map(({ status }) => status).sort(), answers, orders };
        }),
      );
      for (const { statuses, answers, orders } of doubles) {
        expect(statuses).toEqual([200, 201]);
        expect(answers[0]?.body.data).toEqual(answers[1]?.body.data);
        expect(orders).toHaveLength(1);
      }
      expect(new Set(doubles.map(({ orders }) => orders[0]?.number)).size).toBe(10);
    });

    test("an order with an empty cart, or with an idempotency key of another order, is rejected", async () => {
      const browser = shop.browser();
      const order = await browser.createOrder();
      await browser.post(`${order}/cart/tacos`, TACO_XL);
      const once = idempotencyKeyHeader();
      await browser.post(`${order}/orders`, ALICE_RECIPIENT, once);
      const bob = { ...ALICE_RECIPIENT, customer: { name: "Bob", phone: "+41797654321" } };
      expect(await browser.post(`${order}/orders`, bob, once)).toMatchObject({
        status: 409,
        body: { error: { code: "CONFLICT", faults: [{ path: "Idempotency-Key" }] } },
      });
      expect(await browser.post(`${order}/orders`, ALICE_RECIPIENT)).toMatchObject({
        status: 409,
        body: { error: { code: "CONFLICT", faults: [{ path: "cart" }] } },
      });
    });

    test("an order with the option `cleanUp` ends the session, and a repeated request returns the same order", async () => {
      const browser = shop.browser();
      const order = await browser.createOrder();
      await browser.post(`${order}/cart/tacos`, TACO_XL);
      const once = idempotencyKeyHeader();
      const first = await browser.post(`${order}/orders`, { ...ALICE_RECIPIENT, cleanUp: true }, once);
      expect(first.status).toBe(201);
      expect(await browser.get(order)).toMatchObject({
        status: 404,
        body: { error: { code: "SESSION_NOT_FOUND" } },
      });
      const again = await browser.post(`${order}/orders`, { ...ALICE_RECIPIENT, cleanUp: true }, once);
      expect(again).toMatchObject({ status: 200, body: { data: first.body.data } });
      const stranger = shop.browser();
      await stranger.createOrder();
      expect((await stranger.post(`${order}/orders`, ALICE_RECIPIENT, once)).status).toBe(404);
      expect((await browser.post(`${order}/orders`, ALICE_RECIPIENT, idempotencyKeyHeader())).status).toBe(
        404,
      );
    });

    test("a double click on the order button places one order, even if the option `cleanUp` ends the session", async () => {
      for (const prefix of ["", "default"]) {
        for (let round = 0; round < 5; round++) {
          const browser = shop.browser();
          const order = prefix === "default" ? "" : await browser.createOrder();
          await browser.post(`${order}/cart/tacos`, TACO_XL);
          const once = idempotencyKeyHeader();
          const recipient = { ...ALICE_RECIPIENT, cleanUp: true };
          const answers = await Promise.all(
            [1, 2].map(() => browser.post(`${order}/orders`, recipient, once)),
          );
          answers.push(await browser.post(`${order}/orders`, recipient, once));
          expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 201]);
          expect(new Set(answers.map(({ body }) => body.data.number)).size).toBe(1);
        }
      }
    });

    test("a product out of stock is rejected with its name, and the cart is unchanged", async () => {
      const browser = shop.browser();
      const order = await browser.createOrder();
      const answer = await browser.post(`${order}/cart/desserts`, { product: "tiramisu", quantity: 2 });
      expect(answer).toMatchObject({
        status: 409,
        body: { error: { code: "CONFLICT", faults: [{ path: "stock.tiramisu" }] } },
      });
      expect(answer.body.error?.message).toContain("Tiramisu");
      expect((await browser.get(`${order}/cart`)).body.data.itemCount).toBe(0);
      const { entries } = (await browser.get(`${order}/history`)).body.data;
      expect(entries).toMatchObject([{ what: "added", outcome: "refused" }]);
      const stock = (await browser.get<Record<string, object>>("/resources/stock")).body.data;
      expect(stock.desserts).toMatchObject({ tiramisu: 1 });
    });
  },
);
