import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Kind, PricedLine } from "./cart.ts";
import type { Recipient } from "./checks.ts";
import { readJson, writeJson } from "./files.ts";
import type { Menu, Portions } from "./menu.ts";
import { Refusal } from "./refusal.ts";

/** An order as the API returns it. */
export interface Order extends Recipient {
  readonly number: number;
  /** ISO 8601, UTC. */
  readonly placedAt: string;
  readonly items: Record<Kind, readonly PricedLine[]>;
  readonly itemCount: number;
  /** In rappen. */
  readonly total: number;
}

/** An order as the ledger stores it. */
export interface StoredOrder extends Order {
  /** Hash of visitor id and idempotency key, so that a repeated request finds this order. */
  readonly key: string;
  readonly demand: Portions;
  /** Hash of the request body, which must be the same in a repeated request. */
  readonly stamp: string;
  /** Id of the cart that was ordered. */
  readonly cart: string;
}

/**
 * Stores orders and stock in files.
 *
 * An order is placed when its file, such as `orders/000017.json`, exists. Then the order's portions are subtracted from
 * the stock. If the process is killed between the two writes, the next constructor call subtracts them. All methods are
 * synchronous, so that requests cannot interleave.
 */
export class Ledger {
  readonly #folder: string;
  readonly #menu: Menu;
  /**
   * `through`: the number of the last order that was subtracted from the stock. `left`: the portions left of each
   * product.
   */
  readonly #remainingStock: { through: number; left: Portions };

  constructor(folder: string, menu: Menu) {
    for (const name of ["orders", "keys"]) mkdirSync(join(folder, name), { recursive: true });
    this.#folder = folder;
    this.#menu = menu;
    const { through, left } = readJson<{ through: number; left: Portions }>(join(folder, "stock.json")) ?? {
      through: 0,
      left: {},
    };
    this.#remainingStock = { through, left: { ...menu.initialStock(), ...left } };
    for (let order = this.findOrder(through + 1); order; order = this.findOrder(order.number + 1))
      this.#subtractFromStock(order);
  }

  /** Returns the portions left of each product. */
  get remainingPortions(): Portions {
    return this.#remainingStock.left;
  }

  /**
   * Throws 409 `out_of_stock` with a list of the products that have too few portions left.
   *
   * @param portionsBefore the portions that the cart contained before the change. A demand that does not exceed them
   * causes no error.
   */
  requireStock(demand: Portions, portionsBefore: Portions = {}): void {
    const items = Object.entries(demand).flatMap(([product, wanted]) => {
      const left = this.remainingPortions[product] ?? 0;
      if (wanted <= left || wanted <= (portionsBefore[product] ?? 0)) return [];
      return [{ product, name: this.#menu.requireProduct(product).name, wanted, left }];
    });
    if (items.length === 0) return;
    const names = items.map(({ name }) => name.fr).join(", ");
    throw new Refusal(409, "out_of_stock", `Out of stock: ${names}.`, { details: { items } });
  }

  /** Places an order. The caller must first check with {@link findByKey} that no order has its key. */
  place(content: Omit<StoredOrder, "number">): StoredOrder {
    this.requireStock(content.demand);
    const order = { number: this.#remainingStock.through + 1, ...content };
    writeJson(join(this.#folder, "keys", `${order.key}.json`), { number: order.number });
    writeJson(this.#fileOf(order.number), order);
    this.#subtractFromStock(order);
    return order;
  }

  /** Returns the order with this key; null if there is none. */
  findByKey(key: string): StoredOrder | null {
    const entry = readJson<{ number: number }>(join(this.#folder, "keys", `${key}.json`));
    const order = entry && this.findOrder(entry.number);
    return order?.key === key ? order : null;
  }

  findOrder(number: number): StoredOrder | null {
    return readJson<StoredOrder>(this.#fileOf(number));
  }

  #subtractFromStock(order: StoredOrder): void {
    for (const [product, portions] of Object.entries(order.demand)) {
      this.remainingPortions[product] = (this.remainingPortions[product] ?? 0) - portions;
    }
    this.#remainingStock.through = order.number;
    writeJson(join(this.#folder, "stock.json"), this.#remainingStock);
  }

  #fileOf(number: number): string {
    return join(this.#folder, "orders", `${String(number).padStart(6, "0")}.json`);
  }
}
