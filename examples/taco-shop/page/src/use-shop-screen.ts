import { useState } from "react";
import { ApiError, isConnectionError } from "./api.ts";
import { actionText, nameOf } from "./describe.ts";
import { explain } from "./explain.ts";
import { useLanguage } from "./language.tsx";
import { useNotices } from "./notices.tsx";
import { useCart } from "./use-cart.ts";
import { useLiveOrder } from "./use-live-order.ts";
import type { MenuState } from "./use-menu.ts";
import type { Orders } from "./use-orders.ts";
import type { Menu, PlacedOrder, Taco, TacoContent } from "./wire.ts";

/** The open dialog. At most one is open at a time. */
export type OpenDialog =
  | { readonly what: "taco"; readonly taco: TacoContent; readonly seen?: Taco }
  | { readonly what: "placed"; readonly order: PlacedOrder }
  | { readonly what: "new" | "checkout" | "sharing" | "end" };

export interface ShopScreenProps {
  readonly menu: Menu;
  readonly reloadStock: MenuState["reloadStock"];
  readonly orders: Orders;
}

export type ShopScreenState = ReturnType<typeof useShopScreen>;

/**
 * Returns the state of the shop's main view: the active order, its live events, the open dialog, and the user's
 * actions.
 */
export function useShopScreen({ menu, reloadStock, orders }: ShopScreenProps) {
  const { language, words } = useLanguage();
  const { showNotice, showWarning } = useNotices();
  const [dialog, setDialog] = useState<OpenDialog>();
  const [isBasketOpen, setBasketOpen] = useState(false);
  const [placedCount, setPlacedCount] = useState(0);
  const edits = useCart(orders);
  const { active } = orders;
  const id = active?.sessionId;

  const close = () => setDialog(undefined);
  const drop = (id: string) => {
    orders.drop(id);
    close();
  };
  const live = useLiveOrder(id, {
    onRevision: (revision) => void (id && edits.carts.noteRevision(id, revision).catch(() => {})),
    onEntry(entry, people) {
      const you = people?.participants.find(({ isYou }) => isYou)?.participantId;
      if (entry.what === "ordered") setPlacedCount((count) => count + 1);
      if (you !== undefined && entry.who.participantId !== you && entry.outcome === "done") {
        showNotice(`${nameOf(entry.who, you, words)} ${actionText(entry, words)}`);
      }
    },
    onEnd(reason) {
      if (id) drop(id);
      showNotice(reason === "excluded" ? words.orderExcluded : words.orderEnded);
    },
  });

  /** Waits for an action, then shows its success message or the error. */
  const attempt = async (action: Promise<unknown>, success?: string) => {
    try {
      await action;
      if (success) showNotice(success);
    } catch (error) {
      if (id && error instanceof ApiError && error.code === "SESSION_NOT_FOUND") drop(id);
      showWarning(explain(error, words, language, menu), isConnectionError(error) ? "connected" : undefined);
      void reloadStock();
    }
  };
  const end = async () => {
    if (!active) return;
    close();
    await attempt(orders.end(active));
    setBasketOpen(false);
  };

  const role = live.people?.role ?? active?.role ?? "owner";
  return {
    ...{ menu, reloadStock, orders, active, id, role, edits, live },
    ...{ dialog, setDialog, close, isBasketOpen, setBasketOpen, placedCount, setPlacedCount },
    ...{ attempt, end },
  };
}
