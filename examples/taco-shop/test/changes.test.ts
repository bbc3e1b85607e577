import { CoatcheckError, Session, SessionManager } from "coatcheck";
import { memoryStore } from "coatcheck/store/memory";
import { type Caller, OwnedSessions } from "coatcheck-server";
import { describe, expect, test } from "vitest";
import { type Access, Doorkeeper } from "../src/access.ts";
import { AccountOrders } from "../src/accounts/account-orders.ts";
import { openAccountsDatabase } from "../src/accounts/database.ts";
import { refused } from "../src/backend-refusal.ts";
import { BrowserOrders } from "../src/browser-orders.ts";
import { Changes } from "../src/changes.ts";
import { Invitations } from "../src/invitations.ts";
import { JoinedOrders } from "../src/joined-orders.ts";
import { orderIn } from "../src/order-state.ts";

const clock = { now: Date.now };

/** A manager of its own, and what the shop makes of it. */
function parts() {
  const manager = new SessionManager({ store: memoryStore(), secrets: ["a secret of the shop's tests"] });
  const changes = new Changes(manager, clock);
  const accountOrders = new AccountOrders(openAccountsDatabase(":memory:"));
  const doorkeeper = new Doorkeeper(manager, accountOrders, clock);
  const invitations = new Invitations(manager, doorkeeper, changes, clock);
  const joined = new JoinedOrders(manager, accountOrders);
  const owned = new OwnedSessions(manager, clock);
  const browserOrders = new BrowserOrders({ manager, owned, doorkeeper, accountOrders, joined });
  return { manager, changes, doorkeeper, invitations, browserOrders };
}

/** A browser whose session is stored, as each of its requests finds it. */
async function browser(manager: SessionManager): Promise<() => Promise<Caller>> {
  const { token } = await manager.create();
  return async () => {
    const session = await manager.resume(token);
    if (!(session instanceof Session)) throw new Error("The session is not there.");
    return { principal: null, session, hasCookie: true };
  };
}

describe("changes of an order", () => {
  /** Alice's order, and Bob's way into it. */
  async function shared() {
    const { manager, changes, doorkeeper, invitations, browserOrders } = parts();
    const [alice, bob] = [await browser(manager), await browser(manager)];
    const { id } = await browserOrders.create(await alice(), {});
    const way = async (of: () => Promise<Caller>): Promise<Access> => {
      const record = await manager.find(id);
      const access = record && doorkeeper.accessOf(await of(), record);
      if (!access) throw new Error("There is no way in.");
      return access;
    };
    const { token } = await invitations.invite(await way(alice), "edit", 1000);
    await invitations.accept(await bob(), token, "Bob");
    return { manager, changes, invitations, id, alice: await way(alice), bob: await way(bob) };
  }

  test("whoever was shut out after they came in changes nothing, and nothing is asked of the backend", async () => {
    const { manager, changes, invitations, id, alice, bob } = await shared();
    await invitations.exclude(alice, bob.who.participantId);
    const before = orderIn((await manager.find(id))?.data ?? {});
    let asked = 0;
    const edit = changes.atBackend(bob, { what: "added", least: "edit", ifRevision: null }, async () => ({
      value: asked++,
    }));
    await expect(edit).rejects.toMatchObject({ code: "FORBIDDEN" });
    expect(asked).toBe(0);
    expect(orderIn((await manager.find(id))?.data ?? {})).toEqual(before);
  });

  test("what was announced ends in the history, however it ended", async () => {
    const { manager, changes, id, bob } = await shared();
    const deed = { what: "added", least: "edit", ifRevision: null } as const;
    const seen: number[] = [];
    await changes.atBackend(bob, deed, async () => {
      seen.push(Object.keys(orderIn((await manager.find(id))?.data ?? {}).pending).length);
      return { value: null, item: { kind: "tacos", id: 3 } };
    });
    const refusal = refused(409, { error: { code: "cart_full", message: "The cart is full." } }, "item");
    const lost = new CoatcheckError("UPSTREAM_TIMEOUT", "The upstream did not answer.");
    // The gateway's own, after the backend was asked: the cookies could not be kept.
    const unkept = new CoatcheckError("STORE_UNAVAILABLE", "The session store did not answer.");
    for (const error of [refusal, lost, unkept]) {
      const failing = changes.atBackend(bob, deed, async () => {
        throw error;
      });
      await expect(failing).rejects.toBe(error);
    }
    expect(seen).toEqual([1]);
    const { pending, history } = orderIn((await manager.find(id))?.data ?? {});
    expect(pending).toEqual({});
    expect(history.slice(-4)).toMatchObject([
      { who: { name: "Bob" }, item: { id: 3 }, outcome: "done" },
      { outcome: "refused" },
      { outcome: "unknown" },
      { outcome: "unknown" },
    ]);
  });

  test("an order that ends meanwhile is not there; the caller's own session is not meant", async () => {
    const { manager, changes, id, bob } = await shared();
    const edit = changes.atBackend(bob, { what: "added", least: "edit", ifRevision: null }, async () => {
      await manager.revoke({ session: id });
      return { value: null };
    });
    await expect(edit).rejects.toMatchObject({ code: "SESSION_NOT_FOUND" });
  });
});

describe("a browser's default order", () => {
  test("is one, however many requests begin it at once", async () => {
    const { manager, browserOrders } = parts();
    const alice = await browser(manager);
    const callers = await Promise.all(Array.from({ length: 8 }, alice));
    const records = await Promise.all(callers.map((caller) => browserOrders.default(caller)));
    expect(new Set(records.map(({ id }) => id)).size).toBe(1);
    const [first] = callers;
    const { records: live } = await manager.list(
      { parentId: first?.session.id ?? "", state: "active" },
      { limit: 20 },
    );
    expect(live.map(({ id }) => id)).toEqual([records[0]?.id]);
  });

  test("is begun anew when it has ended, and is never somebody else's", async () => {
    const { manager, browserOrders } = parts();
    const [alice, bob] = [await browser(manager), await browser(manager)];
    const first = await browserOrders.default(await alice());
    await manager.revoke({ session: first.id });
    const second = await browserOrders.default(await alice());
    expect(second.id).not.toBe(first.id);
    const caller = await bob();
    await caller.session.patch({ defaultOrder: second.id });
    expect(await browserOrders.findDefault(await bob())).toBeNull();
  });
});
