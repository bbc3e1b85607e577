import { Session, SessionManager } from "coatcheck";
import { memoryStore } from "coatcheck/store/memory";
import { fakeClock } from "coatcheck/testing";
import { type Caller, OwnedSessions } from "coatcheck-server";
import { expect, test } from "vitest";
import { abandonedOrdersJob } from "../src/abandoned-orders.ts";
import { AccountOrders } from "../src/accounts/account-orders.ts";
import { Accounts } from "../src/accounts/accounts.ts";
import { openAccountsDatabase } from "../src/accounts/database.ts";
import { PlacedOrders } from "../src/accounts/placed-orders.ts";
import type { Order } from "../src/backend-shapes.ts";
import { BrowserOrders } from "../src/browser-orders.ts";
import { JoinedOrders } from "../src/joined-orders.ts";
import { OrderAccess } from "../src/order-access.ts";
import { OrderHistory } from "../src/order-history.ts";
import { PASSWORD } from "./account-fixtures.ts";
import { passwordHasher } from "./shop-fixtures.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const PLACED_ORDER: Order = {
  number: 1,
  placedAt: "2026-11-21T11:00:00.000Z",
  customer: { name: "Alice", phone: "+41791234567" },
  delivery: { type: "emporter", address: null, requestedFor: "2026-11-21T14:00:00.000Z" },
  items: { tacos: [], extras: [], drinks: [], desserts: [] },
  itemCount: 0,
  total: 0,
};

/** Creates the shop's objects for orders, with a new session manager and two accounts. */
async function setUp() {
  const clock = fakeClock();
  const due: (() => unknown)[] = [];
  const manager = new SessionManager({
    store: memoryStore({ clock }),
    secrets: ["a secret of the shop's tests"],
    policy: { idleTimeout: 30 * MINUTE },
    clock,
    schedule: (_delay, task) => {
      due.push(task);
      return () => {};
    },
  });
  const database = openAccountsDatabase(":memory:");
  const accounts = new Accounts(database, passwordHasher);
  const accountOrders = new AccountOrders(database);
  const orderAccess = new OrderAccess(manager, accountOrders, clock);
  const joinedOrders = new JoinedOrders(manager, accountOrders);
  const owned = new OwnedSessions(manager, clock);
  const browserOrders = new BrowserOrders({
    manager,
    ownedSessions: owned,
    orderAccess,
    accountOrders,
    joinedOrders,
  });
  const [alice, bob] = await Promise.all(
    ["Alice", "Bob"].map((name) =>
      accounts.create({ email: `${name}@example.com`, password: PASSWORD, name, language: null }),
    ),
  );
  if (!alice || !bob) throw new Error("Expected two accounts.");
  const history = new OrderHistory(database);
  const placedOrders = new PlacedOrders(database);
  const abandoned = abandonedOrdersJob({ manager, accountOrders, history, placedOrders, clock });
  const endAbandoned = () => abandoned.run(new AbortController().signal);
  /** Stores the queued activity of sessions, then moves the clock forward. */
  const advance = async (milliseconds: number) => {
    for (const task of due.splice(0)) await task();
    clock.pass(milliseconds);
  };
  const people = { alice: alice.id, bob: bob.id };
  return {
    manager,
    accountOrders,
    browserOrders,
    history,
    placedOrders,
    database,
    endAbandoned,
    advance,
    ...people,
  };
}

async function resume(manager: SessionManager, token: string): Promise<Session> {
  const session = await manager.resume(token, "user");
  if (!(session instanceof Session)) throw new Error("The session has ended.");
  return session;
}

const callerOf = (session: Session): Caller => ({ principal: null, session, hasCookie: true });

test("an order created during a login belongs to the account of this login, not of a later login", async () => {
  for (const next of ["listed", "handed over"] as const) {
    const { manager, accountOrders, browserOrders, alice, bob } = await setUp();
    const { record, token } = await manager.create();
    const before = await resume(manager, token);
    const issued = await manager.authenticate(record.id, alice);
    const { id } = await browserOrders.create(callerOf(before), {});
    expect(accountOrders.accountOf(id)).toBeNull();
    const session = await resume(manager, issued.token);
    if (next === "listed") expect(await browserOrders.list(callerOf(session))).toHaveLength(1);
    else await browserOrders.handOver(session, bob);
    expect(accountOrders.accountOf(id)).toBe(alice);
  }
});

test("an anonymous order ends together with its browser's session", async () => {
  const { manager, browserOrders, endAbandoned, advance } = await setUp();
  const { token } = await manager.create();
  const { id } = await browserOrders.create(callerOf(await resume(manager, token)), {});
  for (let step = 0; step < 4; step++) {
    await advance(29 * MINUTE);
    const caller = callerOf(await resume(manager, token));
    expect(await browserOrders.list(caller)).toMatchObject([{ record: { id } }]);
    expect(await endAbandoned()).toEqual({ ended: 0, forgotten: 0 });
  }
  await advance(30 * MINUTE);
  expect(await endAbandoned()).toEqual({ ended: 0, forgotten: 0 });
  await advance(2 * MINUTE);
  expect(await endAbandoned()).toEqual({ ended: 1, forgotten: 0 });
  expect((await manager.find(id))?.state).toBe("revoked");
});

test("an account's order is listed at each login, even if months pass between the logins", async () => {
  const { manager, browserOrders, endAbandoned, advance, alice } = await setUp();
  const first = await manager.create({ subject: alice });
  const { id } = await browserOrders.create(callerOf(await resume(manager, first.token)), {});
  // Log in five times, 89 days apart. Each login extends the order. The sessions of earlier logins have expired.
  for (let login = 0; login < 5; login++) {
    await advance(89 * DAY);
    expect(await endAbandoned()).toEqual({ ended: 0, forgotten: 0 });
    await expect(resume(manager, first.token)).rejects.toThrow();
    await browserOrders.handOver(manager.begin(), alice);
    const { token } = await manager.create({ subject: alice });
    const caller = callerOf(await resume(manager, token));
    expect(await browserOrders.list(caller)).toMatchObject([{ role: "owner", record: { id } }]);
  }
});

test("the deletion of an order session also deletes its placed orders, unless the order belonged to an account", async () => {
  const { manager, browserOrders, accountOrders, history, placedOrders, database, ...rest } = await setUp();
  const sessions = [await manager.create(), await manager.create({ subject: rest.alice })];
  const ids: string[] = [];
  for (const { token } of sessions) {
    const { id } = await browserOrders.create(callerOf(await resume(manager, token)), {});
    const who = { participantId: "owner", name: "" };
    history.addMissing(id, [{ number: 1, at: 0, who, what: "ordered", order: 1, outcome: "done" }]);
    placedOrders.addMissing(id, [PLACED_ORDER]);
    ids.push(id);
    await manager.revoke({ session: id });
  }
  await rest.advance(DAY);
  await manager.sweep(0);
  for (const id of ids) accountOrders.forget(id);
  expect(await rest.endAbandoned()).toEqual({ ended: 0, forgotten: 1 });
  const kept = database.prepare("SELECT session_id FROM placed_orders").all();
  expect(kept).toMatchObject([{ session_id: ids[1] }]);
  expect(placedOrders.list(rest.alice, Number.MAX_SAFE_INTEGER, 1).orders).toEqual([PLACED_ORDER]);
});
