import type { ReactNode } from "react";
import { portionName, tacoDetails, tacoName } from "./describe.ts";
import { formatPrice } from "./format.ts";
import { useLanguage } from "./language.tsx";
import { type Menu, type PlacedOrder, PORTIONS } from "./wire.ts";

interface PlacedOrderDetailsProps {
  readonly menu: Menu;
  readonly order: PlacedOrder;
  /** The time of the order, beside its number. */
  readonly time: string;
  /** Additional text above the items. */
  readonly children?: ReactNode;
}

/** A placed order: its number, time and total, and its items when the customer opens it. */
export function PlacedOrderDetails({ menu, order, time, children }: PlacedOrderDetailsProps): ReactNode {
  const { language, words } = useLanguage();
  return (
    <details className="placed-order">
      <summary>
        <span>
          {words.placedOrderNumber(order.number)} <small>{time}</small>
        </span>
        <span>{formatPrice(order.total)}</span>
      </summary>
      {children}
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
  );
}
