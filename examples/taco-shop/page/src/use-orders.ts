import { useSession } from "coatcheck/react";
import { useCallback, useEffect, useRef, useState } from "react";
import { createOrder, endOrder, leave, listOrders } from "./api.ts";
import { kept } from "./kept.ts";
import { manager } from "./session.ts";
import type { Account, Language, OpenOrder } from "./wire.ts";

export interface Orders {
  /** Oldest first; undefined until they are known. */
  readonly orders: readonly OpenOrder[] | undefined;
  readonly active: OpenOrder | undefined;
  readonly error: unknown;
  readonly choose: (id: string) => void;
  readonly reload: () => Promise<void>;
  readonly create: (customerName: string) => Promise<string>;
  /** The active order's id; an order is made where there is none. Calls at once get the same one. */
  readonly need: () => Promise<string>;
  /** Closes one's own order, or leaves somebody else's. */
  readonly end: (order: OpenOrder) => Promise<void>;
  /** The order is not there any more. */
  readonly drop: (id: string) => void;
}

interface Listed {
  /** Whose they are. Null: of a browser that had no session yet. */
  readonly session: string | null;
  readonly orders: readonly OpenOrder[];
}

/** The orders that were listed, if they are this session's. */
const ordersIn = (listed: Listed | undefined, session: string | null) =>
  listed?.session === session || listed?.session === null ? listed.orders : undefined;

const sessionId = () => manager.$session.get().session?.id ?? null;

/** The orders that are open side by side in this browser: those of its session, and of whoever is logged in. */
export function useOrders(language: Language): Orders {
  const { loading, session } = useSession<Account>();
  const id = session?.id ?? null;
  const subject = session?.subject ?? null;
  const [listed, setListed] = useState<Listed>();
  const [chosen, setChosen] = useState(() => kept.read("order"));
  const [error, setError] = useState<unknown>();
  const making = useRef<Promise<string>>(undefined);
  const changes = useRef(0);

  // Who has no session has no orders, and need not ask for them.
  const none = loading || id !== null ? undefined : [];
  const orders = (loading ? listed?.orders : ordersIn(listed, id)) ?? none;
  const active = orders?.find((order) => order.sessionId === chosen) ?? orders?.at(-1);
  const followed = useRef<string>(undefined);
  useEffect(() => {
    followed.current = active?.sessionId;
  }, [active]);

  const change = useCallback((how: (orders: readonly OpenOrder[]) => readonly OpenOrder[]) => {
    changes.current++;
    setListed((current) => {
      const session = sessionId();
      return { session, orders: how(ordersIn(current, session) ?? []) };
    });
  }, []);

  const reload = useCallback(async () => {
    try {
      // The first order that a browser opens, or is let into, gives it a session.
      if (sessionId() === null) await manager.getSession({ fresh: true });
      const session = sessionId();
      let before: number;
      let found: readonly OpenOrder[];
      do {
        before = changes.current;
        found = session === null ? [] : await listOrders();
        if (session !== sessionId()) return;
      } while (before !== changes.current);
      setListed((current) => {
        // What became of the order that is looked at, its own stream tells, and why.
        const looked = ordersIn(current, session)?.filter(
          ({ sessionId }) =>
            sessionId === followed.current && !found.some((order) => order.sessionId === sessionId),
        );
        return { session, orders: [...(looked ?? []), ...found.toReversed()] };
      });
      setError(undefined);
    } catch (thrown) {
      setError(thrown);
    }
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: whoever is somebody else now has other orders.
  useEffect(() => {
    if (loading || id === null) return;
    changes.current++;
    void reload();
  }, [loading, id, subject, reload]);

  useEffect(() => {
    // On other devices, too, orders of the account are opened and closed.
    const look = () => void (document.visibilityState === "visible" && sessionId() !== null && reload());
    document.addEventListener("visibilitychange", look);
    const leaveTabs = kept.follow("orders", () => void reload());
    return () => {
      document.removeEventListener("visibilitychange", look);
      leaveTabs();
    };
  }, [reload]);

  const choose = useCallback((id: string) => {
    kept.write("order", id);
    setChosen(id);
  }, []);

  const create = async (customerName: string) => {
    const number = Math.max(0, ...(orders ?? []).map(({ metadata }) => metadata.number ?? 0)) + 1;
    const name = customerName ? { customerName } : {};
    const made = await createOrder({ ...name, number, source: "web", language });
    change((current) => [...current, { ...made, role: "owner" }]);
    choose(made.sessionId);
    tellTabs(made.sessionId);
    if (sessionId() === null) void reload();
    return made.sessionId;
  };

  const need = async () => {
    if (active) return active.sessionId;
    making.current ??= create("").finally(() => {
      making.current = undefined;
    });
    return making.current;
  };

  const drop = useCallback(
    (id: string) => change((current) => current.filter((order) => order.sessionId !== id)),
    [change],
  );
  const end = async ({ sessionId, role }: OpenOrder) => {
    await (role === "owner" ? endOrder(sessionId) : leave(sessionId));
    drop(sessionId);
    tellTabs(sessionId);
  };

  return { orders, active, error, choose, reload, create, need, end, drop };
}

/** The list of orders is another; `id` has come or gone. */
const tellTabs = (id: string) => kept.write("orders", `${id} ${Date.now()}`);
