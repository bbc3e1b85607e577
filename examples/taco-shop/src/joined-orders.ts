import type { Session, SessionManager } from "coatcheck";
import type { Caller } from "coatcheck-server";
import type { AccountOrders } from "./accounts/account-orders.ts";
import { ignoreEnded } from "./order-access.ts";
import { orderOf, withMemberMoved, withOrder } from "./order-state.ts";

/** The largest number of joined orders to store. The oldest are removed first. */
const MAX_REMEMBERED = 50;

/**
 * Stores which orders of other owners a caller has joined. The list is stored with the account if the caller is logged
 * in, otherwise in the data of the browser's session. The list grants no access to an order. Only the order's `members`
 * grant access.
 */
export class JoinedOrders {
  readonly #manager: SessionManager;
  readonly #accountOrders: AccountOrders;

  constructor(manager: SessionManager, accountOrders: AccountOrders) {
    this.#manager = manager;
    this.#accountOrders = accountOrders;
  }

  /** Returns the ids of the joined orders, newest last. */
  listIds({ record, subject }: Session): string[] {
    const ofAccount = subject === null ? [] : this.#accountOrders.listJoined(subject, MAX_REMEMBERED);
    return [...new Set([...ofAccount, ...joinedOrderIds(record?.data.shared)])];
  }

  async remember({ session }: Caller, id: string): Promise<void> {
    if (session.subject !== null) return this.#accountOrders.join(session.subject, id);
    await session.update((data) => {
      const others = joinedOrderIds(data.shared).filter((each) => each !== id);
      return { ...data, shared: Object.fromEntries([...others, id].map((each) => [each, true])) };
    });
  }

  /** Moves the browser's membership in each joined order to the account. */
  async handOver({ id: browser, record }: Session, account: string): Promise<void> {
    await Promise.all(
      joinedOrderIds(record?.data.shared).map(async (id) => {
        const order = await this.#manager.find(id);
        if (order === null || !Object.hasOwn(orderOf(order.data).members, browser)) return;
        this.#accountOrders.join(account, id);
        await this.#manager
          .update(id, (data) => withOrder(data, (state) => withMemberMoved(state, browser, account)))
          .catch(ignoreEnded);
      }),
    );
  }
}

/** Reads the stored list. Accepts any value, because a browser can write its session's data through the service. */
function joinedOrderIds(value: unknown): string[] {
  return typeof value === "object" && value !== null ? Object.keys(value).slice(-MAX_REMEMBERED) : [];
}
