import { useCallback, useEffect, useRef, useState } from "react";
import { createOrder, endOrder, listOrders } from "./api.ts";
import { kept } from "./kept.ts";
import type { Language, OpenOrder } from "./wire.ts";

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
  readonly end: (id: string) => Promise<void>;
  /** The order is not there any more. */
  readonly drop: (id: string) => void;
}

/** The orders that are open side by side in this browser. */
export function useOrders(language: Language): Orders {
  const [orders, setOrders] = useState<readonly OpenOrder[]>();
  const [chosen, setChosen] = useState(() => kept.read("order"));
  const [error, setError] = useState<unknown>();
  const making = useRef<Promise<string>>(undefined);
  const active = orders?.find(({ sessionId }) => sessionId === chosen) ?? orders?.at(-1);

  const reload = useCallback(async () => {
    try {
      const listed = await listOrders();
      setOrders(listed.toReversed());
      setError(undefined);
    } catch (thrown) {
      setError(thrown);
    }
  }, []);
  useEffect(() => void reload(), [reload]);

  const choose = useCallback((id: string) => {
    kept.write("order", id);
    setChosen(id);
  }, []);

  const create = async (customerName: string) => {
    const number = Math.max(0, ...(orders ?? []).map(({ metadata }) => metadata.number ?? 0)) + 1;
    const name = customerName ? { customerName } : {};
    const made = await createOrder({ ...name, number, source: "web", language });
    setOrders((current) => [...(current ?? []), { ...made, role: "owner" }]);
    choose(made.sessionId);
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
    (id: string) => setOrders((current) => current?.filter(({ sessionId }) => sessionId !== id)),
    [],
  );
  const end = async (id: string) => {
    await endOrder(id);
    drop(id);
  };

  return { orders, active, error, choose, reload, create, need, end, drop };
}
