import { useSession } from "coatcheck/react";
import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import { listOrders } from "./api.ts";
import { storage } from "./local-storage.ts";
import { client } from "./session.ts";
import type { Account, OpenOrder } from "./wire.ts";

/** The open orders, and the functions that change the list. */
export interface OrderList {
  /** Oldest first; undefined until they are loaded. */
  readonly orders: readonly OpenOrder[] | undefined;
  readonly error: unknown;
  readonly change: (how: (orders: readonly OpenOrder[]) => readonly OpenOrder[]) => void;
  readonly reload: () => Promise<void>;
}

interface ListedOrders {
  /** The id of the session that the orders belong to; null if the browser had no session. */
  readonly session: string | null;
  readonly orders: readonly OpenOrder[];
}

/** Returns the listed orders if they belong to this session. */
const ordersIn = (listed: ListedOrders | undefined, session: string | null) =>
  listed?.session === session || listed?.session === null ? listed.orders : undefined;

/** Returns the id of the browser's session, or null. */
export const currentSessionId = () => client.$session.get().session?.id ?? null;

/**
 * Loads the open orders of the browser's session and account: at the start, after a login or logout, when the page
 * becomes visible, and when another tab changes the list.
 *
 * @param followed the id of the order whose event stream is open.
 */
export function useOrderList(followed: RefObject<string | undefined>): OrderList {
  const { loading, session } = useSession<Account>();
  const id = session?.id ?? null;
  const subject = session?.subject ?? null;
  const [listed, setListed] = useState<ListedOrders>();
  const [error, setError] = useState<unknown>();
  const changes = useRef(0);

  // A browser without a session has no orders, so there is nothing to load.
  const none = loading || id !== null ? undefined : [];
  const orders = (loading ? listed?.orders : ordersIn(listed, id)) ?? none;

  const change = useCallback<OrderList["change"]>((how) => {
    changes.current++;
    setListed((current) => {
      const session = currentSessionId();
      return { session, orders: how(ordersIn(current, session) ?? []) };
    });
  }, []);

  const reload = useCallback(async () => {
    try {
      // The browser may have no session yet: the server creates it with the first order that the browser opens or
      // joins.
      if (currentSessionId() === null) await client.getSession({ fresh: true });
      const session = currentSessionId();
      let before: number;
      let found: readonly OpenOrder[];
      do {
        before = changes.current;
        found = session === null ? [] : await listOrders();
        if (session !== currentSessionId()) return;
      } while (before !== changes.current);
      setListed((current) => {
        // Keep the followed order even if it has ended, because its event stream reports the end, with the reason.
        const missing = ordersIn(current, session)?.filter(
          ({ sessionId }) =>
            sessionId === followed.current && !found.some((order) => order.sessionId === sessionId),
        );
        return { session, orders: [...(missing ?? []), ...found.toReversed()] };
      });
      setError(undefined);
    } catch (thrown) {
      setError(thrown);
    }
  }, [followed]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another subject has other orders.
  useEffect(() => {
    if (loading || id === null) return;
    changes.current++;
    void reload();
  }, [loading, id, subject, reload]);

  useEffect(() => {
    // Other devices may have opened or ended orders of the account.
    const onVisible = () =>
      void (document.visibilityState === "visible" && currentSessionId() !== null && reload());
    document.addEventListener("visibilitychange", onVisible);
    const unfollow = storage.follow("orders", () => void reload());
    return () => {
      document.removeEventListener("visibilitychange", onVisible);
      unfollow();
    };
  }, [reload]);

  return { orders, error, change, reload };
}
