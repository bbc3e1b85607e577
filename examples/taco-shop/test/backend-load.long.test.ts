import { Agent, request } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { CoatcheckError } from "coatcheck";
import { stateInSession } from "coatcheck/gateway";
import { expect, test } from "vitest";
import type { PricedCart } from "../backend/typescript/cart.ts";
import type { Order } from "../backend/typescript/ledger.ts";
import {
  ALICE_RECIPIENT,
  createSessionVisitor,
  describeEachBackend,
  idempotencyKeyHeader,
  openGatewayTo,
  setUpBackend,
  TACO_L,
  type Visitor,
} from "./backend-fixtures.ts";

/** Whether to run the full load, with `TACO_SHOP_LOAD=full vitest run …`. Default: a small part of it. */
const IS_FULL_LOAD = process.env.TACO_SHOP_LOAD === "full";
const SESSION_COUNT = IS_FULL_LOAD ? 200 : 20;
const OPERATIONS_PER_SESSION = 20;
const AT_ONCE = 50;
const SUBMISSION_COUNT = IS_FULL_LOAD ? 1000 : 100;
const KILL_COUNT = IS_FULL_LOAD ? 5 : 2;
const LARGE_STOCK = 1_000_000;

/** Runs `task` for each number below `count`, with at most `atOnce` running concurrently. */
async function runConcurrently(
  count: number,
  atOnce: number,
  task: (number: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await task(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** Creates a random generator that returns the same numbers in every run (mulberry32). */
function randomGenerator(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  };
}

/** Sends random changes of a cart without waiting for responses. Returns the expected quantities by item id. */
async function changeCartAtRandom(visitor: Visitor, roll: (sides: number) => number) {
  const expected = new Map<number, number>();
  let next = 0;
  const sent: Promise<unknown>[] = [];
  const quantity = () => 1 + roll(20);
  for (let operation = 0; operation < OPERATIONS_PER_SESSION; operation++) {
    const ids = [...expected.keys()];
    const id = ids[roll(Math.max(ids.length, 1))];
    const what = id === undefined ? 0 : roll(5);
    const wanted = quantity();
    if (id === undefined || what < 2) {
      expected.set(next++, wanted);
      sent.push(visitor.send("POST", "/cart/tacos", { ...TACO_L, quantity: wanted }));
    } else if (what === 2) {
      expected.set(id, wanted);
      sent.push(visitor.send("PATCH", `/cart/tacos/${id}/quantity`, { quantity: wanted }));
    } else if (what === 3) {
      expected.set(id, wanted);
      sent.push(visitor.send("PUT", `/cart/tacos/${id}`, { ...TACO_L, quantity: wanted }));
    } else {
      expected.delete(id);
      sent.push(visitor.send("DELETE", `/cart/tacos/${id}`));
    }
  }
  await Promise.all(sent);
  return expected;
}

describeEachBackend(
  (kind) => `the ${kind} backend under load`,
  (kind) => {
    const plenty = Object.fromEntries(
      [TACO_L.meats[0]?.id ?? "", ...TACO_L.sauces, ...TACO_L.garnitures].map((id) => [id, LARGE_STOCK]),
    );
    const shop = setUpBackend(kind, plenty);

    test(`after ${OPERATIONS_PER_SESSION} operations in each of ${SESSION_COUNT} sessions, ${AT_ONCE} at a time, each cart contains the result of its own operations`, async () => {
      const patient = openGatewayTo(shop.url(), { timeout: 60_000 });
      await runConcurrently(SESSION_COUNT, AT_ONCE, async (number) => {
        const visitor = await createSessionVisitor(patient, shop.manager);
        const expected = await changeCartAtRandom(visitor, randomGenerator(number));
        const { body } = await visitor.send<PricedCart>("GET", "/cart");
        expect(new Map(body.tacos.map((taco) => [taco.id, taco.quantity]))).toEqual(expected);
        const quantity = [...expected.values()].reduce((sum, each) => sum + each, 0);
        expect([body.itemCount, body.total]).toEqual([quantity, quantity * 1290]);
      });
      await patient.close();
    }, 120_000);

    test(`${SUBMISSION_COUNT} double submissions through two nodes place ${SUBMISSION_COUNT} orders`, async () => {
      const nodes = [
        openGatewayTo(shop.url(), { timeout: 60_000 }),
        openGatewayTo(shop.url(), { timeout: 60_000 }),
      ];
      const numbers = new Set<number>();
      await runConcurrently(SUBMISSION_COUNT, 20, async () => {
        const { record } = await shop.manager.create();
        const visitors = await Promise.all(
          nodes.map((node) => createSessionVisitor(node, shop.manager, record.id)),
        );
        await visitors[0]?.send("POST", "/cart/tacos", TACO_L);
        const headers = idempotencyKeyHeader();
        const placed = await Promise.all(
          visitors.map((visitor) => visitor.send<Order>("POST", "/orders", ALICE_RECIPIENT, headers)),
        );
        expect(placed.map(({ status }) => status).sort()).toEqual([200, 201]);
        expect(placed[0]?.body).toEqual(placed[1]?.body);
        const listed = await visitors[1]?.send<{ orders: Order[] }>("GET", "/orders");
        expect(listed?.body.orders).toEqual([placed[0]?.body]);
        numbers.add(placed[0]?.body.number ?? 0);
      });
      expect(numbers.size).toBe(SUBMISSION_COUNT);
      expect(Math.max(...numbers)).toBe(SUBMISSION_COUNT);
      await Promise.all(nodes.map((node) => node.close()));
    }, 240_000);

    test(`${KILL_COUNT} kills of the backend during orders lose no order and place no order twice`, async () => {
      const upstream = openGatewayTo(shop.url(), { breaker: { failures: 5, halfOpenAfter: 50 } });
      const acknowledged: { visitor: Visitor; order: Order }[] = [];
      const failures = new Map<string, number>();
      let customers = 0;
      let killing = true;

      /** Repeats an idempotent request until it succeeds. */
      const retry = async <T>(send: () => Promise<T>): Promise<T> => {
        for (;;) {
          try {
            return await send();
          } catch (error) {
            const code = error instanceof CoatcheckError ? error.code : String(error);
            failures.set(code, (failures.get(code) ?? 0) + 1);
            await pause(20);
          }
        }
      };
      /** Adds a taco, unless the cart has one from an earlier attempt whose response was lost. */
      const fill = async (visitor: Visitor) => {
        const { body } = await visitor.send<PricedCart>("GET", "/cart");
        if (body.itemCount === 0) await visitor.send("POST", "/cart/tacos", TACO_L);
      };
      const order = async () => {
        const visitor = await createSessionVisitor(upstream, shop.manager);
        customers++;
        await retry(() => fill(visitor));
        const headers = idempotencyKeyHeader();
        const { body } = await retry(() => visitor.send<Order>("POST", "/orders", ALICE_RECIPIENT, headers));
        expect(body.itemCount).toBe(1);
        acknowledged.push({ visitor, order: body });
      };
      const customer = async () => {
        while (killing) await order();
      };
      const before = (await orderCount(shop.url())) ?? 0;
      const running = Array.from({ length: 10 }, customer);
      for (let kill = 0; kill < KILL_COUNT; kill++) {
        const seen = acknowledged.length;
        while (acknowledged.length < seen + 20) await pause(5);
        await shop.kill();
        await shop.restart();
      }
      killing = false;
      await Promise.all(running);

      for (const { visitor, order } of acknowledged) {
        expect((await visitor.send("GET", "/orders")).body).toEqual({ orders: [order] });
      }
      expect(acknowledged.length).toBe(customers);
      expect(await orderCount(shop.url())).toBe(before + customers);
      expect([...failures.keys()].filter((code) => !code.startsWith("UPSTREAM_"))).toEqual([]);
      expect(failures.get("UPSTREAM_UNAVAILABLE")).toBeGreaterThan(0);
      console.log(
        `${kind}: ${customers} orders through ${KILL_COUNT} kills, failed attempts:`,
        Object.fromEntries(failures),
      );
      await upstream.close();
    }, 120_000);

    /** Returns how many tacos of size L were subtracted from the stock. */
    async function orderCount(url: string): Promise<number> {
      const stock = (await (await fetch(`${url}/stock`)).json()) as { garnitures: Record<string, number> };
      return LARGE_STOCK - (stock.garnitures.tomates ?? 0);
    }

    test("the gateway adds at most 1 ms to the median request", async () => {
      const agent = new Agent({ keepAlive: true });
      const direct = (path: string, headers: Record<string, string>) =>
        new Promise<{ cookie: string; body: string }>((resolve, reject) => {
          request(shop.url() + path, { agent, headers }, async (response) => {
            const [cookie = ""] = response.headers["set-cookie"] ?? [];
            resolve({ cookie: cookie.split(";", 1).join(), body: await text(response) });
          })
            .on("error", reject)
            .end();
        });
      const { record } = await shop.manager.create();
      const state = stateInSession(shop.manager, record.id);
      const { cookie } = await direct("/cart", {});
      const through = async () =>
        (await shop.upstream().request(state, { method: "GET", path: "/cart" })).json();
      const without = async () => JSON.parse((await direct("/cart", { cookie })).body);
      const times = { through: [] as number[], without: [] as number[] };
      const rounds = IS_FULL_LOAD ? 2000 : 300;
      for (let round = 0; round < rounds + 50; round++) {
        for (const [name, ask] of Object.entries({ through, without })) {
          const started = performance.now();
          await ask();
          if (round >= 50) times[name as keyof typeof times].push(performance.now() - started);
        }
      }
      agent.destroy();
      const median = (values: number[]) =>
        values.sort((left, right) => left - right)[values.length >> 1] ?? 0;
      const [slow, fast] = [median(times.through), median(times.without)];
      console.log(`${kind}: p50 ${slow.toFixed(2)} ms through the gateway, ${fast.toFixed(2)} ms without`);
      // The limit is higher in a normal run, which shares the machine with other tests.
      expect(slow - fast).toBeLessThanOrEqual(IS_FULL_LOAD ? 1 : 2);
    }, 60_000);
  },
);
