import { useCallback, useEffect, useState } from "react";
import { readMenu, readStock } from "./api.ts";
import type { Menu, Product, Stock } from "./wire.ts";

export interface MenuState {
  /** Undefined until the menu is loaded. */
  readonly menu: Menu | undefined;
  readonly error: unknown;
  readonly load: () => Promise<void>;
  /** Reloads the stock. */
  readonly reloadStock: () => Promise<void>;
}

/** Loads the menu when the page opens, and its stock each time the page becomes visible. */
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
  const reloadStock = useCallback(async () => {
    // After a failure, show the old stock. The server checks the stock of each added item.
    const stock = await readStock().catch(() => undefined);
    if (stock) setMenu((current) => current && withStock(current, stock));
  }, []);

  useEffect(() => void load(), [load]);
  useEffect(() => {
    const onVisible = () => void (document.visibilityState === "visible" && reloadStock());
    document.addEventListener("visibilitychange", onVisible);
    return () => document.removeEventListener("visibilitychange", onVisible);
  }, [reloadStock]);

  return { menu, error, load, reloadStock };
}

function withStock(menu: Menu, stock: Stock): Menu {
  const restocked = (products: readonly Product[], left: Stock[keyof Stock]) =>
    products.map((product) => ({ ...product, stock: left[product.id] ?? product.stock }));
  return {
    ...menu,
    meats: restocked(menu.meats, stock.meats),
    sauces: restocked(menu.sauces, stock.sauces),
    garnitures: restocked(menu.garnitures, stock.garnitures),
    extras: restocked(menu.extras, stock.extras),
    drinks: restocked(menu.drinks, stock.drinks),
    desserts: restocked(menu.desserts, stock.desserts),
  };
}
