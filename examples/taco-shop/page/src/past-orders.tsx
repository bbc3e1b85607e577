import { type ReactNode, useEffect, useEffectEvent, useRef, useState } from "react";
import { listPastOrders } from "./api.ts";
import { Dialog } from "./dialog.tsx";
import { explain } from "./explain.ts";
import { formatDayAndTime } from "./format.ts";
import { useLanguage } from "./language.tsx";
import { PlacedOrderDetails } from "./placed-order.tsx";
import type { Menu, PastOrdersPage, PlacedOrder } from "./wire.ts";

interface PastOrdersProps {
  readonly menu: Menu;
  readonly onClose: () => void;
}

/** Lists every order that the account has placed, newest first, one page at a time. */
export function PastOrders({ menu, onClose }: PastOrdersProps): ReactNode {
  const { language, words } = useLanguage();
  const { pages, isLoading, error, load } = usePastOrders();
  const list = useRef<HTMLUListElement>(null);
  const orders = pages.flatMap((page) => page.orders);
  const hasMore = pages.at(-1)?.next !== null;
  const isEmpty = pages.length > 0 && orders.length === 0;
  const firstOfPage = orders.length - (pages.at(-1)?.orders.length ?? 0);

  useEffect(() => {
    // The button that loaded this page has moved down or disappeared. Move the focus to the first order of the page.
    if (firstOfPage > 0) list.current?.children[firstOfPage]?.querySelector("summary")?.focus();
  }, [firstOfPage]);

  return (
    <Dialog title={words.account.pastOrders} onClose={onClose}>
      <div className="past-orders" aria-busy={isLoading}>
        <p className="hint">{isEmpty ? words.pastOrders.none : words.pastOrders.hint}</p>
        {orders.length > 0 && (
          <ul ref={list} aria-label={words.account.pastOrders}>
            {orders.map((order) => (
              <li key={`${order.number} ${order.placedAt}`}>
                <PlacedOrderDetails
                  menu={menu}
                  order={order}
                  time={formatDayAndTime(order.placedAt, language, menu.timeZone)}
                >
                  <Handover order={order} timeZone={menu.timeZone} />
                </PlacedOrderDetails>
              </li>
            ))}
          </ul>
        )}
        <p role="status">{isLoading && words.loading}</p>
        <p role="alert" className="fault">
          {error !== undefined && explain(error, words, language)}
        </p>
        {hasMore && (pages.length > 0 || error !== undefined) && (
          <button type="button" aria-disabled={isLoading} onClick={load}>
            {error === undefined ? words.pastOrders.older : words.retry}
          </button>
        )}
      </div>
    </Dialog>
  );
}

interface HandoverProps {
  readonly order: PlacedOrder;
  readonly timeZone: string;
}

/** How and when the customer received the order. */
function Handover({ order: { delivery }, timeZone }: HandoverProps): ReactNode {
  const { language, words } = useLanguage();
  const time = words.requestedTime(formatDayAndTime(delivery.requestedFor, language, timeZone));
  const how = delivery.type === "livraison" ? words.delivery : words.takeAway;
  return <p>{[`${how} ${time}`, delivery.address].filter(Boolean).join(" · ")}</p>;
}

/** Loads the first page of the account's orders, and one more page with each call of `load`. */
function usePastOrders() {
  const [pages, setPages] = useState<readonly PastOrdersPage[]>([]);
  const [isLoading, setLoading] = useState(true);
  const [error, setError] = useState<unknown>();
  const isClosed = useRef(false);

  async function read(): Promise<void> {
    setLoading(true);
    setError(undefined);
    try {
      const page = await listPastOrders(pages.at(-1)?.next ?? undefined);
      if (!isClosed.current) setPages([...pages, page]);
    } catch (failure) {
      if (!isClosed.current) setError(failure);
    }
    if (!isClosed.current) setLoading(false);
  }

  const readFirst = useEffectEvent(() => void read());
  useEffect(() => {
    isClosed.current = false;
    readFirst();
    return () => {
      isClosed.current = true;
    };
  }, []);

  return {
    pages,
    isLoading,
    error,
    load: () => {
      if (!isLoading) void read();
    },
  };
}
