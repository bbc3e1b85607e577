import { useEffect, useState, useSyncExternalStore } from "react";
import { ApiError, addPortion, addTaco, emptyCart, removeItem, replaceTaco, setQuantity } from "./api.ts";
import { Carts } from "./carts.ts";
import { hasSameContent } from "./describe.ts";
import type { Orders } from "./use-orders.ts";
import type { Cart, Kind, PortionKind, Taco, TacoContent } from "./wire.ts";

/** The result of saving a taco. If another participant has changed the taco, `now` is its current state. */
export type SaveResult = { readonly done: true } | { readonly done: false; readonly now: Taco | undefined };

export interface CartEdits {
  readonly carts: Carts;
  readonly all: ReadonlyMap<string, Cart>;
  readonly cart: Cart | undefined;
  readonly addTaco: (taco: TacoContent) => Promise<unknown>;
  readonly addPortion: (kind: PortionKind, product: string) => Promise<unknown>;
  readonly replaceTaco: (seen: Taco, content: TacoContent) => Promise<SaveResult>;
  readonly setQuantity: (kind: Kind, item: number, quantity: number) => Promise<unknown>;
  readonly remove: (kind: Kind, item: number) => Promise<unknown>;
  readonly empty: () => Promise<unknown>;
}

/** Returns the carts of the open orders, and functions that edit the active order's cart. */
export function useCart({ orders, active, requireOrder }: Orders): CartEdits {
  const [carts] = useState(() => new Carts());
  const all = useSyncExternalStore(carts.subscribe, carts.snapshot);
  const cart = active && all.get(active.sessionId);

  useEffect(() => {
    if (!orders) return;
    carts.keepOnly(orders.map(({ sessionId }) => sessionId));
    for (const { sessionId } of orders) {
      // Ignore errors, because the cart is read again when the order's event stream connects or reports a change.
      if (!carts.get(sessionId)) carts.read(sessionId).catch(() => {});
    }
  }, [orders, carts]);

  const edit = async (send: (id: string) => Promise<Cart>) => {
    const id = await requireOrder();
    return await carts.edit(id, () => send(id));
  };
  const setCount = (kind: Kind, item: number, quantity: number) => {
    if (active) carts.showQuantity(active.sessionId, kind, item, quantity);
    return edit((id) =>
      quantity === 0 ? removeItem(id, kind, item) : setQuantity(id, kind, item, quantity),
    );
  };

  return {
    carts,
    all,
    cart,
    addTaco: (taco) => edit((id) => addTaco(id, taco)),
    addPortion: (kind, product) => {
      const line = cart?.[kind].find((each) => each.product === product);
      return line ? setCount(kind, line.id, line.quantity + 1) : edit((id) => addPortion(id, kind, product));
    },
    async replaceTaco(seen, content) {
      const id = await requireOrder();
      // If-Match covers the whole order, but only a change of this taco is a conflict. Retry after any other change.
      for (;;) {
        const known = carts.get(id) ?? (await carts.read(id));
        const now = known.tacos.find((taco) => taco.id === seen.id);
        if (!hasSameContent(now, seen)) return { done: false, now };
        try {
          await carts.edit(id, () => replaceTaco(id, seen.id, content, known.revision));
          return { done: true };
        } catch (error) {
          if (!(error instanceof ApiError) || !error.faultAt("If-Match")) throw error;
          await carts.read(id);
        }
      }
    },
    setQuantity: setCount,
    remove: (kind, item) => setCount(kind, item, 0),
    empty: () => edit(emptyCart),
  };
}
