import { type KeyboardEvent, type ReactNode, useEffect, useRef } from "react";
import { titleOf } from "./describe.ts";
import { useLanguage } from "./language.tsx";
import type { Cart, OpenOrder } from "./wire.ts";

interface OrderTabsProps {
  readonly orders: readonly OpenOrder[];
  readonly active: OpenOrder | undefined;
  readonly carts: ReadonlyMap<string, Cart>;
  readonly onChoose: (id: string) => void;
  readonly onNew: () => void;
}

/** The keys that move between tabs. The function of each key returns the index of the tab to move to. */
const TAB_KEYS: Readonly<Record<string, (index: number, count: number) => number>> = {
  ArrowLeft: (index, count) => (index + count - 1) % count,
  ArrowRight: (index, count) => (index + 1) % count,
  Home: () => 0,
  End: (_index, count) => count - 1,
};

/** A tab for each open order, and a button to open another order. */
export function OrderTabs({ orders, active, carts, onChoose, onNew }: OrderTabsProps): ReactNode {
  const { words } = useLanguage();
  const list = useRef<HTMLDivElement>(null);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another active tab must be scrolled into view.
  useEffect(() => {
    const tab = list.current?.querySelector("[aria-selected=true]");
    tab?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [active?.sessionId]);

  const move = (event: KeyboardEvent, index: number) => {
    const next = TAB_KEYS[event.key]?.(index, orders.length);
    const order = next === undefined ? undefined : orders[next];
    if (!order) return;
    event.preventDefault();
    onChoose(order.sessionId);
    list.current?.querySelectorAll<HTMLElement>("[role=tab]")[next ?? 0]?.focus();
  };

  return (
    <nav className="orders" aria-label={words.orders}>
      <div className="tabs" role="tablist" aria-label={words.orders} ref={list}>
        {orders.map((order, index) => {
          const isActive = order.sessionId === active?.sessionId;
          const count = carts.get(order.sessionId)?.itemCount ?? 0;
          return (
            <button
              key={order.sessionId}
              type="button"
              role="tab"
              id={`tab-${order.sessionId}`}
              aria-selected={isActive}
              aria-controls="panel"
              tabIndex={isActive ? 0 : -1}
              onClick={() => onChoose(order.sessionId)}
              onKeyDown={(event) => move(event, index)}
            >
              {order.role !== "owner" && <SharedIcon />}
              <span className="tab-title">{titleOf(order, words)}</span>
              {count > 0 && <span className="count">{count}</span>}
            </button>
          );
        })}
      </div>
      <button type="button" className="new-order" onClick={onNew}>
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <path d="M4 8h8M8 4v8" />
        </svg>
        <span>{words.newOrder}</span>
      </button>
    </nav>
  );
}

function SharedIcon(): ReactNode {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true" className="icon">
      <circle cx="6" cy="5.5" r="2.5" />
      <path d="M1.5 13c0-3 2-4.5 4.5-4.5s4.5 1.5 4.5 4.5M10.5 3.200a2.5 2.5 0 0 1 0 4.600M12 9.200c1.700.6 2.5 2 2.5 3.800" />
    </svg>
  );
}
