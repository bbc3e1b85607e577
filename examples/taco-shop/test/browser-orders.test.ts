import { Session, SessionManager } from "coatcheck";
import { memoryStore } from "coatcheck/store/memory";
import { type Caller, OwnedSessions } from "coatcheck-server";
import { expect, test } from "vitest";
import { AccountOrders } from "../src/accounts/account-orders.ts";
import { Accounts } from "../src/accounts/accounts.ts";
import { openAccountsDatabase } from "../src/accounts/database.ts";
import { BrowserOrders } from "../src/browser-orders.ts";
import { JoinedOrders } from "../src/joined-orders.ts";
import { OrderAccess } from "../src/order-access.ts";
import { PASSWORD } from "./account-fixtures.ts";

/** The shop's order classes over a new manager, with two accounts. */
async function setUp() {
  const clock = { now: Date.now };
  const manager = new SessionManager({ store: memoryStore(), secrets: ["a secret of the shop's tests"] });
  const database = openAccountsDatabase(":memory:");
  const accounts = new Accounts(database);
  const accountOrders = new AccountOrders(database);
  const doorkeeper = new OrderAccess(manager, accountOrders, clock);
  const joined = new JoinedOrders(manager, accountOrders);
  const owned = new OwnedSessions(manager, clock);
  const browserOrders = new BrowserOrders({ manager, owned, doorkeeper, accountOrders, joined });
  const [alice, bob] = await Promise.all(
    ["Alice", "Bob"].map((name) =>
      accounts.create({ email: `${name}@example.com`, password: PASSWORD, name, language: null }),
    ),
  );
  if (!alice || !bob) throw new Error("Expected two accounts.");
  return { manager, accountOrders, browserOrders, alice: alice.id, bob: bob.id };
}

async function resume(manager: SessionManager, token: string): Promise<Session> {
  const session = await manager.resume(token, "user");
  if (!(session instanceof Session)) throw new Error("The session has ended.");
  return session;
}

const callerOf = (session: Session): Caller => ({ principal: null, session, hasCookie: true });

test("an order created during a login belongs to that account, not to the next one that logs in", async () => {
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
