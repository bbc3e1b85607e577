import { useCallback, useEffect, useState } from "react";
import { readMenu, readStock } from "./api.ts";
import type { Menu, Product, Stock } from "./wire.ts";

export interface MenuState {
  /** Undefined until it is known. */
  readonly menu: Menu | undefined;
  readonly error: unknown;
  readonly load: () => Promise<void>;
  /** Asks what is left of everything. */
  readonly restock: () => Promise<void>;
}

/** The menu, with its stock as last asked: at the start, and whenever somebody comes back to the page. */
export function useMenu(): MenuState {
  const [menu, setMenu] = useState<Menu>();
  const [error, setError] = useState<unknown>();

  const load = useCallback(
    () =>
      readMenu().then((read) => {
        setMenu(read);
        setError(undefined);
      }, setError),
    [],
  );
  const restock = useCallback(async () => {
    // An old figure is no worse than none: the shop checks when something is added.
    const stock = await readStock().catch(() => undefined);
    if (stock) setMenu((current) => current && withStock(current, stock));
  }, []);

  useEffect(() => void load(), [load]);
  useEffect(() => {
    const look = () => void (document.visibilityState === "visible" && restock());
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [restock]);

  return { menu, error, load, restock };
}

function withStock(menu: Menu, stock: Stock): Menu {
  const counted = (products: readonly Product[], left: Stock[keyof Stock]) =>
    products.map((product) => ({ ...product, stock: left[product.id] ?? product.stock }));
  return {
    ...menu,
    meats: counted(menu.meats, stock.meats),
    sauces: counted(menu.sauces, stock.sauces),
    garnitures: counted(menu.garnitures, stock.garnitures),
    extras: counted(menu.extras, stock.extras),
    drinks: counted(menu.drinks, stock.drinks),
    desserts: counted(menu.desserts, stock.desserts),
  };
}
