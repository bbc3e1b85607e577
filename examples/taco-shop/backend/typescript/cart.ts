import { randomBytes } from "node:crypto";
import type { ProductChoice, Taco } from "./checks.ts";
import type { Menu, Portions } from "./menu.ts";
import { Refusal } from "./refusal.ts";

/** The kinds of items in a cart. Except for tacos, each is also a group of products in the menu. */
export const ITEM_KINDS = ["tacos", "extras", "drinks", "desserts"] as const;
export type Kind = (typeof ITEM_KINDS)[number];
type LineContent = Taco | ProductChoice;
type Line = LineContent & { readonly id: number };
/** A line with its prices in rappen. */
export type PricedLine = Line & { readonly unitPrice: number; readonly total: number };

/** A cart with prices, as the API returns it. */
export interface PricedCart extends Record<Kind, readonly PricedLine[]> {
  readonly itemCount: number;
  readonly total: number;
}

/** A cart as the session stores it. */
export interface StoredCart {
  readonly id: string;
  readonly lines: Record<Kind, Line[]>;
  /** The id of the next line of each kind. */
  readonly next: Record<Kind, number>;
}

/**
 * The cart of one session. The ids of the lines of each kind start at 0 and are never reused, so that deleting a line
 * does not change the ids of the other lines.
 */
export class Cart {
  readonly stored: StoredCart;

  constructor(stored: StoredCart = emptyCart()) {
    this.stored = stored;
  }

  get id(): string {
    return this.stored.id;
  }

  get lineCount(): number {
    return ITEM_KINDS.reduce((sum, kind) => sum + this.stored.lines[kind].length, 0);
  }

  add(kind: Kind, content: LineContent): number {
    const id = this.stored.next[kind]++;
    this.stored.lines[kind].push({ id, ...content });
    return id;
  }

  /** Replaces the given fields of a line. */
  changeLine(kind: Kind, id: number, content: LineContent | { readonly quantity: number }): void {
    const lines = this.stored.lines[kind];
    const index = this.#indexOf(kind, id);
    lines[index] = { ...this.#requireLine(kind, id), ...content };
  }

  remove(kind: Kind, id: number): void {
    this.stored.lines[kind].splice(this.#indexOf(kind, id), 1);
  }

  clear(): void {
    for (const kind of ITEM_KINDS) this.stored.lines[kind] = [];
  }

  /** Returns a line with its prices. */
  pricedLine(menu: Menu, kind: Kind, id: number): PricedLine {
    return withPrice(menu, this.#requireLine(kind, id));
  }

  /** Returns all lines with their prices, and the totals. */
  withPrices(menu: Menu): PricedCart {
    const { lines } = this.stored;
    const kinds = {
      tacos: lines.tacos.map((line) => withPrice(menu, line)),
      extras: lines.extras.map((line) => withPrice(menu, line)),
      drinks: lines.drinks.map((line) => withPrice(menu, line)),
      desserts: lines.desserts.map((line) => withPrice(menu, line)),
    };
    const all = ITEM_KINDS.flatMap((kind) => kinds[kind]);
    return {
      ...kinds,
      itemCount: all.reduce((sum, { quantity }) => sum + quantity, 0),
      total: all.reduce((sum, { total }) => sum + total, 0),
    };
  }

  /** Returns how many portions of each product an order of this cart would need. */
  portionsNeeded(): Portions {
    const demand: Portions = {};
    for (const line of ITEM_KINDS.flatMap((kind) => this.stored.lines[kind])) {
      for (const { id, quantity } of productsOf(line)) {
        demand[id] = (demand[id] ?? 0) + quantity * line.quantity;
      }
    }
    return demand;
  }

  #requireLine(kind: Kind, id: number): Line {
    const line = this.stored.lines[kind].find((each) => each.id === id);
    if (!line) throw new Refusal(404, "not_found", `Item not found in the ${kind} of this cart.`);
    return line;
  }

  #indexOf(kind: Kind, id: number): number {
    return this.stored.lines[kind].indexOf(this.#requireLine(kind, id));
  }
}

function emptyCart(): StoredCart {
  return {
    id: randomBytes(16).toString("hex"),
    lines: { tacos: [], extras: [], drinks: [], desserts: [] },
    next: { tacos: 0, extras: 0, drinks: 0, desserts: 0 },
  };
}

/** Returns the products that one piece of a line contains, with the portions of each. */
function productsOf(line: LineContent): readonly { readonly id: string; readonly quantity: number }[] {
  if ("product" in line) return [{ id: line.product, quantity: 1 }];
  const rest = [...line.sauces, ...line.garnitures].map((id) => ({ id, quantity: 1 }));
  return [...line.meats, ...rest];
}

function withPrice(menu: Menu, line: Line): PricedLine {
  const base = "size" in line ? (menu.findSize(line.size)?.price ?? 0) : 0;
  const unitPrice = productsOf(line).reduce(
    (sum, { id, quantity }) => sum + menu.requireProduct(id).price * quantity,
    base,
  );
  return { ...line, unitPrice, total: unitPrice * line.quantity };
}
