import { type ReactNode, useEffect, useState } from "react";
import { listPlaced } from "./api.ts";
import { formatClockTime } from "./format.ts";
import { useLanguage } from "./language.tsx";
import { PlacedOrderDetails } from "./placed-order.tsx";
import type { Menu, PlacedOrder } from "./wire.ts";

interface PlacedOrdersProps {
  readonly menu: Menu;
  readonly id: string;
  /** The number of orders placed since the page was opened. When it changes, the list is reloaded. */
  readonly placedCount: number;
}

/** Lists the orders that were placed in one order session. */
export function PlacedOrders({ menu, id, placedCount }: PlacedOrdersProps): ReactNode {
  const { language, words } = useLanguage();
  const [orders, setOrders] = useState<readonly PlacedOrder[]>([]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new order requires a reload.
  useEffect(() => {
    let isStale = false;
    listPlaced(id).then(
      (listed) => isStale || setOrders(listed),
      // This list is for information only, so a failure shows no error.
      () => {},
    );
    return () => {
      isStale = true;
    };
  }, [id, placedCount]);

  if (orders.length === 0) return null;
  return (
    <section className="placed" aria-labelledby="placed-title">
      <h3 id="placed-title">{words.placedOrdersTitle}</h3>
      {orders.map((order) => (
        <PlacedOrderDetails
          key={order.number}
          menu={menu}
          order={order}
          time={words.requestedTime(formatClockTime(order.delivery.requestedFor, language, menu.timeZone))}
        />
      ))}
    </section>
  );
}
