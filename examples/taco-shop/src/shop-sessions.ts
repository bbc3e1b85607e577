import type { Clock, RevokeReason, SessionManager, SessionRecord } from "coatcheck";
import { type Caller, OwnedSessions, sessionNotFound } from "coatcheck-server";
import type { AccountOrders } from "./accounts/account-orders.ts";
import type { OrderAccess } from "./order-access.ts";

/**
 * Ownership rules for the session routes that the shop shares with the service. In the shop, an order can also belong
 * to an account.
 */
export class ShopSessions extends OwnedSessions {
  readonly #doorkeeper: OrderAccess;
  readonly #accountOrders: AccountOrders;

  constructor(manager: SessionManager, doorkeeper: OrderAccess, accountOrders: AccountOrders, clock: Clock) {
    super(manager, clock);
    this.#doorkeeper = doorkeeper;
    this.#accountOrders = accountOrders;
  }

  /**
   * Returns a live session that the caller may use. Checks orders with {@link OrderAccess}, other sessions by the
   * rules of the service.
   */
  override async findLive(caller: Caller, id: string): Promise<SessionRecord> {
    if (id === caller.session.id) return await super.findLive(caller, id);
    const access = await this.#doorkeeper.find(caller, id);
    if (access?.role !== "owner") throw sessionNotFound(id);
    return access.record;
  }

  /** Ends the browser's orders, except those that belong to an account: they outlive the browser's session. */
  override async endChildren(id: string, reason: RevokeReason): Promise<number> {
    let count = 0;
    for await (const child of this.findMatching({ parentId: id })) {
      if (this.#accountOrders.accountOf(child.id) === null) count += await this.end(child.id, reason);
    }
    return count;
  }
}
