import { type ReactNode, useEffect, useState } from "react";
import { listPlaced } from "./api.ts";
import { portionName, tacoDetails, tacoName } from "./describe.ts";
import { clockTime, formatPrice } from "./format.ts";
import { useLanguage } from "./language.tsx";
import { type Menu, type PlacedOrder, PORTIONS } from "./wire.ts";

interface PlacedOrdersProps {
  readonly menu: Menu;
  readonly id: string;
  /** The number of orders placed since the page was opened. When it changes, the list is reloaded. */
  readonly placed: number;
}

/** Lists the orders that were placed in one order session. */
export function PlacedOrders({ menu, id, placed }: PlacedOrdersProps): ReactNode {
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
  }, [id, placed]);

  if (orders.length === 0) return null;
  return (
    <section className="placed" aria-labelledby="placed-title">
      <h3 id="placed-title">{words.history}</h3>
      {orders.map((order) => (
        <details key={order.number}>
          <summary>
            <span>
              {words.placedNumber(order.number)}{" "}
              <small>{words.forTime(clockTime(order.delivery.requestedFor, language, menu.timeZone))}</small>
            </span>
            <span>{formatPrice(order.total)}</span>
          </summary>
          <ul>
            {order.items.tacos.map((taco) => (
              <li key={`tacos ${taco.id}`}>
                {taco.quantity} × {tacoName(menu, taco, language)}
                <small>{tacoDetails(menu, taco, language).join(" · ")}</small>
              </li>
            ))}
            {PORTIONS.flatMap((kind) =>
              order.items[kind].map((line) => (
                <li key={`${kind} ${line.id}`}>
                  {line.quantity} × {portionName(menu, kind, line, language)}
                </li>
              )),
            )}
          </ul>
        </details>
      ))}
    </section>
  );
}
