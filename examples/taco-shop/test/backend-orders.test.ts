import { cpSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { PricedCart } from "../backend/typescript/cart.ts";
import type { Order } from "../backend/typescript/ledger.ts";
import {
  ALICE_RECIPIENT,
  describeEachBackend,
  type ErrorBody,
  idempotencyKeyHeader,
  setUpBackend,
  TACO_L,
  TACO_XL,
} from "./backend-fixtures.ts";

/** The stock of the products that the tests sell out. */
const SMALL_STOCK = 10;

describeEachBackend(
  (kind) => `the orders of the ${kind} backend`,
  (kind) => {
    const shop = setUpBackend(kind, { baklava: SMALL_STOCK, tarte_daim: SMALL_STOCK });

    describe.each([
      { way: "without the gateway", connect: shop.plain, scarce: "baklava" },
      { way: "through the gateway", connect: shop.visitor, scarce: "tarte_daim" },
    ])("$way", ({ connect, scarce }) => {
      test("two visitors who order at the same time get separate carts and orders", async () => {
        const [alice, bob] = [await connect(), await connect()];
        await alice.send("POST", "/cart/tacos", TACO_XL);
        await bob.send("POST", "/cart/tacos", TACO_L);
        const upgraded = { ...TACO_XL, size: "tacos_XXL", meats: [{ id: "viande_hachee", quantity: 3 }] };
        await alice.send("PUT", "/cart/tacos/0", { ...upgraded, sauces: ["harissa", "algérienne"] });
        const placed = await alice.send<Order>("POST", "/orders", ALICE_RECIPIENT, idempotencyKeyHeader());
        expect(placed).toMatchObject({
          status: 201,
          body: {
            customer: ALICE_RECIPIENT.customer,
            items: { tacos: [{ id: 0, ...upgraded, sauces: ["harissa", "algérienne"], quantity: 1 }] },
            total: 2290,
          },
        });
        const delivery = { type: "emporter", requestedFor: "15:30" };
        const taken = await bob.send<Order>(
          "POST",
          "/orders",
          { customer: ALICE_RECIPIENT.customer, delivery },
          idempotencyKeyHeader(),
        );
        expect(taken.body).toMatchObject({
          delivery: { address: null },
          items: { tacos: [{ id: 0, ...TACO_L }] },
        });
        expect(taken.body.number).toBeGreaterThan(placed.body.number);
        expect((await alice.send("GET", "/cart")).body).toMatchObject({ tacos: [], total: 0, itemCount: 0 });
      });

      test("adding or ordering a product that is out of stock is rejected with 409", async () => {
        const [first, second] = [await connect(), await connect()];
        const fault = (wanted: number, left: number) => ({
          status: 409,
          body: {
            error: {
              code: "out_of_stock",
              items: [{ product: scarce, wanted, left }],
            },
          },
        });
        const all = { product: scarce, quantity: SMALL_STOCK };
        expect(
          await first.send("POST", "/cart/desserts", { ...all, quantity: SMALL_STOCK + 1 }),
        ).toMatchObject(fault(SMALL_STOCK + 1, SMALL_STOCK));
        await first.send("POST", "/cart/desserts", all);
        await second.send("POST", "/cart/desserts", { ...all, quantity: 3 });
        expect(await first.send("POST", "/cart/desserts", all)).toMatchObject(
          fault(2 * SMALL_STOCK, SMALL_STOCK),
        );
        await first.send("PATCH", "/cart/desserts/0/quantity", { quantity: SMALL_STOCK - 1 });
        expect((await first.send("POST", "/orders", ALICE_RECIPIENT, idempotencyKeyHeader())).status).toBe(
          201,
        );
        expect(await second.send("POST", "/orders", ALICE_RECIPIENT, idempotencyKeyHeader())).toMatchObject(
          fault(3, 1),
        );
        const patched = await second.send("PATCH", "/cart/desserts/0/quantity", { quantity: 2 });
        expect(patched.status).toBe(200);
        await second.send("PATCH", "/cart/desserts/0/quantity", { quantity: 1 });
        expect((await second.send("POST", "/orders", ALICE_RECIPIENT, idempotencyKeyHeader())).status).toBe(
          201,
        );
        expect(
          (await first.send<{ desserts: Record<string, number> }>("GET", "/stock")).body.desserts[scarce],
        ).toBe(0);
      });

      test("an order with an invalid recipient or without an idempotency key is rejected with 422 and the path of the fault", async () => {
        const visitor = await connect();
        await visitor.send("POST", "/cart/tacos", TACO_L);
        const { customer, delivery } = ALICE_RECIPIENT;
        const inPast = new Date(Date.now() - 1000).toISOString();
        const faulty: [unknown, string][] = [
          [{ delivery }, "customer.name"],
          [{ customer: { ...customer, name: "  " }, delivery }, "customer.name"],
          [{ customer: { ...customer, name: "A\u0000" }, delivery }, "customer.name"],
          ...["none", "+41", "079 123", "+4179123456789012", "<script>", 41791234567].map(
            (phone): [unknown, string] => [{ customer: { ...customer, phone }, delivery }, "customer.phone"],
          ),
          [{ customer, delivery: { ...delivery, type: "drone" } }, "delivery.type"],
          [{ customer, delivery: { ...delivery, address: "" } }, "delivery.address"],
          ...[inPast, "25:00", "15:60", "2026-02-30T10:00:00Z", "tomorrow", "2099-01-01T00:00:00Z", null].map(
            (requestedFor): [unknown, string] => [
              { customer, delivery: { ...delivery, requestedFor } },
              "delivery.requestedFor",
            ],
          ),
        ];
        for (const [order, path] of faulty) {
          const { status, body } = await visitor.send<ErrorBody>(
            "POST",
            "/orders",
            order,
            idempotencyKeyHeader(),
          );
          expect([status, body.error.fields?.[0]?.path]).toEqual([422, path]);
        }
        const bare = await visitor.send("POST", "/orders", ALICE_RECIPIENT);
        expect(bare).toMatchObject({
          status: 422,
          body: { error: { fields: [{ path: "Idempotency-Key" }] } },
        });
        expect((await visitor.send<PricedCart>("GET", "/cart")).body.itemCount).toBe(1);
      });

      test("the field `requestedFor` accepts a timestamp, or a time HH:MM in the shop's time zone", async () => {
        const visitor = await connect();
        const clock = new Intl.DateTimeFormat("de-CH", {
          timeZone: "Europe/Zurich",
          hour: "2-digit",
          minute: "2-digit",
        });
        for (const hours of [1, 23]) {
          await visitor.send("POST", "/cart/tacos", TACO_L);
          const wanted = clock.format(Date.now() + hours * 3_600_000);
          const order = {
            ...ALICE_RECIPIENT,
            delivery: { ...ALICE_RECIPIENT.delivery, requestedFor: wanted },
          };
          const { body } = await visitor.send<Order>("POST", "/orders", order, idempotencyKeyHeader());
          const time = Date.parse(body.delivery.requestedFor);
          expect(clock.format(time)).toBe(wanted);
          expect(time).toBeGreaterThan(Date.now());
          expect(time).toBeLessThan(Date.now() + 24 * 3_600_000);
        }
        await visitor.send("POST", "/cart/tacos", TACO_L);
        const exact = new Date(Math.ceil(Date.now() / 60_000) * 60_000 + 3_600_000).toISOString();
        const order = {
          ...ALICE_RECIPIENT,
          delivery: { ...ALICE_RECIPIENT.delivery, requestedFor: exact.replace(".000Z", "+00:00") },
        };
        const { body } = await visitor.send<Order>("POST", "/orders", order, idempotencyKeyHeader());
        expect(body.delivery.requestedFor).toBe(exact);
      });

      test("an idempotency key places one order for each visitor that uses the key", async () => {
        const [visitor, other] = [await connect(), await connect()];
        await visitor.send("POST", "/cart/tacos", TACO_L);
        const headers = idempotencyKeyHeader();
        const first = await visitor.send<Order>("POST", "/orders", ALICE_RECIPIENT, headers);
        await visitor.send("POST", "/cart/tacos", TACO_XL);
        const second = await visitor.send<Order>("POST", "/orders", ALICE_RECIPIENT, headers);
        expect([first.status, second.status]).toEqual([201, 200]);
        expect(second.body).toEqual(first.body);
        expect((await visitor.send<PricedCart>("GET", "/cart")).body.tacos).toMatchObject([
          { id: 0, size: "tacos_XL" },
        ]);
        const reused = await visitor.send(
          "POST",
          "/orders",
          { ...ALICE_RECIPIENT, customer: { name: "Bob", phone: "0797654321" } },
          headers,
        );
        expect(reused).toMatchObject({ status: 409, body: { error: { code: "key_reused" } } });
        await other.send("POST", "/cart/tacos", TACO_L);
        const theirs = await other.send<Order>("POST", "/orders", ALICE_RECIPIENT, headers);
        expect([theirs.status, theirs.body.number === first.body.number]).toEqual([201, false]);
        expect((await other.send("GET", `/orders/${first.body.number}`)).status).toBe(404);
        const third = await visitor.send<Order>("POST", "/orders", ALICE_RECIPIENT, idempotencyKeyHeader());
        expect((await visitor.send("GET", "/orders")).body).toEqual({ orders: [third.body, first.body] });
        expect((await visitor.send("GET", `/orders/${first.body.number}`)).body).toEqual(first.body);
        const empty = await visitor.send("POST", "/orders", ALICE_RECIPIENT, idempotencyKeyHeader());
        expect(empty).toMatchObject({ status: 409, body: { error: { code: "cart_empty" } } });
      });
    });

    test("carts and orders survive a crash and a restart of the backend", async () => {
      const visitor = await shop.visitor();
      await visitor.send("POST", "/cart/tacos", TACO_L);
      const { body: order } = await visitor.send<Order>(
        "POST",
        "/orders",
        ALICE_RECIPIENT,
        idempotencyKeyHeader(),
      );
      await visitor.send("POST", "/cart/tacos", TACO_XL);
      const { body: cart } = await visitor.send("GET", "/cart");
      await shop.kill();
      await expect(visitor.send("GET", "/cart")).rejects.toMatchObject({ code: "UPSTREAM_UNAVAILABLE" });
      await shop.restart();
      expect((await visitor.send("GET", "/cart")).body).toEqual(cart);
      expect((await visitor.send("GET", "/orders")).body).toEqual({ orders: [order] });
    });

    test("an order placed just before a crash exists after the restart and reduces the stock once", async () => {
      const visitor = await shop.visitor();
      await visitor.send("POST", "/cart/desserts", { product: "tiramisu", quantity: 2 });
      const memory = kind === "php" ? "sessions" : "visitors";
      const before = join(shop.folder, "before");
      await shop.kill();
      for (const part of [memory, "stock.json"])
        cpSync(join(shop.folder, part), join(before, part), { recursive: true });
      await shop.restart();
      const headers = idempotencyKeyHeader();
      const { body: order } = await visitor.send<Order>("POST", "/orders", ALICE_RECIPIENT, headers);
      await shop.kill();
      // Restore the files as they were right after the order's file was written, before the stock was updated.
      cpSync(before, shop.folder, { recursive: true });
      await shop.restart();
      const stock = await visitor.send<{ desserts: Record<string, number> }>("GET", "/stock");
      expect(stock.body.desserts.tiramisu).toBe(78);
      expect(await visitor.send("POST", "/orders", ALICE_RECIPIENT, headers)).toEqual({
        status: 200,
        body: order,
      });
      expect((await visitor.send("GET", "/cart")).body).toMatchObject({ itemCount: 0 });
      expect((await visitor.send("GET", "/orders")).body).toEqual({ orders: [order] });
      expect((await visitor.send<typeof stock.body>("GET", "/stock")).body.desserts.tiramisu).toBe(78);
    });
  },
);
