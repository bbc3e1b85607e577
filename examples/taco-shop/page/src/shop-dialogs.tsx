import type { ReactNode } from "react";
import { Checkout } from "./checkout.tsx";
import { Confirm } from "./confirm.tsx";
import { explain } from "./explain.ts";
import { useLanguage } from "./language.tsx";
import { storage } from "./local-storage.ts";
import { NewOrder } from "./new-order.tsx";
import { useNotices } from "./notices.tsx";
import { Sharing } from "./sharing.tsx";
import { TacoEditor } from "./taco-editor.tsx";
import { Thanks } from "./thanks.tsx";
import type { ShopScreenState } from "./use-shop-screen.ts";
import type { Cart, Taco, TacoContent } from "./wire.ts";

interface ShopDialogsProps {
  readonly screen: ShopScreenState;
}

/** Renders the open dialog of the shop's main view, if any. */
export function ShopDialogs({ screen }: ShopDialogsProps): ReactNode {
  const { words } = useLanguage();
  const { menu, orders, id, role, edits, live, dialog, close, attempt, end } = screen;
  switch (dialog?.what) {
    case "taco":
      return <TacoDialog screen={screen} taco={dialog.taco} seen={dialog.seen} />;
    case "new":
      return (
        <NewOrder
          onClose={close}
          onOpen={(label) => {
            close();
            void attempt(orders.create(label));
          }}
        />
      );
    case "checkout":
      return edits.cart && <CheckoutDialog screen={screen} cart={edits.cart} />;
    case "placed":
      return <Thanks menu={menu} order={dialog.order} onClose={close} />;
    case "sharing":
      return id && <Sharing menu={menu} id={id} live={live} onClose={close} />;
    case "end":
      return (
        <Confirm
          title={role === "owner" ? words.endOrder : words.leaveOrder}
          text={role === "owner" ? words.endOrderQuestion : words.leaveOrderQuestion}
          onClose={close}
          onConfirm={() => void end()}
        />
      );
    default:
      return null;
  }
}

interface TacoDialogProps extends ShopDialogsProps {
  readonly taco: TacoContent;
  /** The taco at the time when the dialog opened; undefined for a new taco. */
  readonly seen: Taco | undefined;
}

function TacoDialog({ screen, taco: first, seen }: TacoDialogProps): ReactNode {
  const { language, words } = useLanguage();
  const { showNotice } = useNotices();
  const { menu, reloadStock, edits, setDialog, close } = screen;

  const save = async (taco: TacoContent) => {
    try {
      if (!seen) {
        await edits.addTaco(taco);
        showNotice(words.itemAdded(menu.sizes.find((size) => size.id === taco.size)?.name[language] ?? ""));
      } else {
        const saved = await edits.replaceTaco(seen, taco);
        if (!saved.done) {
          if (saved.now) setDialog({ what: "taco", taco, seen: saved.now });
          return saved.now ? words.tacoChangedByOther : words.tacoRemovedByOther;
        }
        showNotice(words.saved);
      }
      close();
      return undefined;
    } catch (error) {
      void reloadStock();
      return explain(error, words, language, menu);
    }
  };
  return <TacoEditor menu={menu} taco={first} isNew={!seen} onSave={save} onClose={close} />;
}

interface CheckoutDialogProps extends ShopDialogsProps {
  readonly cart: Cart;
}

function CheckoutDialog({ screen, cart }: CheckoutDialogProps): ReactNode {
  const { menu, reloadStock, edits, attempt } = screen;
  const reload = () => {
    void attempt(edits.carts.read(cart.sessionId));
    void reloadStock();
  };
  return (
    <Checkout
      menu={menu}
      cart={cart}
      customerName={storage.read("name") ?? ""}
      onClose={screen.close}
      onRefused={reload}
      onPlaced={(order) => {
        screen.setBasketOpen(false);
        screen.setDialog({ what: "placed", order });
        screen.setPlacedCount((count) => count + 1);
        reload();
      }}
    />
  );
}
