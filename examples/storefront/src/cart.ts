import { findProduct, findVariant, type Variant } from "./catalog/catalog.ts";

/**
 * The shop's data in a session. Each line of the cart has a member of its own, so that two requests can change two
 * lines.
 */
export interface ShopData {
  /** Quantities by the keys of the lines. */
  readonly cart?: Readonly<Record<string, number>>;
  /** Names the order that the cart will become, so that a form that is sent twice makes one order. */
  readonly checkoutId?: string;
}

/** One line of a cart. */
export interface CartLine extends Variant {
  readonly key: string;
  readonly quantity: number;
  /** Minor units. */
  readonly total: number;
}

/** A cart as pages show it. */
export interface Cart {
  readonly lines: readonly CartLine[];
  /** Pieces in all lines. */
  readonly pieces: number;
  /** Minor units. */
  readonly total: number;
}

/** The most pieces of one line. */
export const MAX_QUANTITY = 20;
/** The most lines of a cart. */
const MAX_LINES = 40;

/** The key of a line: two additions of one variant share a line. */
export function lineKey({ product, colour, size }: Variant): string {
  return `${product.id}/${colour}/${size}`;
}

/** Reads the cart of a session. Leaves out what the shop no longer sells. */
export function cartOf({ cart = {} }: ShopData): Cart {
  return cartWith(Object.entries(cart).flatMap(([key, quantity]) => lineOf(key, quantity) ?? []));
}

/** A cart of these lines. */
export function cartWith(lines: readonly CartLine[]): Cart {
  return {
    lines,
    pieces: lines.reduce((sum, { quantity }) => sum + quantity, 0),
    total: lines.reduce((sum, { total }) => sum + total, 0),
  };
}

/** Adds pieces of a variant. Returns the session's new data. */
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

/** Empties the cart that has become an order. A cart that was begun since keeps its lines. */
export function withoutOrdered(data: ShopData, checkoutId: string): ShopData {
  return data.checkoutId === checkoutId ? {} : data;
}

/** A line of a variant. */
export function lineWith(variant: Variant, quantity: number): CartLine {
  return { ...variant, key: lineKey(variant), quantity, total: variant.product.price * quantity };
}

/** Reads a quantity that a client sent; null for anything but a whole number from `min` to {@link MAX_QUANTITY}. */
export function quantityOf(value: unknown, min: number): number | null {
  const number = typeof value === "string" && /^\d{1,3}$/.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !Number.isInteger(number)) return null;
  return number >= min && number <= MAX_QUANTITY ? number : null;
}

function lineOf(key: string, quantity: number): CartLine | null {
  const [id = "", colour, size] = key.split("/");
  const product = findProduct(id);
  const variant = product && findVariant(product, colour, size);
  return variant ? lineWith(variant, quantity) : null;
}
