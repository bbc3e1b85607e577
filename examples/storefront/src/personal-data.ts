import type { SqliteEvents } from "coatcheck/visit/sqlite";
import type { Customer } from "./customers.ts";
import type { PlacedOrder } from "./orders.ts";
import { flushVisits, type ShopSession, type Storefront } from "./storefront.ts";

/** Everything that the shop stores about a customer. */
export interface CustomerData {
  readonly customer: Customer;
  readonly orders: readonly PlacedOrder[];
  readonly visits: Awaited<ReturnType<SqliteEvents["exportPerson"]>>;
}

/** Returns everything that the shop stores about a customer. */
export async function exportCustomer(shop: Storefront, customer: Customer): Promise<CustomerData> {
  await flushVisits(shop);
  const visits = await shop.personalVisits.exportPerson({ subject: customer.id });
  return { customer, orders: shop.orders.listOf(customer.id), visits };
}

/**
 * Deletes visits, account and orders, and ends every session of the customer. The account is deleted last, so that the
 * customer can repeat the request after a failure.
 */
export async function eraseCustomer(shop: Storefront, session: ShopSession, { id }: Customer): Promise<void> {
  await flushVisits(shop);
  await shop.personalVisits.erasePerson({ subject: id });
  await shop.manager.revoke({ subject: id });
  shop.customers.remove(id);
  await session.revoke();
}
