import { CoatcheckError, DEFAULT_POLICY } from "coatcheck";
import { UPSTREAM_MEMBER } from "coatcheck/gateway";
import { describe, expect, test } from "vitest";
import {
  type IntendedChange,
  MAX_INVITATIONS,
  MAX_MEMBERS,
  MAX_NAME_LENGTH,
  ORDER_MEMBER,
  type OrderState,
  type Outcome,
  orderOf,
  withEntry,
  withOutcome,
  withPendingChange,
} from "../src/order-state.ts";

const at = Date.UTC(2026, 10, 21);
const createIntendedChange = (more: Partial<IntendedChange> = {}): IntendedChange => ({
  at,
  who: { participantId: "owner", name: "Alice" },
  what: "added",
  ...more,
});
const newOrder = orderOf({});

describe("the state of an order", () => {
  test("a change increments the revision when it starts, and again when its outcome is recorded", () => {
    const pending = withPendingChange(newOrder, "a", createIntendedChange(), 0);
    expect(pending).toMatchObject({ revision: 1, pending: { a: { what: "added" } }, history: [] });
    const done = withOutcome(pending, "a", createIntendedChange({ item: { kind: "tacos", id: 0 } }), "done");
    expect(done).toMatchObject({ revision: 2, pending: {} });
    expect(done.history).toMatchObject([{ number: 1, what: "added", item: { id: 0 }, outcome: "done" }]);
  });

  test("while a change is pending, a second change is accepted, unless it has the field `ifRevision`", () => {
    const pending = withPendingChange(newOrder, "a", createIntendedChange(), null);
    for (const revision of [0, 1, 2]) {
      expect(() => withPendingChange(pending, "b", createIntendedChange(), revision)).toThrow(CoatcheckError);
    }
    expect(withPendingChange(pending, "b", createIntendedChange(), null)).toMatchObject({
      revision: 2,
      pending: { a: {}, b: {} },
    });
    const done = withOutcome(pending, "a", createIntendedChange(), "done");
    expect(withPendingChange(done, "b", createIntendedChange(), done.revision).revision).toBe(3);
  });

  test("a pending change that expires becomes an entry with the outcome `unknown` and blocks no further changes", () => {
    const pending = withPendingChange(newOrder, "lost", createIntendedChange(), null);
    const later = at + 61_000;
    const order = withPendingChange(pending, "b", createIntendedChange({ at: later }), pending.revision);
    expect(order.history).toMatchObject([{ number: 1, outcome: "unknown" }]);
    expect(Object.keys(order.pending)).toEqual(["b"]);
  });

  test("repeated requests that place the same order add one history entry", () => {
    const request = (order: OrderState, outcome: Outcome, number?: number) => {
      const details = createIntendedChange({
        what: "ordered",
        ...(number === undefined ? {} : { order: number }),
      });
      return withOutcome(withPendingChange(order, "a", details, null), "a", details, outcome);
    };
    let order = request(newOrder, "unknown");
    for (const number of [17, 17, 18]) order = request(order, "done", number);
    expect(order.history.map(({ outcome, order }) => [outcome, order])).toEqual([
      ["unknown", undefined],
      ["done", 17],
      ["done", 18],
    ]);
    expect(order).toMatchObject({ pending: {}, revision: 8 });
  });

  test("the session contains the last 100 entries of the history, with their numbers", () => {
    let order: OrderState = newOrder;
    for (let count = 0; count < 120; count++) order = withEntry(order, createIntendedChange());
    expect(order.history).toHaveLength(100);
    expect(order.history.map(({ number }) => number).slice(0, 2)).toEqual([21, 22]);
    expect(order.revision).toBe(120);
  });

  test("the largest possible order fits into a session's data", () => {
    const who = { participantId: "x".repeat(11), name: "€".repeat(MAX_NAME_LENGTH) };
    const full = createIntendedChange({
      who,
      what: "uninvited",
      item: { kind: "desserts", id: 999_999_999 },
    });
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
      ...newOrder,
      members: Object.fromEntries(ids(MAX_MEMBERS).map((id) => [id, member])),
      invitations: Object.fromEntries(ids(MAX_INVITATIONS).map((id) => [id, invitation])),
    };
    for (let count = 0; count < 200; count++) order = withEntry(order, full, "unknown");
    expect(() => {
      for (const id of ids(1000)) order = withPendingChange(order, id, full, null);
    }).toThrow(CoatcheckError);
    const upstream = "x".repeat(2048);
    expect(
      Buffer.byteLength(JSON.stringify({ [ORDER_MEMBER]: order, [UPSTREAM_MEMBER]: upstream })),
    ).toBeLessThan(DEFAULT_POLICY.maxDataBytes);
  });

  test("orderOf() returns a new order if the stored value is malformed or stored under another name", () => {
    for (const odd of [null, 1, "order", [], { revision: "1" }, { ...newOrder, history: [{}] }]) {
      expect(orderOf({ [ORDER_MEMBER]: odd as never })).toEqual(newOrder);
    }
    expect(orderOf({ order: withEntry(newOrder, createIntendedChange()) as never })).toEqual(newOrder);
  });
});
