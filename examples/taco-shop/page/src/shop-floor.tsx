import { type ReactNode, useState } from "react";
import { ApiError } from "./api.ts";
import { Basket, type BasketProps } from "./basket.tsx";
import { Checkout } from "./checkout.tsx";
import { Confirm } from "./confirm.tsx";
import { contentOf, deedOf, nameOf } from "./describe.ts";
import { Dialog } from "./dialog.tsx";
import { explain } from "./explain.ts";
import { francs } from "./format.ts";
import { kept } from "./kept.ts";
import { useLanguage } from "./language.tsx";
import { MenuBoard } from "./menu-board.tsx";
import { NewOrder } from "./new-order.tsx";
import { useNotices } from "./notices.tsx";
import { OrderTabs } from "./order-tabs.tsx";
import { PlacedOrders } from "./placed-orders.tsx";
import { Sharing } from "./sharing.tsx";
import { TacoEditor } from "./taco-editor.tsx";
import { Thanks } from "./thanks.tsx";
import { useCart } from "./use-cart.ts";
import { useLiveOrder } from "./use-live-order.ts";
import { useMedia } from "./use-media.ts";
import type { MenuState } from "./use-menu.ts";
import type { Orders } from "./use-orders.ts";
import type { Menu, PlacedOrder, Taco, TacoContent } from "./wire.ts";

/** The one thing that is open before the shop. */
type Open =
  | { readonly what: "taco"; readonly taco: TacoContent; readonly seen?: Taco }
  | { readonly what: "placed"; readonly order: PlacedOrder }
  | { readonly what: "new" | "checkout" | "sharing" | "end" };

interface ShopFloorProps {
  readonly menu: Menu;
  readonly restock: MenuState["restock"];
  readonly orders: Orders;
}

/** The menu beside the active order, and the dialogs of both. */
export function ShopFloor({ menu, restock, orders }: ShopFloorProps): ReactNode {
  const { language, words } = useLanguage();
  const { tell, warn } = useNotices();
  const [open, setOpen] = useState<Open>();
  const [isBasketOpen, setBasketOpen] = useState(false);
  const [placed, setPlaced] = useState(0);
  const isNarrow = useMedia("(max-width: 60rem)");
  const edits = useCart(orders);
  const { active } = orders;
  const id = active?.sessionId;
  const { cart } = edits;

  const live = useLiveOrder(id, {
    heard: (revision) => void (id && edits.carts.heard(id, revision).catch(() => {})),
    happened(entry, people) {
      const you = people?.participants.find(({ isYou }) => isYou)?.participantId;
      if (entry.what === "ordered") setPlaced((count) => count + 1);
      if (you !== undefined && entry.who.participantId !== you && entry.outcome === "done") {
        tell(`${nameOf(entry.who, you, words)} ${deedOf(entry, words)}`);
      }
    },
    ended(reason) {
      if (id) gone(id);
      tell(reason === "excluded" ? words.orderExcluded : words.orderEnded);
    },
  });
  const role = live.people?.role ?? active?.role ?? "owner";

  const owner = active?.metadata.customerName;
  const unnamed = role === "owner" ? words.basket : words.sharedBasket;
  const title = owner ? words.basketOf(owner) : unnamed;

  const close = () => setOpen(undefined);
  const gone = (id: string) => {
    orders.drop(id);
    close();
  };
  const say = (error: unknown) => explain(error, words, language, menu);
  /** Does something, and says how it went. */
  const attempt = async (deed: Promise<unknown>, news?: string) => {
    try {
      await deed;
      if (news) tell(news);
    } catch (error) {
      if (id && error instanceof ApiError && error.code === "SESSION_NOT_FOUND") gone(id);
      warn(say(error));
      void restock();
    }
  };

  const save = async ({ taco, seen }: { taco: TacoContent; seen: Taco | undefined }) => {
    try {
      if (!seen) {
        await edits.addTaco(taco);
        tell(words.added(menu.sizes.find((size) => size.id === taco.size)?.name[language] ?? ""));
      } else {
        const saved = await edits.replaceTaco(seen, taco);
        if (!saved.done) {
          if (saved.now) setOpen({ what: "taco", taco, seen: saved.now });
          return saved.now ? words.othersChanged : words.othersRemoved;
        }
        tell(words.saved);
      }
      close();
      return undefined;
    } catch (error) {
      void restock();
      return say(error);
    }
  };

  const basket: BasketProps = {
    menu,
    title,
    order: active,
    cart,
    role,
    others: (live.people?.participants.length ?? 1) - 1,
    onQuantity: (kind, item, quantity) => void attempt(edits.setQuantity(kind, item, quantity)),
    onRemove: (kind, item, name) => void attempt(edits.remove(kind, item), words.removedOne(name)),
    onEdit: (taco) => setOpen({ what: "taco", taco: contentOf(taco), seen: taco }),
    onEmpty: () => void attempt(edits.empty()),
    onShare: () => setOpen({ what: "sharing" }),
    onCheckout: () => setOpen({ what: "checkout" }),
    onEnd: () => (role !== "owner" || cart?.itemCount ? setOpen({ what: "end" }) : void end()),
    children: id && <PlacedOrders key={id} menu={menu} id={id} placed={placed} />,
  };

  async function end() {
    if (!active) return;
    close();
    await attempt(orders.end(active));
    setBasketOpen(false);
  }

  return (
    <>
      <OrderTabs
        orders={orders.orders ?? []}
        active={active}
        carts={edits.all}
        onChoose={orders.choose}
        onNew={() => setOpen({ what: "new" })}
      />
      <main>
        <div
          className="floor"
          id="panel"
          {...(id ? { role: "tabpanel", "aria-labelledby": `tab-${id}` } : {})}
        >
          <MenuBoard
            menu={menu}
            cart={cart}
            mayEdit={role !== "view"}
            onCompose={(size) =>
              setOpen({
                what: "taco",
                taco: { size: size.id, meats: [], sauces: [], garnitures: [], quantity: 1 },
              })
            }
            onAdd={(kind, product) =>
              void attempt(edits.addPortion(kind, product.id), words.added(product.name[language]))
            }
          />
          {isNarrow ? (
            <button type="button" className="basket-bar" id="order" onClick={() => setBasketOpen(true)}>
              <span>{words.showBasket(cart?.itemCount ?? 0)}</span>
              <strong>
                {menu.currency} {francs(cart?.total ?? 0)}
              </strong>
            </button>
          ) : (
            <aside className="order" id="order" tabIndex={-1} aria-labelledby="basket-title">
              <Basket {...basket} />
            </aside>
          )}
        </div>
      </main>
      {isNarrow && isBasketOpen && (
        <Dialog title={title} className="dialog-basket" onClose={() => setBasketOpen(false)}>
          <Basket {...basket} />
        </Dialog>
      )}
      {open?.what === "taco" && (
        <TacoEditor
          menu={menu}
          taco={open.taco}
          isNew={!open.seen}
          onSave={(taco) => save({ taco, seen: open.seen })}
          onClose={close}
        />
      )}
      {open?.what === "new" && (
        <NewOrder
          onClose={close}
          onOpen={(customerName) => {
            close();
            void attempt(orders.create(customerName));
          }}
        />
      )}
      {open?.what === "checkout" && cart && (
        <Checkout
          menu={menu}
          cart={cart}
          customerName={active?.metadata.customerName ?? kept.read("name") ?? ""}
          onClose={close}
          onRefused={() => {
            void restock();
            void attempt(edits.carts.read(cart.sessionId));
          }}
          onPlaced={(order) => {
            setBasketOpen(false);
            setOpen({ what: "placed", order });
            setPlaced((count) => count + 1);
            void attempt(edits.carts.read(cart.sessionId));
            void restock();
          }}
        />
      )}
      {open?.what === "placed" && <Thanks menu={menu} order={open.order} onClose={close} />}
      {open?.what === "sharing" && id && <Sharing menu={menu} id={id} live={live} onClose={close} />}
      {open?.what === "end" && (
        <Confirm
          title={role === "owner" ? words.endOrder : words.leaveOrder}
          text={role === "owner" ? words.endOrderAsk : words.leaveOrderAsk}
          onClose={close}
          onConfirm={() => void end()}
        />
      )}
    </>
  );
}
