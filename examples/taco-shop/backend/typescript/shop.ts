import { hash } from "node:crypto";
import { Cart, type Kind, type PricedLine } from "./cart.ts";
import { Checks, type Choice, type Input, type Taco } from "./checks.ts";
import type { Ledger, Order, StoredOrder } from "./ledger.ts";
import type { Menu, Portions } from "./menu.ts";
import { renderPage } from "./page.ts";
import { Faults, Refusal } from "./refusal.ts";
import { newToken, type Visitor } from "./sessions.ts";

/** The status and body of a response. A string is sent as HTML, any other value as JSON. */
export type ShopResponse = readonly [status: number, value: unknown];

/** The operations of the shop, for one visitor. */
export class Shop {
  readonly #menu: Menu;
  readonly #ledger: Ledger;
  readonly #visitor: Visitor;
  readonly #checks: Checks;

  constructor(menu: Menu, ledger: Ledger, visitor: Visitor) {
    this.#menu = menu;
    this.#ledger = ledger;
    this.#visitor = visitor;
    this.#checks = new Checks(menu);
  }

  csrf(): ShopResponse {
    return [200, { csrfToken: this.#visitor.token }];
  }

  page(): ShopResponse {
    return [200, renderPage(this.#menu, this.#visitor.token)];
  }

  cart(): ShopResponse {
    return [200, this.#visitor.cart.withPrices(this.#menu)];
  }

  clear(): ShopResponse {
    this.#visitor.cart.clear();
    return this.#changed(200, null);
  }

  item(kind: Kind, id: number): ShopResponse {
    return [200, this.#visitor.cart.line(this.#menu, kind, id)];
  }

  add(kind: Kind, body: () => Input): ShopResponse {
    const { cart } = this.#visitor;
    const content = this.#content(kind, body());
    const { lines } = this.#menu.file.limits;
    if (cart.count >= lines) throw new Refusal(409, "cart_full", `A cart can hold at most ${lines} items.`);
    const before = cart.demand();
    const id = cart.add(kind, content);
    return this.#inStock(before, 201, kind, id);
  }

  replace(kind: Kind, id: number, body: () => Input): ShopResponse {
    const { cart } = this.#visitor;
    cart.line(this.#menu, kind, id);
    const before = cart.demand();
    cart.change(kind, id, this.#content(kind, body()));
    return this.#inStock(before, 200, kind, id);
  }

  setQuantity(kind: Kind, id: number, body: () => Input): ShopResponse {
    const { cart } = this.#visitor;
    cart.line(this.#menu, kind, id);
    const before = cart.demand();
    cart.change(kind, id, { quantity: this.#checks.quantity(body()) });
    return this.#inStock(before, 200, kind, id);
  }

  remove(kind: Kind, id: number): ShopResponse {
    this.#visitor.cart.remove(kind, id);
    return this.#changed(200, null);
  }

  orders(): ShopResponse {
    const orders = this.#visitor.orders.flatMap((number) => this.#ledger.order(number) ?? []);
    return [200, { orders: orders.reverse().map(publicOrder) }];
  }

  order(number: number): ShopResponse {
    const order = this.#visitor.orders.includes(number) ? this.#ledger.order(number) : null;
    if (!order) throw new Refusal(404, "not_found", "Order not found in this session.");
    return [200, publicOrder(order)];
  }

  /**
   * Places an order, only once for each idempotency key. A repeated request returns the existing order. The same key
   * with
   * another body throws 409 `key_reused`.
   */
  place(idempotencyKey: string, body: () => Input): ShopResponse {
    if (!/^[\x21-\x7e]{1,100}$/.test(idempotencyKey)) {
      const faults = new Faults();
      faults.add("Idempotency-Key", "must be a header of 1 to 100 visible ASCII characters");
      faults.refuse();
    }
    const input = body();
    const stamp = hash("sha256", JSON.stringify(input));
    const key = hash("sha256", `${this.#visitor.id}\n${idempotencyKey}`);
    const placed = this.#ledger.findByKey(key);
    if (placed && placed.stamp !== stamp) {
      throw new Refusal(
        409,
        "key_reused",
        "This Idempotency-Key was already used for another order; use a new one.",
      );
    }
    const order = placed ?? this.#placeNow(key, stamp, input);
    this.#remember(order);
    return [placed ? 200 : 201, publicOrder(order)];
  }

  #placeNow(key: string, stamp: string, body: Input): StoredOrder {
    const now = Date.now();
    const recipient = this.#checks.order(body, now);
    const { cart } = this.#visitor;
    if (cart.count === 0) throw new Refusal(409, "cart_empty", "The cart is empty.");
    const { itemCount, total, ...items } = cart.withPrices(this.#menu);
    const placedAt = new Date(now).toISOString();
    const internal = { key, demand: cart.demand(), stamp, cart: cart.id };
    return this.#ledger.place({ placedAt, ...recipient, items, itemCount, total, ...internal });
  }

  /**
   * Adds the order to the session and empties the ordered cart. A repeated request calls this again, in case the
   * process
   * was killed before the first call.
   */
  #remember(order: StoredOrder): void {
    const visitor = this.#visitor;
    if (order.cart === visitor.cart.id) {
      visitor.cart = new Cart();
      visitor.token = newToken();
    }
    if (!visitor.orders.includes(order.number)) visitor.orders.push(order.number);
  }

  #content(kind: Kind, body: Input): Taco | Choice {
    return kind === "tacos" ? this.#checks.taco(body) : this.#checks.product(kind, body);
  }

  #inStock(before: Portions, status: number, kind: Kind, id: number): ShopResponse {
    this.#ledger.requireStock(this.#visitor.cart.demand(), before);
    return this.#changed(status, this.#visitor.cart.line(this.#menu, kind, id));
  }

  #changed(status: number, item: PricedLine | null): ShopResponse {
    return [status, { item, cart: this.#visitor.cart.withPrices(this.#menu) }];
  }
}

/** Returns the order without its internal fields. */
function publicOrder(order: StoredOrder): Order {
  const { key: _key, demand: _demand, stamp: _stamp, cart: _cart, ...rest } = order;
  return rest;
}
