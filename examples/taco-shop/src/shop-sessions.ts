import type { Clock, RevokeReason, SessionManager, SessionRecord } from "coatcheck";
import { type Caller, notFound, OwnedSessions } from "coatcheck-server";
import type { Doorkeeper } from "./access.ts";
import type { AccountOrders } from "./accounts/account-orders.ts";

/** Whose sessions are whose, for the routes that the shop shares with the service: an order may be an account's. */
export class ShopSessions extends OwnedSessions {
  readonly #doorkeeper: Doorkeeper;
  readonly #accountOrders: AccountOrders;

  constructor(manager: SessionManager, doorkeeper: Doorkeeper, accountOrders: AccountOrders, clock: Clock) {
    super(manager, clock);
    this.#doorkeeper = doorkeeper;
    this.#accountOrders = accountOrders;
  }

  /** As ever for the browser's own session; an order's owner is the doorkeeper's to tell. Throws as it did. */
  override async live(caller: Caller, id: string): Promise<SessionRecord> {
    if (id === caller.session.id) return await super.live(caller, id);
    const access = await this.#doorkeeper.find(caller, id);
    if (access?.role !== "owner") throw notFound(id);
    return access.record;
  }

  /** Orders that belong to an account outlive the browser's session that they were begun in. */
  override async endWithin(id: string, reason: RevokeReason): Promise<number> {
    let count = 0;
    for await (const inner of this.matching({ parentId: id })) {
      if (this.#accountOrders.accountOf(inner.id) === null) count += await this.end(inner.id, reason);
    }
    return count;
  }
}
