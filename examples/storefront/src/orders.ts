import { randomInt } from "node:crypto";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { CartLine } from "./cart.ts";
import { CURRENCY } from "./money.ts";

/** The address that an order is shipped to. */
export interface Address {
  readonly name: string;
  readonly street: string;
  readonly postalCode: string;
  readonly city: string;
  readonly country: string;
}

/** A line of an order, with the price at which it was ordered. */
export interface OrderLine {
  readonly productId: string;
  readonly name: string;
  readonly colour: string;
  readonly size: string;
  readonly quantity: number;
  /** In minor units of the order's currency. */
  readonly total: number;
}

/** A placed order. */
export interface PlacedOrder {
  /** The order number, such as `K7M2-40P9`. */
  readonly id: string;
  readonly customer: string;
  readonly checkoutId: string;
  readonly sessionId: string;
  /** Epoch milliseconds. */
  readonly placedAt: number;
  readonly lines: readonly OrderLine[];
  /** In minor units of the order's currency. */
  readonly total: number;
  readonly currency: string;
  readonly address: Address;
}

/** The input of {@link Orders.place}. */
export interface NewOrder {
  readonly customer: string;
  readonly checkoutId: string;
  readonly sessionId: string;
  readonly placedAt: number;
  readonly lines: readonly CartLine[];
  readonly address: Address;
}

/** The alphabet of Crockford's base 32, without letters that look like digits. */
const CROCKFORD_BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Stores the orders of the shop. */
export class Orders {
  readonly #insert: StatementSync;
  readonly #byCheckout: StatementSync;
  readonly #byId: StatementSync;
  readonly #byCustomer: StatementSync;

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare(
      `INSERT INTO orders (id, customer, checkout, session, placed_at, body) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (customer, checkout) DO NOTHING`,
    );
    this.#byCheckout = database.prepare("SELECT * FROM orders WHERE customer = ? AND checkout = ?");
    this.#byId = database.prepare("SELECT * FROM orders WHERE id = ? AND customer = ?");
    this.#byCustomer = database.prepare(
      "SELECT * FROM orders WHERE customer = ? ORDER BY placed_at DESC, id",
    );
  }

  /** Places an order. A second call with the same checkout id returns the order of the first call. */
  place({ customer, checkoutId, sessionId, placedAt, lines, address }: NewOrder): PlacedOrder {
    const body = {
      lines: lines.map(toOrderLine),
      total: lines.reduce((sum, { total }) => sum + total, 0),
      currency: CURRENCY,
      address,
    };
    this.#insert.run(newOrderNumber(), customer, checkoutId, sessionId, placedAt, JSON.stringify(body));
    const placed = this.findByCheckout(customer, checkoutId);
    if (placed === null)
      throw new TypeError(
        `The order of the checkout ${checkoutId} was stored, but cannot be read from the database.`,
      );
    return placed;
  }

  /** Returns the order of a checkout; null if none was placed. */
  findByCheckout(customer: string, checkoutId: string): PlacedOrder | null {
    return toPlacedOrder(this.#byCheckout.get(customer, checkoutId));
  }

  /** Returns an order; null if it does not exist or belongs to another customer. */
  find(id: string, customer: string): PlacedOrder | null {
    return toPlacedOrder(this.#byId.get(id, customer));
  }

  /** Returns the orders of a customer, newest first. */
  listOf(customer: string): readonly PlacedOrder[] {
    return this.#byCustomer.all(customer).flatMap((row) => toPlacedOrder(row) ?? []);
  }
}

function toOrderLine({ product, colour, size, quantity, total }: CartLine): OrderLine {
  return { productId: product.id, name: product.name, colour, size, quantity, total };
}

function toPlacedOrder(row: Record<string, unknown> | undefined): PlacedOrder | null {
  if (!row) return null;
  return {
    id: String(row.id),
    customer: String(row.customer),
    checkoutId: String(row.checkout),
    sessionId: String(row.session),
    placedAt: Number(row.placed_at),
    ...JSON.parse(String(row.body)),
  };
}

function newOrderNumber(): string {
  const randomCharacters = () =>
    Array.from({ length: 4 }, () => CROCKFORD_BASE32[randomInt(CROCKFORD_BASE32.length)]).join("");
  return `${randomCharacters()}-${randomCharacters()}`;
}
