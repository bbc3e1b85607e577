import { readFileSync } from "node:fs";

/** The groups of products that have a stock. */
export const GROUPS = ["meats", "sauces", "garnitures", "extras", "drinks", "desserts"] as const;
export type Group = (typeof GROUPS)[number];

interface MenuEntry {
  readonly id: string;
  readonly name: { readonly fr: string; readonly de: string; readonly en: string };
  /** In rappen. */
  readonly price: number;
}
/** A size of tacos. `meats` is its maximum number of portions of meat. */
export type Size = MenuEntry & { readonly meats: number };
/** A product. `stock` is the number of portions before the first order. */
export type Product = MenuEntry & { readonly stock: number };
/** The number of portions of each product, by product id. */
export type Portions = Record<string, number>;

interface MenuFile extends Record<Group, readonly Product[]> {
  readonly currency: string;
  readonly timeZone: string;
  readonly limits: {
    readonly sauces: number;
    readonly quantity: number;
    readonly lines: number;
    readonly daysAhead: number;
  };
  readonly sizes: readonly Size[];
}

/** The menu, read from the file that both backends share. */
export class Menu {
  readonly file: MenuFile = JSON.parse(readFileSync(new URL("../menu.json", import.meta.url), "utf8"));
  readonly #products = new Map(GROUPS.flatMap((group) => this.file[group]).map((each) => [each.id, each]));

  findSize(id: unknown): Size | undefined {
    return this.file.sizes.find((each) => each.id === id);
  }

  findProduct(group: Group, id: unknown): Product | undefined {
    return this.file[group].find((each) => each.id === id);
  }

  /** Returns the product with this id from any group. */
  requireProduct(id: string): Product {
    const product = this.#products.get(id);
    if (!product) throw new Error(`Product not found: ${id}`);
    return product;
  }

  initialStock(): Portions {
    return Object.fromEntries([...this.#products.values()].map(({ id, stock }) => [id, stock]));
  }

  /** Returns the menu with the current stock. */
  withStock(left: Portions): object {
    const groups = GROUPS.map((group) => [
      group,
      this.file[group].map((product) => ({ ...product, stock: left[product.id] })),
    ]);
    return { ...this.file, ...Object.fromEntries(groups) };
  }

  /** Returns the portions left, by group and product. */
  stockByGroup(left: Portions): object {
    return Object.fromEntries(
      GROUPS.map((group) => [group, Object.fromEntries(this.file[group].map(({ id }) => [id, left[id]]))]),
    );
  }
}
