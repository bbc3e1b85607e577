import { CoatcheckError, Session, SessionManager } from "coatcheck";
import { memoryStore } from "coatcheck/store/memory";
import { type Caller, OwnedSessions } from "coatcheck-server";
import { describe, expect, test } from "vitest";
import { AccountOrders } from "../src/accounts/account-orders.ts";
import { openAccountsDatabase } from "../src/accounts/database.ts";
import { backendError } from "../src/backend-error.ts";
import { BrowserOrders } from "../src/browser-orders.ts";
import { Changes } from "../src/changes.ts";
import { Invitations } from "../src/invitations.ts";
import { JoinedOrders } from "../src/joined-orders.ts";
import { type Access, OrderAccess } from "../src/order-access.ts";
import { OrderHistory } from "../src/order-history.ts";
import { orderOf } from "../src/order-state.ts";

const clock = { now: Date.now };

/** Creates the shop's objects for orders, with a new session manager. */
function setUp() {
  const manager = new SessionManager({ store: memoryStore(), secrets: ["a secret of the shop's tests"] });
  const database = openAccountsDatabase(":memory:");
  const changes = new Changes(manager, new OrderHistory(database), clock);
  const accountOrders = new AccountOrders(database);
  const orderAccess = new OrderAccess(manager, accountOrders, clock);
  const invitations = new Invitations(manager, orderAccess, changes, clock);
  const joinedOrders = new JoinedOrders(manager, accountOrders);
  const owned = new OwnedSessions(manager, clock);
  const browserOrders = new BrowserOrders({
    manager,
    ownedSessions: owned,
    orderAccess,
    accountOrders,
    joinedOrders,
  });
  return { manager, changes, orderAccess, invitations, browserOrders };
}

/** Creates a browser with a stored session. Returns a function that resumes it, as each request does. */
async function createBrowser(manager: SessionManager): Promise<() => Promise<Caller>> {
  const { token } = await manager.create();
  return async () => {
    const session = await manager.resume(token);
    if (!(session instanceof Session)) throw new Error("The session has ended.");
    return { principal: null, session, hasCookie: true };
  };
}

describe("Changes", () => {
  /** Creates an order of Alice that Bob has joined. Returns the access of each. */
  async function createSharedOrder() {
    const { manager, changes, orderAccess, invitations, browserOrders } = setUp();
    const [alice, bob] = [await createBrowser(manager), await createBrowser(manager)];
    const { id } = await browserOrders.create(await alice(), {});
    const accessOf = async (resume: () => Promise<Caller>): Promise<Access> => {
      const record = await manager.find(id);
      const access = record && orderAccess.accessOf(await resume(), record);
      if (!access) throw new Error("The caller has no access.");
      return access;
    };
    const { token } = await invitations.invite(await accessOf(alice), { role: "edit", lifetime: 1000 });
    await invitations.accept(await bob(), token, "Bob");
    return { manager, changes, invitations, id, alice: await accessOf(alice), bob: await accessOf(bob) };
  }

  test("changeAtBackend() rejects a removed guest without a request to the backend", async () => {
    const { manager, changes, invitations, id, alice, bob } = await createSharedOrder();
    await invitations.exclude(alice, bob.who.participantId);
    const before = orderOf((await manager.find(id))?.data ?? {});
    let requests = 0;
    const edit = changes.changeAtBackend(
      bob,
      { what: "added", minRole: "edit", ifRevision: null },
      async () => ({
        value: requests++,
      }),
    );
    await expect(edit).rejects.toMatchObject({ code: "FORBIDDEN" });
    expect(requests).toBe(0);
    expect(orderOf((await manager.find(id))?.data ?? {})).toEqual(before);
  });

  test("changeAtBackend() moves each pending change to the history, with its outcome", async () => {
    const { manager, changes, id, bob } = await createSharedOrder();
    const details = { what: "added", minRole: "edit", ifRevision: null } as const;
    const pendingCounts: number[] = [];
    await changes.changeAtBackend(bob, details, async () => {
      pendingCounts.push(Object.keys(orderOf((await manager.find(id))?.data ?? {}).pending).length);
      return { value: null, item: { kind: "tacos", id: 3 } };
    });
    const rejected = backendError(
      409,
      { error: { code: "cart_full", message: "The cart is full." } },
      "item",
    );
    const lost = new CoatcheckError("UPSTREAM_TIMEOUT", "The upstream did not answer.");
    // The error that the gateway throws after a request to the backend if it cannot store the backend's cookies.
    const notStored = new CoatcheckError("STORE_UNAVAILABLE", "The session store did not answer.");
    for (const error of [rejected, lost, notStored]) {
      const failing = changes.changeAtBackend(bob, details, async () => {
        throw error;
      });
      await expect(failing).rejects.toBe(error);
    }
    expect(pendingCounts).toEqual([1]);
    const { pending, history } = orderOf((await manager.find(id))?.data ?? {});
    expect(pending).toEqual({});
    expect(history.slice(-4)).toMatchObject([
      { who: { name: "Bob" }, item: { id: 3 }, outcome: "done" },
      { outcome: "refused" },
      { outcome: "unknown" },
      { outcome: "unknown" },
    ]);
  });

  test("changeAtBackend() throws SESSION_NOT_FOUND for an order that ends during the change", async () => {
    const { manager, changes, id, bob } = await createSharedOrder();
    const edit = changes.changeAtBackend(
      bob,
      { what: "added", minRole: "edit", ifRevision: null },
      async () => {
        await manager.revoke({ session: id });
        return { value: null };
      },
    );
    await expect(edit).rejects.toMatchObject({ code: "SESSION_NOT_FOUND" });
  });
});

describe("BrowserOrders", () => {
  test("findOrCreateDefault() creates one order for concurrent requests", async () => {
    const { manager, browserOrders } = setUp();
    const alice = await createBrowser(manager);
    const callers = await Promise.all(Array.from({ length: 8 }, alice));
    const records = await Promise.all(callers.map((caller) => browserOrders.findOrCreateDefault(caller)));
    expect(new Set(records.map(({ id }) => id)).size).toBe(1);
    const [first] = callers;
    const { records: live } = await manager.list(
      { parentId: first?.session.id ?? "", state: "active" },
      { limit: 20 },
    );
    expect(live.map(({ id }) => id)).toEqual([records[0]?.id]);
  });

  test("findOrCreateDefault() replaces a default order that has ended, and findDefault() ignores other browsers' orders", async () => {
    const { manager, browserOrders } = setUp();
    const [alice, bob] = [await createBrowser(manager), await createBrowser(manager)];
    const first = await browserOrders.findOrCreateDefault(await alice());
    await manager.revoke({ session: first.id });
    const second = await browserOrders.findOrCreateDefault(await alice());
    expect(second.id).not.toBe(first.id);
    const caller = await bob();
    await caller.session.patch({ defaultOrder: second.id });
    expect(await browserOrders.findDefault(await bob())).toBeNull();
  });
});
