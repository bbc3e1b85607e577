import type { ReactNode } from "react";
import { Basket, type BasketProps } from "./basket.tsx";
import { contentOf, labelOf } from "./describe.ts";
import { Dialog } from "./dialog.tsx";
import { formatPrice } from "./format.ts";
import { useLanguage } from "./language.tsx";
import { MenuBoard } from "./menu-board.tsx";
import { OrderTabs } from "./order-tabs.tsx";
import { PlacedOrders } from "./placed-orders.tsx";
import { ShopDialogs } from "./shop-dialogs.tsx";
import { StatusLine } from "./status-line.tsx";
import { useHeight } from "./use-height.ts";
import { useMedia } from "./use-media.ts";
import { useSessionLog } from "./use-session-log.ts";
import { type ShopScreenProps, type ShopScreenState, useShopScreen } from "./use-shop-screen.ts";
import { Welcome } from "./welcome.tsx";
import type { OpenOrder } from "./wire.ts";
import type { Words } from "./words/en.ts";

const NO_ORDERS: readonly OpenOrder[] = [];

/** The shop's main view, with order tabs, menu, basket of the active order, and dialogs. */
export function ShopScreen(props: ShopScreenProps): ReactNode {
  const { language, words } = useLanguage();
  const isNarrow = useMedia("(max-width: 60rem)");
  const bar = useHeight("--bar");
  const dock = useHeight("--dock");
  const screen = useShopScreen(props);
  const { menu, orders, active, id, role, edits, setDialog, attempt } = screen;
  const { isBasketOpen, setBasketOpen } = screen;
  const { cart } = edits;
  const basket = basketOf(screen, words);
  const open = orders.orders ?? NO_ORDERS;
  useSessionLog(open, id, screen.live);

  return (
    <>
      <div className="bar" ref={bar}>
        <OrderTabs
          orders={open}
          active={active}
          carts={edits.all}
          onChoose={orders.choose}
          onNew={() => setDialog({ what: "new" })}
        />
        {!isNarrow && <StatusLine orders={open} />}
      </div>
      <main>
        {open.length === 0 && <Welcome />}
        <div
          className="shop-screen"
          id="panel"
          {...(id ? { role: "tabpanel", "aria-labelledby": `tab-${id}` } : {})}
        >
          <MenuBoard
            menu={menu}
            cart={cart}
            mayEdit={role !== "view"}
            onCompose={(size) =>
              setDialog({
                what: "taco",
                taco: { size: size.id, meats: [], sauces: [], garnitures: [], quantity: 1 },
              })
            }
            onAdd={(kind, product) =>
              void attempt(edits.addPortion(kind, product.id), words.itemAdded(product.name[language]))
            }
          />
          {isNarrow ? (
            <div className="dock" ref={dock}>
              <StatusLine orders={open} />
              <button
                type="button"
                className={cart?.itemCount ? "basket-bar" : "basket-bar basket-bar-empty"}
                id="order"
                onClick={() => setBasketOpen(true)}
              >
                <span>{words.showBasket(cart?.itemCount ?? 0)}</span>
                {cart && cart.itemCount > 0 && <strong>{formatPrice(cart.total)}</strong>}
              </button>
            </div>
          ) : (
            <aside className="order" id="order" tabIndex={-1} aria-labelledby="basket-title">
              <Basket {...basket} />
            </aside>
          )}
        </div>
      </main>
      {isNarrow && isBasketOpen && (
        <Dialog title={basket.title} className="dialog-basket" onClose={() => setBasketOpen(false)}>
          <Basket {...basket} />
        </Dialog>
      )}
      <ShopDialogs screen={screen} />
    </>
  );
}

/** Returns the properties of the active order's basket. */
function basketOf(screen: ShopScreenState, words: Words): BasketProps {
  const { menu, active, id, role, edits, live, setDialog, attempt, end } = screen;
  const { cart } = edits;
  const label = active && labelOf(active.metadata);
  const unnamed = role === "owner" ? words.basket : words.sharedBasket;
  return {
    menu,
    title: label ? words.basketOwner(label) : unnamed,
    order: active,
    cart,
    role,
    owner:
      role === "owner" ? "" : (live.people?.participants.find((each) => each.role === "owner")?.name ?? ""),
    otherParticipantCount: (live.people?.participants.length ?? 1) - 1,
    onQuantity: (kind, item, quantity) => void attempt(edits.setQuantity(kind, item, quantity)),
    onRemove: (kind, item, name) => void attempt(edits.remove(kind, item), words.itemRemoved(name)),
    onEdit: (taco) => setDialog({ what: "taco", taco: contentOf(taco), seen: taco }),
    onEmpty: () => void attempt(edits.empty()),
    onShare: () => setDialog({ what: "sharing" }),
    onCheckout: () => setDialog({ what: "checkout" }),
    onEnd: () => (role !== "owner" || cart?.itemCount ? setDialog({ what: "end" }) : void end()),
    children: id && <PlacedOrders key={id} menu={menu} id={id} placedCount={screen.placedCount} />,
  };
}
