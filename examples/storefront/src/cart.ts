import { findProduct, findVariant, type Variant } from "./catalog/catalog.ts";

/**
 * The data that the shop stores in a session. Each line of the cart is a separate member, so that concurrent requests
 * can change different lines.
 */
export interface ShopData {
  /** The quantity of each line, by the line's key. */
  readonly cart?: Readonly<Record<string, number>>;
  /**
   * Identifies the checkout of the cart. If a browser sends the order form twice, both requests place the same order.
   */
  readonly checkoutId?: string;
}

/** One line of a cart. */
export interface CartLine extends Variant {
  readonly key: string;
  readonly quantity: number;
  /** In minor units of the shop's currency. */
  readonly total: number;
}

/** A cart with products, prices and totals. */
export interface Cart {
  readonly lines: readonly CartLine[];
  /** The sum of the quantities of all lines. */
  readonly pieces: number;
  /** In minor units of the shop's currency. */
  readonly total: number;
}

/** The largest quantity of one line. */
export const MAX_QUANTITY = 20;
/** The largest number of lines in a cart. */
const MAX_LINES = 40;

/** Returns the key of a variant's line. A cart has one line for each variant. */
export function lineKey({ product, colour, size }: Variant): string {
  return `${product.id}/${colour}/${size}`;
}

/** Returns the cart of a session, without products that the shop no longer sells. */
export function cartOf({ cart = {} }: ShopData): Cart {
  return createCart(Object.entries(cart).flatMap(([key, quantity]) => parseLine(key, quantity) ?? []));
}

/** Creates a cart with these lines. */
export function createCart(lines: readonly CartLine[]): Cart {
  return {
    lines,
    pieces: lines.reduce((sum, { quantity }) => sum + quantity, 0),
    total: lines.reduce((sum, { total }) => sum + total, 0),
  };
}

/** Adds a quantity of a variant to the cart. Returns the session's new data. */
export function withAdded(data: ShopData, variant: Variant, quantity: number): ShopData {
  const key = lineKey(variant);
  const cart = data.cart ?? {};
  if (cart[key] === undefined && Object.keys(cart).length >= MAX_LINES) return data;
  return { ...data, cart: { ...cart, [key]: Math.min(MAX_QUANTITY, (cart[key] ?? 0) + quantity) } };
}

/** Sets the quantity of a line; 0 removes it. Returns the session's new data. */
export function withQuantity(data: ShopData, key: string, quantity: number): ShopData {
  const { [key]: before, ...others } = data.cart ?? {};
  if (before === undefined) return data;
  return { ...data, cart: quantity > 0 ? { ...others, [key]: Math.min(MAX_QUANTITY, quantity) } : others };
}

/**
 * Empties the cart after an order was placed for this checkout. Does not change a newer cart. Returns the session's new
 * data.
 */
export function withoutOrderedCart(data: ShopData, checkoutId: string): ShopData {
  return data.checkoutId === checkoutId ? {} : data;
}

/** Creates a line for a variant. */
export function createLine(variant: Variant, quantity: number): CartLine {
  return { ...variant, key: lineKey(variant), quantity, total: variant.product.price * quantity };
}

/** Reads a quantity from a request. Returns null if it is not a whole number from `min` to {@link MAX_QUANTITY}. */
export function parseQuantity(value: unknown, min: number): number | null {
  const number = typeof value === "string" && /^\d{1,3}$/.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !Number.isInteger(number)) return null;
  return number >= min && number <= MAX_QUANTITY ? number : null;
}

function parseLine(key: string, quantity: number): CartLine | null {
  const [id = "", colour, size] = key.split("/");
  const product = findProduct(id);
  const variant = product && findVariant(product, colour, size);
  return variant ? createLine(variant, quantity) : null;
}
