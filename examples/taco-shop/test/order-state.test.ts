import { CoatcheckError, DEFAULT_POLICY } from "coatcheck";
import { UPSTREAM_MEMBER } from "coatcheck/gateway";
import { describe, expect, test } from "vitest";
import {
  announced,
  type Intent,
  LONGEST_NAME,
  MOST_INVITATIONS,
  MOST_MEMBERS,
  noted,
  ORDER,
  type OrderState,
  type Outcome,
  orderIn,
  settled,
} from "../src/order-state.ts";

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

  test("an order stands in the history once, also when its customer had to ask again for the answer", () => {
    const ask = (order: OrderState, outcome: Outcome, number?: number) => {
      const asked = change({ what: "ordered", ...(number === undefined ? {} : { order: number }) });
      return settled(announced(order, "a", asked, null), "a", asked, outcome);
    };
    let order = ask(fresh, "unknown");
    for (const number of [17, 17, 18]) order = ask(order, "done", number);
    expect(order.history.map(({ outcome, order }) => [outcome, order])).toEqual([
      ["unknown", undefined],
      ["done", 17],
      ["done", 18],
    ]);
    expect(order).toMatchObject({ pending: {}, revision: 8 });
  });

  test("the history keeps its last hundred, and numbers tell what has gone", () => {
    let order: OrderState = fresh;
    for (let count = 0; count < 120; count++) order = noted(order, change());
    expect(order.history).toHaveLength(100);
    expect(order.history.map(({ number }) => number).slice(0, 2)).toEqual([21, 22]);
    expect(order.revision).toBe(120);
  });

  test("stays within what a session may hold, whatever its participants do", () => {
    const who = { participantId: "x".repeat(11), name: "€".repeat(LONGEST_NAME) };
    const full = change({ who, what: "uninvited", item: { kind: "desserts", id: 999_999_999 } });
    const ids = (count: number) => Array.from({ length: count }, () => crypto.randomUUID());
    const member = { ...who, role: "edit" as const, joinedAt: at, invitationId: "x".repeat(11) };
    const invitation = {
      role: "edit" as const,
      secretHash: "f".repeat(64),
      createdAt: at,
      expiresAt: at,
      uses: 30,
    };
    let order: OrderState = {
      ...fresh,
      members: Object.fromEntries(ids(MOST_MEMBERS).map((id) => [id, member])),
      invitations: Object.fromEntries(ids(MOST_INVITATIONS).map((id) => [id, invitation])),
    };
    for (let count = 0; count < 200; count++) order = noted(order, full, "unknown");
    expect(() => {
      for (const id of ids(1000)) order = announced(order, id, full, null);
    }).toThrow(CoatcheckError);
    const upstream = "x".repeat(2048);
    expect(Buffer.byteLength(JSON.stringify({ [ORDER]: order, [UPSTREAM_MEMBER]: upstream }))).toBeLessThan(
      DEFAULT_POLICY.dataLimit,
    );
  });

  test("what is no order is none, under whatever name it stands", () => {
    for (const odd of [null, 1, "order", [], { revision: "1" }, { ...fresh, history: [{}] }]) {
      expect(orderIn({ [ORDER]: odd as never })).toEqual(fresh);
    }
    expect(orderIn({ order: noted(fresh, change()) as never })).toEqual(fresh);
  });
});
