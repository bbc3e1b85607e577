import { openSessions } from "coatcheck-server";
import { describe, expect, test } from "vitest";
import { AccountOrders } from "../src/accounts/account-orders.ts";
import { Accounts } from "../src/accounts/accounts.ts";
import { openAccountsDatabase } from "../src/accounts/database.ts";
import { PlacedOrders } from "../src/accounts/placed-orders.ts";
import type { Order } from "../src/backend-shapes.ts";
import { logIn, PASSWORD, signUp } from "./account-fixtures.ts";
import { ALICE_RECIPIENT, idempotencyKeyHeader, ONE_BACKEND, TACO_XL } from "./backend-fixtures.ts";
import { log, passwordHasher, setUpShop, type Visitor } from "./shop-fixtures.ts";

const orderOf = (number: number): Order => ({
  number,
  placedAt: new Date(Date.UTC(2026, 10, 21) + number).toISOString(),
  customer: { name: "Alice", phone: "+41791234567" },
  delivery: { type: "emporter", address: null, requestedFor: "2026-11-21T14:00:00.000Z" },
  items: { tacos: [], extras: [], drinks: [], desserts: [] },
  itemCount: 0,
  total: 0,
});

describe("PlacedOrders", () => {
  /** Creates a database in which Alice and Bob have one order session each, named after their owner. */
  async function setUp() {
    const database = openAccountsDatabase(":memory:");
    const accountOrders = new AccountOrders(database);
    const accounts = new Accounts(database, passwordHasher);
    const ids: Record<string, string> = {};
    for (const name of ["alice", "bob"]) {
      const email = `${name}@example.com`;
      const { id } = await accounts.create({ email, password: PASSWORD, name, language: null });
      accountOrders.claim(id, `order of ${name}`);
      ids[name] = id;
    }
    const { alice = "", bob = "" } = ids;
    return { database, accountOrders, placed: new PlacedOrders(database), alice, bob };
  }

  test("list() returns all orders of one account in pages, each order once, newest first", async () => {
    const { placed, accountOrders, alice } = await setUp();
    const count = 250;
    for (let number = 1; number <= count; number++) {
      placed.addMissing(`order of ${number % 2 ? "alice" : "bob"}`, [orderOf(number)]);
      // The shop calls `addMissing()` again for a known order when it repeats an order request, and when it reads the
      // backend's list.
      placed.addMissing("order of alice", [orderOf(1)]);
    }
    accountOrders.claim(alice, "another order of alice");
    placed.addMissing("another order of alice", [orderOf(count + 1)]);

    const found: number[] = [];
    let before: number | null = Number.MAX_SAFE_INTEGER;
    while (before !== null) {
      const page = placed.list(alice, before, 40);
      expect(page.orders.length).toBe(Math.min(40, count / 2 + 1 - found.length));
      found.push(...page.orders.map(({ number }) => number));
      before = page.next;
    }
    expect(found).toEqual([
      count + 1,
      ...Array.from({ length: count / 2 }, (_, index) => count - 1 - 2 * index),
    ]);
  });

  test("list() returns orders after their session was deleted, and none after forget()", async () => {
    const { placed, accountOrders, alice, bob } = await setUp();
    placed.addMissing("order of alice", [orderOf(1)]);
    accountOrders.forget("order of alice");
    expect(placed.list(alice, Number.MAX_SAFE_INTEGER, 1)).toEqual({ orders: [orderOf(1)], next: null });
    expect(placed.list(bob, Number.MAX_SAFE_INTEGER, 1)).toEqual({ orders: [], next: null });
    placed.forget("order of alice");
    expect(placed.list(alice, Number.MAX_SAFE_INTEGER, 1)).toEqual({ orders: [], next: null });
  });

  test("addMissing() does not throw when the database cannot be written", async () => {
    const { placed, database } = await setUp();
    database.close();
    expect(() => placed.addMissing("order of alice", [orderOf(1)])).not.toThrow();
  });
});

describe("GET /accounts/me/orders", () => {
  const shop = setUpShop(ONE_BACKEND);

  async function place(visitor: Visitor, order: string, cleanUp = false): Promise<unknown> {
    await visitor.post(`${order}/cart/tacos`, TACO_XL);
    const { status, body } = await visitor.post(
      `${order}/orders`,
      { ...ALICE_RECIPIENT, cleanUp },
      idempotencyKeyHeader(),
    );
    expect(status).toBe(201);
    return body.data;
  }

  const list = async (visitor: Visitor, query = "") => {
    const { status, body } = await visitor.get<{ orders: unknown[]; next: number | null }>(
      `/accounts/me/orders${query}`,
    );
    return status === 200 ? body.data : status;
  };

  test("lists the account's orders on every device, including those placed before the login or in a deleted session", async () => {
    const [alice, bob] = [shop.browser(), shop.browser()];
    const early = await alice.createOrder();
    const placed = [await place(alice, early)];
    expect(await list(alice)).toBe(401);
    for (const [visitor, name] of [
      [alice, "alice"],
      [bob, "bob"],
    ] as const) {
      await signUp(visitor, `${name}@past.example`);
      await logIn(visitor, `${name}@past.example`);
    }
    placed.unshift(await place(alice, early));
    placed.unshift(await place(alice, await alice.createOrder(), true));
    const { token } = (await alice.post(`${early}/invitations`, { role: "edit" })).body.data;
    await bob.post("/invitations/accept", { token, name: "Bob" });

    const other = shop.browser();
    await logIn(other, "alice@past.example");
    await alice.send("DELETE", early);
    expect(await list(other)).toEqual({ orders: placed, next: null });
    const sessions = await openSessions(shop.config, log);
    // Both order sessions have ended, the second one a few milliseconds ago.
    for (let deleted = 0; deleted < 2; ) deleted += await sessions.manager.sweep(0);
    await sessions.close();
    await other.get("/sessions/mine");
    expect(await list(other)).toEqual({ orders: placed, next: null });
    // Bob was a guest of an order. He placed none.
    expect(await list(bob)).toEqual({ orders: [], next: null });

    const { orders, next } = (await list(other, "?limit=2")) as { orders: unknown[]; next: number };
    expect(orders).toEqual(placed.slice(0, 2));
    expect(await list(other, `?limit=2&before=${next}`)).toEqual({ orders: placed.slice(2), next: null });
    for (const query of ["?limit=101", "?limit=0", "?before=x", "?befor=1"]) {
      expect([query, await list(other, query)]).toEqual([query, 400]);
    }
  });
});
