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
    const { session, stored } = await sessionWith({ orders: ["soup"] });
    const { orders } = session.data;
    await write(session);
    orders.push("taco");
    expect(session.data.orders).toBe(orders);
    await session.commit();
    expect(await stored()).toMatchObject({ orders: ["soup", "taco"] });
  });

  it("is stored with its later changes if it is an object that was just assigned", async () => {
    const { session, stored } = await sessionWith({});
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

  it("is stored with its later changes if it is an object in an array of a nested object", async () => {
    const { session, stored } = await sessionWith({ cart: { items: [{ quantity: 1 }] } });
    const [item] = session.data.cart.items;
    await write(session);
    item.quantity = 2;
    await session.commit();
    expect(await stored()).toMatchObject({ cart: { items: [{ quantity: 2 }] } });
  });
});

describe("a value that a handler holds while another request changes the same member", () => {
  it("keeps both changes if it is an object", async () => {
    const { session, manager, stored } = await sessionWith({});
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

  it("makes the commit throw CONFLICT if it is an array that is changed afterwards", async () => {
    const { session, manager, stored } = await sessionWith({ orders: ["soup"] });
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

  it("throws CONFLICT for an assignment to a nested object that was removed, and for its arrays", async () => {
    const { session, manager } = await sessionWith({ cart: { list: [1] } });
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

  it("does not prevent writes if it is not changed afterwards", async () => {
    const { session, manager, stored } = await sessionWith({ orders: ["soup"], cart: { a: 1 } });
    expect([session.data.orders, session.data.cart]).toEqual([["soup"], { a: 1 }]);
    await manager.patch(session.id, { orders: null, cart: null });
    await session.patch({ seen: true });
    session.data.more = 1;
    await session.commit();
    expect(await stored()).toEqual({ seen: true, more: 1 });
  });
});

async function sessionWith(data: JsonObject) {
  const manager = new SessionManager<AnyData>({
    store: memoryStore(),
    secrets: ["a secret for these tests"],
  });
  const { record, token } = await manager.create({ data });
  const session = await manager.resume(token);
  if (!(session instanceof Session)) throw new Error("refused");
  session.flash("notice", "hello");
  await session.save();
  return { manager, session, stored: async () => (await manager.find(record.id))?.data };
}
