import { CoatcheckError, type Fault } from "coatcheck";
import { type CartLine, withoutOrderedCart } from "./cart.ts";
import type { Customer } from "./customers.ts";
import type { Address, PlacedOrder } from "./orders.ts";
import { ADDRESS_FIELDS } from "./pages/checkout.ts";
import type { ShopSession, Storefront } from "./storefront.ts";

/** The input of {@link placeOrder}. */
export interface CheckoutOrder {
  readonly customer: Customer;
  readonly checkoutId: string;
  readonly lines: readonly CartLine[];
  readonly address: Address;
}

/**
 * Places the order of a checkout, marks the session as converted, and empties the cart. Each step is idempotent: after
 * a lost response, a client can repeat the request without a second order or a second event.
 */
export async function placeOrder(
  { orders, clock }: Storefront,
  session: ShopSession,
  { customer, checkoutId, lines, address }: CheckoutOrder,
): Promise<PlacedOrder> {
  const order = orders.place({
    customer: customer.id,
    checkoutId,
    sessionId: session.id,
    placedAt: clock.now(),
    lines,
    address,
  });
  await completeOrder(session, order);
  return order;
}

/**
 * Runs the steps that follow after an order is stored. Can be repeated, in case the process stopped between two steps.
 */
export async function completeOrder(session: ShopSession, order: PlacedOrder): Promise<void> {
  if (order.sessionId === session.id) {
    const { id: orderId, total: revenue, currency } = order;
    await session.visit.convert({ orderId, revenue, currency });
  }
  await session.update((data) => withoutOrderedCart(data, order.checkoutId));
}

/**
 * Reads an address from a form or a request body.
 *
 * @param base a prefix for the paths of the faults, such as `shippingAddress.`.
 * @throws CoatcheckError `VALIDATION_FAILED` with a path for each missing field.
 */
export function requireAddress(value: unknown, base = ""): Address {
  const given = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  const faults: Fault[] = [];
  const read = ADDRESS_FIELDS.map(({ name, label, max }) => {
    const text = typeof given[name] === "string" ? given[name].trim() : "";
    if (text === "" || text.length > max) {
      faults.push({ path: base + name, message: `${label} must have 1 to ${max} characters` });
    }
    return [name, text] as const;
  });
  if (faults.length === 0) return Object.fromEntries(read) as unknown as Address;
  throw new CoatcheckError("VALIDATION_FAILED", `Invalid address: ${faults[0]?.message}.`, { faults });
}
