import { expect, test } from "vitest";
import {
  ALICE_RECIPIENT,
  describeEachBackend,
  idempotencyKeyHeader,
  TACO_L,
  TACO_XL,
} from "./backend-fixtures.ts";
import { type Cart, setUpShop, type Visitor } from "./shop-fixtures.ts";

/** Whether to run the full load, with `TACO_SHOP_LOAD=full`. Default: a small part of it. */
const isFull = process.env.TACO_SHOP_LOAD === "full";
const SESSION_COUNT = isFull ? 200 : 10;
const DOUBLE_SUBMISSION_COUNT = isFull ? 1000 : 20;
const AT_ONCE = 50;
const TIMEOUT = 300_000;

describeEachBackend(
  (kind) => `many concurrent orders in front of the ${kind} backend`,
  (kind) => {
    const shop = setUpShop(kind, createLargeStock());

    test(`after 20 concurrent operations on each of ${SESSION_COUNT} orders, each cart contains the result of its own operations`, {
      timeout: TIMEOUT,
    }, async () => {
      const consumer = shop.consumer();
      const started = performance.now();
      const carts = await runConcurrently(SESSION_COUNT, async (index) => {
        const order = await consumer.createOrder({ metadata: { index } });
        const wanted = await sendTwentyEdits(consumer, order, index);
        return { order, wanted };
      });
      const seconds = (performance.now() - started) / 1000;
      console.log(`${kind}: ${Math.round((SESSION_COUNT * 21) / seconds)} operations/s`);
      await runConcurrently(SESSION_COUNT, async (index) => {
        const { order, wanted } = carts[index] ?? { order: "", wanted: [] };
        const { tacos, drinks, sessionId } = (await consumer.get(`${order}/cart`)).body.data;
        expect(sessionId).toBe(order.slice("/sessions/".length));
        expect(linesOf({ tacos, drinks })).toEqual(wanted);
      });
    });

    test(`${DOUBLE_SUBMISSION_COUNT} double submissions place ${DOUBLE_SUBMISSION_COUNT} orders`, {
      timeout: TIMEOUT,
    }, async () => {
      const consumer = shop.consumer();
      const numbers = await runConcurrently(DOUBLE_SUBMISSION_COUNT, async () => {
        const order = await consumer.createOrder();
        await consumer.post(`${order}/cart/drinks`, { product: "coca_cola" });
        const once = idempotencyKeyHeader();
        const answers = await Promise.all(
          [1, 2].map(() => consumer.post(`${order}/orders`, ALICE_RECIPIENT, once)),
        );
        expect(answers.map(({ status }) => status).sort()).toEqual([200, 201]);
        const { orders } = (await consumer.get(`${order}/orders`)).body.data;
        expect(orders).toHaveLength(1);
        return orders[0]?.number;
      });
      expect(new Set(numbers).size).toBe(DOUBLE_SUBMISSION_COUNT);
    });
  },
);

/** Sends twenty edits, which differ between orders. Returns the expected lines of the order's cart. */
async function sendTwentyEdits(visitor: Visitor, order: string, index: number): Promise<string[]> {
  const size = index % 2 ? TACO_XL : TACO_L;
  for (let id = 0; id < 6; id++) {
    await visitor.post(`${order}/cart/tacos`, { ...size, quantity: 1 + ((index + id) % 5) });
    await visitor.post(`${order}/cart/drinks`, { product: "coca_cola", quantity: 1 + (id % 3) });
  }
  const quantity = 1 + (index % 7);
  for (const id of [1, 3]) {
    await visitor.send("PATCH", `${order}/cart/tacos/${id}/quantity`, { quantity });
    await visitor.send("DELETE", `${order}/cart/drinks/${id}`);
  }
  await visitor.send("PUT", `${order}/cart/drinks/0`, { product: "ayran", quantity });
  await visitor.send("DELETE", `${order}/cart/tacos/0`);
  await visitor.send("DELETE", `${order}/cart/tacos/5`);
  await visitor.post(`${order}/cart/tacos`, { ...size, quantity });
  const tacos = [1, 2, 3, 4, 6].map((id) => {
    const own = id === 1 || id === 3 || id === 6 ? quantity : 1 + ((index + id) % 5);
    return `${id} ${size.size} × ${own}`;
  });
  const drinks = [0, 2, 4, 5].map((id) =>
    id === 0 ? `0 ayran × ${quantity}` : `${id} coca_cola × ${1 + (id % 3)}`,
  );
  return [...tacos, ...drinks];
}

function linesOf({ tacos, drinks }: Pick<Cart, "tacos" | "drinks">): string[] {
  return [
    ...tacos.map(({ id, size, quantity }) => `${id} ${size} × ${quantity}`),
    ...drinks.map(({ id, product, quantity }) => `${id} ${product} × ${quantity}`),
  ];
}

/** Runs `task` for the numbers from 0 to `count` − 1, with `AT_ONCE` concurrent calls. Returns the results in order. */
async function runConcurrently<Value>(
  count: number,
  task: (index: number) => Promise<Value>,
): Promise<Value[]> {
  const values: Value[] = new Array(count);
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < count; index = next++) values[index] = await task(index);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return values;
}

/** Returns a stock that is large enough for all orders. */
function createLargeStock(): Record<string, number> {
  const products = ["coca_cola", "ayran", "viande_hachee", "escalope_de_poulet", "harissa", "algérienne"];
  return Object.fromEntries([...products, "salade", "tomates"].map((product) => [product, 100_000]));
}
