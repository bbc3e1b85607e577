import assert from "node:assert/strict";
import type { VisitEvent } from "../../visit/event.ts";
import type { StoredOrder } from "../../visit/sink.ts";
import { makeFullEvent } from "../visit-events.ts";
import { createEventBatch, type SinkCases, type SinkFixture } from "./fixtures.ts";

/** Creates an event with an order. */
function createOrderEvent(orderId: string, revenue: number, members: Partial<VisitEvent> = {}): VisitEvent {
  return makeFullEvent({ order: { orderId, revenue, currency: "EUR" }, ...members });
}

function toStoredOrder({ order, sessionId, visitorId, at }: VisitEvent): StoredOrder | null {
  return order && { ...order, sessionId, visitorId, at };
}

/** Runs the test if the sink has `findOrder`. A sink without `findOrder`, such as a file, passes. */
function withFindOrder(
  test: (find: NonNullable<SinkFixture["sink"]["findOrder"]>, fixture: SinkFixture) => Promise<void>,
): SinkCases[string] {
  return async (fixture) => {
    const { other } = fixture;
    if (other.findOrder)
      await test((tenant, orderId) => other.findOrder?.(tenant, orderId) ?? failWithoutFindOrder(), fixture);
  };
}

function failWithoutFindOrder(): never {
  throw new assert.AssertionError({ message: "findOrder() returned nothing" });
}

/** Tests of `findOrder`. */
export const orderCases: SinkCases = {
  "findOrder() returns the order as it was first stored": withFindOrder(async (find, { sink }) => {
    const first = createOrderEvent("1", 500);
    await sink.write(createEventBatch(first));
    await sink.write(createEventBatch(createOrderEvent("1", 900, { at: first.at - 1000 })));
    await sink.write(createEventBatch({ ...first, order: { orderId: "1", revenue: 1, currency: "USD" } }));
    assert.deepEqual(await find("acme", "1"), toStoredOrder(first));
  }),

  "findOrder() returns the first of two orders with the same id in one batch": withFindOrder(
    async (find, { sink }) => {
      const first = createOrderEvent("1", 500);
      await sink.write(createEventBatch(first, createOrderEvent("1", 900)));
      assert.deepEqual(await find("acme", "1"), toStoredOrder(first));
    },
  ),

  "findOrder() returns null for an unknown order": withFindOrder(async (find, { sink }) => {
    await sink.write(createEventBatch(createOrderEvent("1", 500)));
    assert.equal(await find("acme", "2"), null);
  }),

  "findOrder() keeps the orders of tenants apart": withFindOrder(async (find, { sink }) => {
    const [acme, none] = [createOrderEvent("1", 500), createOrderEvent("1", 700, { tenant: null })];
    await sink.write(createEventBatch(acme, none));
    assert.deepEqual(await find("acme", "1"), toStoredOrder(acme));
    assert.deepEqual(await find(null, "1"), toStoredOrder(none));
    assert.equal(await find("other", "1"), null);
  }),

  "findOrder() finds an order that a backend recorded without visitor and session": withFindOrder(
    async (find, { sink }) => {
      const event = createOrderEvent("1", 0, {
        origin: "backend",
        visitorId: null,
        sessionId: null,
        page: null,
      });
      await sink.write(createEventBatch(event));
      assert.deepEqual(await find("acme", "1"), toStoredOrder(event));
    },
  ),
};
