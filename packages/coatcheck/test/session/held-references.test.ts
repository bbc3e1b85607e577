import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../src/session/json.ts";
import { SessionManager } from "../../src/session/manager.ts";
import { Session } from "../../src/session/session.ts";
import { memoryStore } from "../../src/store/memory.ts";

// biome-ignore lint/suspicious/noExplicitAny: the data of each test has another shape.
type AnyData = any;

const WRITES = Object.entries<(session: Session<AnyData>) => Promise<unknown>>({
  "authenticate()": (session) => session.authenticate("ada"),
  "takeFlash()": (session) => session.takeFlash("notice"),
  "patch()": (session) => session.patch({ other: 1 }),
  "save() with a pending change": (session) => {
    session.data.other = 1;
    return session.save();
  },
});

describe.each(WRITES)("a value that a handler holds across %s", (_name, write) => {
  it("is stored with its later changes if it is an array", async () => {
    const { session, stored } = await openSessionWith({ orders: ["soup"] });
    const { orders } = session.data;
    await write(session);
    orders.push("taco");
    expect(session.data.orders).toBe(orders);
    await session.commit();
    expect(await stored()).toMatchObject({ orders: ["soup", "taco"] });
  });

  it("is stored with its later changes if it is an object that was just assigned", async () => {
    const { session, stored } = await openSessionWith({});
    const cart: Record<string, unknown> = {};
    session.data.cart = cart;
    cart.a = 1;
    await write(session);
    cart.b = [2];
    await session.save();
    cart.c = 3;
    await session.commit();
    expect(await stored()).toMatchObject({ cart: { a: 1, b: [2], c: 3 } });
  });

  it("keeps its later changes, even those deep inside: { nested: { array: [object] } }", async () => {
    const { session, stored } = await openSessionWith({ cart: { items: [{ quantity: 1 }] } });
    const [item] = session.data.cart.items;
    await write(session);
    item.quantity = 2;
    await session.commit();
    expect(await stored()).toMatchObject({ cart: { items: [{ quantity: 2 }] } });
  });
});

describe("a value that a handler holds while another request changes the same member", () => {
  it("keeps both changes if the value is an object", async () => {
    const { session, manager, stored } = await openSessionWith({});
    const cart: Record<string, number> = { a: 1 };
    session.data.cart = cart;
    await session.save();
    await manager.patch(session.id, { cart: { other: 1 } });
    await session.patch({ seen: true });
    expect({ ...session.data.cart }).toEqual({ a: 1, other: 1 });
    cart.b = 2;
    await session.commit();
    expect(await stored()).toEqual({ cart: { a: 1, b: 2, other: 1 }, seen: true });
  });

  it("makes the commit throw CONFLICT if it is an array and the handler changes it afterwards", async () => {
    const { session, manager, stored } = await openSessionWith({ orders: ["soup"] });
    const { orders } = session.data;
    await manager.patch(session.id, { orders: ["tea"] });
    await session.patch({ seen: true });
    expect(session.data.orders).toEqual(["tea"]);
    orders.push("taco");
    await expect(async () => session.commit()).rejects.toMatchObject({
      code: "CONFLICT",
      message: expect.stringContaining('"orders"'),
    });
    session.data.orders = [...session.data.orders, "taco"];
    await session.commit();
    expect(await stored()).toEqual({ orders: ["tea", "taco"], seen: true });
  });

  it("causes CONFLICT if the other request removed the member and the handler then changes the value or an array in the value", async () => {
    const { session, manager } = await openSessionWith({ cart: { list: [1] } });
    const { cart } = session.data;
    const { list } = cart;
    await manager.patch(session.id, { cart: null });
    await session.patch({ seen: true });
    expect(() => {
      cart.apple = 1;
    }).toThrow(expect.objectContaining({ code: "CONFLICT" }));
    list.push(2);
    await expect(session.save()).rejects.toMatchObject({ code: "CONFLICT" });
  });

  it("does not prevent writes if the handler does not change it afterwards", async () => {
    const { session, manager, stored } = await openSessionWith({ orders: ["soup"], cart: { a: 1 } });
    expect([session.data.orders, session.data.cart]).toEqual([["soup"], { a: 1 }]);
    await manager.patch(session.id, { orders: null, cart: null });
    await session.patch({ seen: true });
    session.data.more = 1;
    await session.commit();
    expect(await stored()).toEqual({ seen: true, more: 1 });
  });
});

/** Each function ends or replaces the session of a handle, and returns values that the data contained before that. */
const SESSION_SWITCHES = Object.entries<(session: Session<AnyData>) => Promise<AnyData>>({
  "revoke()": async (session) => {
    const { cart, orders } = session.data;
    const added = { early: true };
    session.data.added = added;
    await session.revoke();
    return { cart, orders, added };
  },
  "impersonate()": async (session) => {
    const { cart, orders } = session.data;
    const added = { early: true };
    session.data.added = added;
    await session.impersonate("bob", { reason: "ticket 4711" });
    return { cart, orders, added };
  },
  "stopImpersonating()": async (session) => {
    await session.impersonate("bob", { reason: "ticket 4711" });
    await session.patch({ cart: { pear: 1 }, orders: ["tea"] });
    const { cart, orders } = session.data;
    const added = { early: true };
    session.data.added = added;
    await session.stopImpersonating();
    return { cart, orders, added };
  },
});

/* Both sessions have the same members, so that a change could be stored in the wrong session by mistake. */
const STORED_DATA = { cart: { apple: 1 }, orders: [], added: { own: 1 } };
const INITIAL_DATA = { cart: {}, orders: [], added: {} };

describe.each(SESSION_SWITCHES)("a value that a handler holds across %s", (_name, switchSession) => {
  it("throws CONFLICT when the handler assigns to it, if it is an object nested in the stored data", async () => {
    const { session } = await openSessionWith(STORED_DATA, INITIAL_DATA);
    const { cart } = await switchSession(session);
    expect(() => {
      cart.apple = 2;
    }).toThrow(expect.objectContaining({ code: "CONFLICT", message: expect.stringContaining('"apple"') }));
  });

  it.each<[string, (held: AnyData) => unknown]>([
    ["orders", ({ orders }) => orders.push("taco")],
    ["added", ({ added }) => Object.assign(added, { late: true })],
  ])("makes a later save() throw CONFLICT if it is changed: %s", async (member, change) => {
    const { session, stored } = await openSessionWith(STORED_DATA, INITIAL_DATA);
    change(await switchSession(session));
    await expect(session.save()).rejects.toMatchObject({
      code: "CONFLICT",
      message: expect.stringContaining(`"${member}"`),
    });
    expect(await stored()).toMatchObject({ cart: { apple: 1 }, orders: [] });
  });

  it("does not prevent later writes if the handler does not change it afterwards", async () => {
    const { session, manager } = await openSessionWith(STORED_DATA, INITIAL_DATA);
    const { data } = session;
    await switchSession(session);
    data.late = 1;
    session.data.later = { deep: 2 };
    await session.save();
    expect((await manager.find(session.id))?.data).toMatchObject({ late: 1, later: { deep: 2 } });
  });
});

it("data that is assigned while impersonate() is running is stored in the impersonation", async () => {
  const { session, manager, stored } = await openSessionWith({ cart: { apple: 1 } });
  const { data } = session;
  const started = session.impersonate("bob", { reason: "ticket 4711" });
  await Promise.resolve();
  data.late = 1;
  await started;
  await session.commit();
  expect((await manager.find(session.id))?.data).toEqual({ late: 1 });
  expect(await stored()).toEqual({ cart: { apple: 1 } });
});

/** @param initial the data of new sessions. */
async function openSessionWith(data: JsonObject, initial: JsonObject = {}) {
  const manager = new SessionManager<AnyData>({
    store: memoryStore(),
    secrets: ["a secret for these tests"],
    data: { initial: () => initial },
  });
  const { record, token } = await manager.create({ subject: "ada", data });
  const session = await manager.resume(token);
  if (!(session instanceof Session)) throw new Error("refused");
  session.flash("notice", "hello");
  await session.save();
  return { manager, session, stored: async () => (await manager.find(record.id))?.data };
}
