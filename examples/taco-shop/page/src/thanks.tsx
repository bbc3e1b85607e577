import { Anonymous } from "coatcheck/react";
import type { ReactNode } from "react";
import { Dialog } from "./dialog.tsx";
import { formatClockTime, formatPrice } from "./format.ts";
import { useLanguage } from "./language.tsx";
import { TacoPicture } from "./pictures/taco.tsx";
import type { Menu, PlacedOrder } from "./wire.ts";

interface ThanksProps {
  readonly menu: Menu;
  readonly order: PlacedOrder;
  readonly onClose: () => void;
}

/** Confirms that the order is placed. */
export function Thanks({ menu, order, onClose }: ThanksProps): ReactNode {
  const { language, words } = useLanguage();
  const time = formatClockTime(order.delivery.requestedFor, language, menu.timeZone);
  const text = order.delivery.type === "livraison" ? words.deliveredAt : words.readyAt;
  return (
    <Dialog title={words.orderPlaced} onClose={onClose}>
      <div className="thanks">
        <TacoPicture size="tacos_XL" />
        <p role="status">{text(order.number, time)}</p>
        <p className="total">
          <span>{words.total}</span>
          <strong>{formatPrice(order.total)}</strong>
        </p>
        <Anonymous>
          <p className="hint">{words.account.why}</p>
        </Anonymous>
        <button type="button" className="main" onClick={onClose}>
          {words.back}
        </button>
      </div>
    </Dialog>
  );
}
