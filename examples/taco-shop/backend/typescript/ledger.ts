import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Kind, PricedLine } from "./cart.ts";
import type { Recipient } from "./checks.ts";
import { readJson, writeJson } from "./files.ts";
import type { Menu, Portions } from "./menu.ts";
import { Refusal } from "./refusal.ts";

/** An order as its customer sees it. */
export interface Order extends Recipient {
  readonly number: number;
  /** ISO 8601, UTC. */
  readonly placedAt: string;
  readonly items: Record<Kind, readonly PricedLine[]>;
  readonly itemCount: number;
  /** Rappen. */
  readonly total: number;
}

/** An order as the books have it. */
export interface BookedOrder extends Order {
  readonly key: string;
  readonly demand: Portions;
  /** Hash of the body it was asked for with. */
  readonly stamp: string;
  /** The cart that it was made of. */
  readonly cart: string;
}

/**
 * Orders and stock, in files.
 *
 * An order is placed by the one rename that puts `orders/000017.json` there; stock follows from it. Whoever opens the
 * ledger applies orders that the stock does not know yet, so that a shop killed between the two loses nothing.
 * Nothing here waits, so that requests cannot come between one another.
 */
export class Ledger {
  readonly #folder: string;
  readonly #menu: Menu;
  /** The last order that is in it, and what is left. */
  readonly #stock: { through: number; left: Portions };

  constructor(folder: string, menu: Menu) {
    for (const part of ["orders", "keys"]) mkdirSync(join(folder, part), { recursive: true });
    this.#folder = folder;
    this.#menu = menu;
    const { through, left } = readJson<{ through: number; left: Portions }>(join(folder, "stock.json")) ?? {
      through: 0,
      left: {},
    };
    this.#stock = { through, left: { ...menu.initialStock(), ...left } };
    for (let order = this.order(through + 1); order; order = this.order(order.number + 1)) this.#apply(order);
  }

  /** Product → portions left. */
  get left(): Portions {
    return this.#stock.left;
  }

  /** Refuses when products are short, naming each. `before` was asked for already, and may stay. */
  requireStock(demand: Portions, before: Portions = {}): void {
    const items = Object.entries(demand).flatMap(([product, wanted]) => {
      const left = this.left[product] ?? 0;
      if (wanted <= left || wanted <= (before[product] ?? 0)) return [];
      return [{ product, name: this.#menu.product(product).name, wanted, left }];
    });
    if (items.length === 0) return;
    const names = items.map(({ name }) => name.fr).join(", ");
    throw new Refusal(409, "out_of_stock", `Not enough left of: ${names}.`, { items });
  }

  /** Places an order; one key, one order. */
  place(content: Omit<BookedOrder, "number">): BookedOrder {
    this.requireStock(content.demand);
    const order = { number: this.#stock.through + 1, ...content };
    writeJson(join(this.#folder, "keys", `${order.key}.json`), { number: order.number });
    writeJson(this.#fileOf(order.number), order);
    this.#apply(order);
    return order;
  }

  /** The order that was placed with this key. */
  placedWith(key: string): BookedOrder | null {
    const named = readJson<{ number: number }>(join(this.#folder, "keys", `${key}.json`));
    const order = named && this.order(named.number);
    return order?.key === key ? order : null;
  }

  order(number: number): BookedOrder | null {
    return readJson<BookedOrder>(this.#fileOf(number));
  }

  #apply(order: BookedOrder): void {
    for (const [product, portions] of Object.entries(order.demand)) {
      this.left[product] = (this.left[product] ?? 0) - portions;
    }
    this.#stock.through = order.number;
    writeJson(join(this.#folder, "stock.json"), this.#stock);
  }

  #fileOf(number: number): string {
    return join(this.#folder, "orders", `${String(number).padStart(6, "0")}.json`);
  }
}
