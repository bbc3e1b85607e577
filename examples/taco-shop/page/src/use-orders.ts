import { useCallback, useEffect, useRef, useState } from "react";
import { createOrder, endOrder, leave } from "./api.ts";
import { storage } from "./local-storage.ts";
import { client } from "./session.ts";
import { currentSessionId, type OrderList, useOrderList } from "./use-order-list.ts";
import type { Language, OpenOrder } from "./wire.ts";

export interface Orders extends Pick<OrderList, "orders" | "error" | "reload"> {
  readonly active: OpenOrder | undefined;
  readonly choose: (id: string) => void;
  /** @param label the name on the order's tab; may be empty. */
  readonly create: (label: string) => Promise<string>;
  /** Returns the active order's id. Creates an order if there is none. Concurrent calls create one order. */
  readonly requireOrder: () => Promise<string>;
  /** Ends an order of the user, or leaves an order that the user has joined. */
  readonly end: (order: OpenOrder) => Promise<void>;
  /** Removes an ended order from the list. */
  readonly drop: (id: string) => void;
}

/** Returns the open orders of the browser's session and account, the active order, and functions that change them. */
export function useOrders(language: Language): Orders {
  const followed = useRef<string>(undefined);
  const { orders, error, change, reload } = useOrderList(followed);
  const [chosen, setChosen] = useState(() => storage.read("order"));
  const creating = useRef<Promise<string>>(undefined);

  const active = orders?.find((order) => order.sessionId === chosen) ?? orders?.at(-1);
  useEffect(() => {
    followed.current = active?.sessionId;
  }, [active]);

  const choose = useCallback((id: string) => {
    storage.write("order", id);
    setChosen(id);
  }, []);

  const create = async (label: string) => {
    const number = Math.max(0, ...(orders ?? []).map(({ metadata }) => metadata.number ?? 0)) + 1;
    const customerName = client.$session.get().user?.name ?? storage.read("name");
    const names = { ...(label ? { label } : {}), ...(customerName ? { customerName } : {}) };
    const created = await createOrder({ ...names, number, source: "web", language });
    change((current) => [...current, { ...created, role: "owner" }]);
    choose(created.sessionId);
    notifyTabs(created.sessionId);
    if (currentSessionId() === null) void reload();
    return created.sessionId;
  };

  const requireOrder = async () => {
    if (active) return active.sessionId;
    creating.current ??= create("").finally(() => {
      creating.current = undefined;
    });
    return creating.current;
  };

  const drop = useCallback(
    (id: string) => change((current) => current.filter((order) => order.sessionId !== id)),
    [change],
  );
  const end = async ({ sessionId, role }: OpenOrder) => {
    await (role === "owner" ? endOrder(sessionId) : leave(sessionId));
    drop(sessionId);
    notifyTabs(sessionId);
  };

  return { orders, active, error, choose, reload, create, requireOrder, end, drop };
}

/**
 * Makes the browser's other tabs reload their orders. The time makes each value different, because storing an equal
 * value causes no event.
 */
const notifyTabs = (id: string) => storage.write("orders", `${id} ${Date.now()}`);
