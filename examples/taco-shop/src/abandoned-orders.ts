import { type Clock, isLive, type SessionManager } from "coatcheck";
import { type Job, OwnedSessions } from "coatcheck-server";
import type { AccountOrders } from "./accounts/account-orders.ts";
import type { PlacedOrders } from "./accounts/placed-orders.ts";
import { SHOP_OWNER } from "./order-access.ts";
import type { OrderHistory } from "./order-history.ts";

const MINUTE = 60_000;

interface AbandonedOrdersDependencies {
  readonly manager: SessionManager;
  readonly accountOrders: AccountOrders;
  readonly history: OrderHistory;
  readonly placedOrders: PlacedOrders;
  readonly clock: Clock;
}

/**
 * Creates the job that ends abandoned orders. An order without an account belongs to a browser, and is abandoned when
 * the browser's session has ended. The order's own session would live longer, because it has a longer idle timeout (see
 * `ORDER_LIFETIME`). After the store has deleted the order's session, the job deletes the order's history and placed
 * orders. It does not change the orders of an account.
 */
export function abandonedOrdersJob({
  manager,
  accountOrders,
  history,
  placedOrders,
  clock,
}: AbandonedOrdersDependencies): Job {
  const owned = new OwnedSessions(manager, clock);

  /**
   * Other processes write a browser's activity up to a minute late. A session that seems to have ended just now may
   * therefore still be live.
   */
  async function hasEnded(browser: string): Promise<boolean> {
    const record = await manager.find(browser);
    return record === null || !isLive(record, clock.now() - MINUTE);
  }

  return {
    name: "abandoned-orders",
    description: "Ends the orders of browsers whose session has ended and that have no account.",
    interval: 5 * MINUTE,
    async run(signal) {
      let ended = 0;
      for await (const { id, parentId } of owned.findMatching({ owner: SHOP_OWNER })) {
        if (signal.aborted) break;
        if (parentId === null || accountOrders.accountOf(id) !== null || !(await hasEnded(parentId)))
          continue;
        ended += await manager.revoke({ session: id });
      }
      let forgotten = 0;
      for (const id of history.listUnowned()) {
        if (signal.aborted || (await manager.find(id)) !== null) continue;
        placedOrders.forget(id);
        history.forget(id);
        forgotten++;
      }
      return { ended, forgotten };
    },
  };
}
