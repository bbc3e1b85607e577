import type { Clock, RevokeReason, SessionManager, SessionRecord } from "coatcheck";
import { type Caller, OwnedSessions, sessionNotFound } from "coatcheck-server";
import type { AccountOrders } from "./accounts/account-orders.ts";
import type { OrderAccess } from "./order-access.ts";

/**
 * Ownership rules for the session routes that the shop shares with the service. In the shop, an order can also belong
 * to an account.
 */
export class ShopSessions extends OwnedSessions {
  readonly #orderAccess: OrderAccess;
  readonly #accountOrders: AccountOrders;

  constructor(manager: SessionManager, orderAccess: OrderAccess, accountOrders: AccountOrders, clock: Clock) {
    super(manager, clock);
    this.#orderAccess = orderAccess;
    this.#accountOrders = accountOrders;
  }

  /**
   * Returns a live session that the caller may use. {@link OrderAccess} decides who may use an order. The rules of the
   * service decide who may use any other session.
   */
  override async findLive(caller: Caller, id: string): Promise<SessionRecord> {
    if (id === caller.session.id) return await super.findLive(caller, id);
    const access = await this.#orderAccess.find(caller, id);
    if (access?.role !== "owner") throw sessionNotFound(id);
    return access.record;
  }

  /**
   * Ends the browser's orders. Keeps the orders that belong to an account, because they outlive the browser's session.
   */
  override async endChildren(id: string, reason: RevokeReason): Promise<number> {
    let count = 0;
    for await (const child of this.findMatching({ parentId: id })) {
      if (this.#accountOrders.accountOf(child.id) === null) count += await this.end(child.id, reason);
    }
    return count;
  }
}
