import { CoatcheckError } from "coatcheck";
import { describe, expect, test } from "vitest";
import { announced, type Intent, noted, type OrderState, orderIn, settled } from "../src/order-state.ts";

const at = Date.UTC(2026, 10, 21);
const change = (more: Partial<Intent> = {}): Intent => ({
  at,
  who: { participantId: "owner", name: "Alice" },
  what: "added",
  ...more,
});
const fresh = orderIn({});

describe("the state of an order", () => {
  test("a change counts twice: when it is announced, and when it has ended", () => {
    const begun = announced(fresh, "a", change(), 0);
    expect(begun).toMatchObject({ revision: 1, pending: { a: { what: "added" } }, history: [] });
    const ended = settled(begun, "a", change({ item: { kind: "tacos", id: 0 } }), "done");
    expect(ended).toMatchObject({ revision: 2, pending: {} });
    expect(ended.history).toMatchObject([{ number: 1, what: "added", item: { id: 0 }, outcome: "done" }]);
  });

  test("who wants to change what they have seen waits for what is under way; others do not", () => {
    const begun = announced(fresh, "a", change(), null);
    for (const revision of [0, 1, 2]) {
      expect(() => announced(begun, "b", change(), revision)).toThrow(CoatcheckError);
    }
    expect(announced(begun, "b", change(), null)).toMatchObject({ revision: 2, pending: { a: {}, b: {} } });
    const ended = settled(begun, "a", change(), "done");
    expect(announced(ended, "b", change(), ended.revision).revision).toBe(3);
  });

  test("a change whose process died becomes an entry that says so, and holds nobody up", () => {
    const begun = announced(fresh, "lost", change(), null);
    const later = at + 61_000;
    const order = announced(begun, "b", change({ at: later }), begun.revision);
    expect(order.history).toMatchObject([{ number: 1, outcome: "unknown" }]);
    expect(Object.keys(order.pending)).toEqual(["b"]);
  });

  test("the history keeps its last hundred, and numbers tell what has gone", () => {
    let order: OrderState = fresh;
    for (let count = 0; count < 120; count++) order = noted(order, change());
    expect(order.history).toHaveLength(100);
    expect(order.history.map(({ number }) => number).slice(0, 2)).toEqual([21, 22]);
    expect(order.revision).toBe(120);
  });

  test("what somebody else wrote into its place is no order", () => {
    for (const odd of [null, 1, "order", [], { revision: "1" }, { ...fresh, history: [{}] }]) {
      expect(orderIn({ order: odd as never })).toEqual(fresh);
    }
  });
});
