import { hash } from "node:crypto";
import { Cart, type Kind, type PricedLine } from "./cart.ts";
import { type Input, InputChecks, type ProductChoice, type Taco } from "./checks.ts";
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
  readonly #checks: InputChecks;

  constructor(menu: Menu, ledger: Ledger, visitor: Visitor) {
    this.#menu = menu;
    this.#ledger = ledger;
    this.#visitor = visitor;
    this.#checks = new InputChecks(menu);
  }

  csrfToken(): ShopResponse {
    return [200, { csrfToken: this.#visitor.token }];
  }

  renderPage(): ShopResponse {
    return [200, renderPage(this.#menu, this.#visitor.token)];
  }

  readCart(): ShopResponse {
    return [200, this.#visitor.cart.withPrices(this.#menu)];
  }

  clearCart(): ShopResponse {
    this.#visitor.cart.clear();
    return this.#changeResponse(200, null);
  }

  readItem(kind: Kind, id: number): ShopResponse {
    return [200, this.#visitor.cart.pricedLine(this.#menu, kind, id)];
  }

  addItem(kind: Kind, body: () => Input): ShopResponse {
    const { cart } = this.#visitor;
    const content = this.#requireContent(kind, body());
    const { lines } = this.#menu.file.limits;
    if (cart.lineCount >= lines)
      throw new Refusal(409, "cart_full", `A cart can hold at most ${lines} items.`);
    const before = cart.portionsNeeded();
    const id = cart.add(kind, content);
    return this.#requireStock(before, 201, kind, id);
  }

  replaceItem(kind: Kind, id: number, body: () => Input): ShopResponse {
    const { cart } = this.#visitor;
    cart.pricedLine(this.#menu, kind, id);
    const before = cart.portionsNeeded();
    cart.changeLine(kind, id, this.#requireContent(kind, body()));
    return this.#requireStock(before, 200, kind, id);
  }

  setQuantity(kind: Kind, id: number, body: () => Input): ShopResponse {
    const { cart } = this.#visitor;
    cart.pricedLine(this.#menu, kind, id);
    const before = cart.portionsNeeded();
    cart.changeLine(kind, id, { quantity: this.#checks.requireQuantity(body()) });
    return this.#requireStock(before, 200, kind, id);
  }

  removeItem(kind: Kind, id: number): ShopResponse {
    this.#visitor.cart.remove(kind, id);
    return this.#changeResponse(200, null);
  }

  listOrders(): ShopResponse {
    const orders = this.#visitor.orders.flatMap((number) => this.#ledger.findOrder(number) ?? []);
    return [200, { orders: orders.reverse().map(publicOrder) }];
  }

  readOrder(number: number): ShopResponse {
    const order = this.#visitor.orders.includes(number) ? this.#ledger.findOrder(number) : null;
    if (!order) throw new Refusal(404, "not_found", "Order not found in this session.");
    return [200, publicOrder(order)];
  }

  /**
   * Places an order, only once for each idempotency key. A repeated request returns the existing order. The same key
   * with another body throws 409 `key_reused`.
   */
  placeOrder(idempotencyKey: string, body: () => Input): ShopResponse {
    if (!/^[\x21-\x7e]{1,100}$/.test(idempotencyKey)) {
      const faults = new Faults();
      faults.add("Idempotency-Key", "must be a header of 1 to 100 visible ASCII characters");
      faults.throwIfAny();
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
    const order = placed ?? this.#placeNewOrder(key, stamp, input);
    this.#addToSession(order);
    return [placed ? 200 : 201, publicOrder(order)];
  }

  #placeNewOrder(key: string, stamp: string, body: Input): StoredOrder {
    const now = Date.now();
    const recipient = this.#checks.requireRecipient(body, now);
    const { cart } = this.#visitor;
    if (cart.lineCount === 0) throw new Refusal(409, "cart_empty", "The cart is empty.");
    const { itemCount, total, ...items } = cart.withPrices(this.#menu);
    const placedAt = new Date(now).toISOString();
    const internal = { key, demand: cart.portionsNeeded(), stamp, cart: cart.id };
    return this.#ledger.place({ placedAt, ...recipient, items, itemCount, total, ...internal });
  }

  /**
   * Adds the order to the session and empties the ordered cart. A repeated request calls this again, in case the
   * process was killed before the first call.
   */
  #addToSession(order: StoredOrder): void {
    const visitor = this.#visitor;
    if (order.cart === visitor.cart.id) {
      visitor.cart = new Cart();
      visitor.token = newToken();
    }
    if (!visitor.orders.includes(order.number)) visitor.orders.push(order.number);
  }

  #requireContent(kind: Kind, body: Input): Taco | ProductChoice {
    return kind === "tacos" ? this.#checks.requireTaco(body) : this.#checks.requireProduct(kind, body);
  }

  #requireStock(before: Portions, status: number, kind: Kind, id: number): ShopResponse {
    this.#ledger.requireStock(this.#visitor.cart.portionsNeeded(), before);
    return this.#changeResponse(status, this.#visitor.cart.pricedLine(this.#menu, kind, id));
  }

  #changeResponse(status: number, item: PricedLine | null): ShopResponse {
    return [status, { item, cart: this.#visitor.cart.withPrices(this.#menu) }];
  }
}

/** Returns the order without its internal fields. */
function publicOrder(order: StoredOrder): Order {
  const { key: _key, demand: _demand, stamp: _stamp, cart: _cart, ...rest } = order;
  return rest;
}
