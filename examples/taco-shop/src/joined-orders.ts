import type { Session, SessionManager } from "coatcheck";
import type { Caller } from "coatcheck-server";
import { unlessEnded } from "./access.ts";
import type { AccountOrders } from "./accounts/account-orders.ts";
import { orderIn, withMemberMoved, withOrder } from "./order-state.ts";

/** Orders of others that are remembered; the oldest go first. */
const MOST_REMEMBERED = 50;

/**
 * Which orders of others somebody was let into: the account's where they are logged in, else their browser's, whose
 * session says so in its data. It is a list to look through and lets nobody in: that, the order itself says.
 */
export class JoinedOrders {
  readonly #manager: SessionManager;
  readonly #accountOrders: AccountOrders;

  constructor(manager: SessionManager, accountOrders: AccountOrders) {
    this.#manager = manager;
    this.#accountOrders = accountOrders;
  }

  /** The newest of them, newest last. */
  of({ record, subject }: Session): string[] {
    const ofAccount = subject === null ? [] : this.#accountOrders.joined(subject, MOST_REMEMBERED);
    return [...new Set([...ofAccount, ...joinedIn(record?.data.shared)])];
  }

  async remember({ session }: Caller, id: string): Promise<void> {
    if (session.subject !== null) return this.#accountOrders.join(session.subject, id);
    await session.update((data) => {
      const others = joinedIn(data.shared).filter((each) => each !== id);
      return { ...data, shared: Object.fromEntries([...others, id].map((each) => [each, true])) };
    });
  }

  /** Whom these orders knew as this browser, they know as the account from now on. */
  async handOver({ id: browser, record }: Session, account: string): Promise<void> {
    await Promise.all(
      joinedIn(record?.data.shared).map(async (id) => {
        const order = await this.#manager.find(id);
        if (order === null || !Object.hasOwn(orderIn(order.data).members, browser)) return;
        this.#accountOrders.join(account, id);
        await this.#manager
          .update(id, (data) => withOrder(data, (state) => withMemberMoved(state, browser, account)))
          .catch(unlessEnded);
      }),
    );
  }
}

/** The browser may have written anything there, by way of the service. */
function joinedIn(value: unknown): string[] {
  return typeof value === "object" && value !== null ? Object.keys(value).slice(-MOST_REMEMBERED) : [];
}
