/** Orders with their visits and their attribution. */
import type { Source } from "../../../src/visit/event.ts";
import type { Delivered } from "./delivery.ts";
import type { Deed } from "./script.ts";
import { customerOf, inOrder, type Visit, visitsOf } from "./visits.ts";

/** Amounts in minor units by currency. */
export type Revenue = Readonly<Record<string, number>>;

/** An order with its visit, and its attribution as it was when the order arrived. */
export interface CountedOrder {
  readonly deed: Deed;
  readonly orderId: string;
  readonly revenue: number;
  readonly currency: string;
  readonly visit: Visit | null;
  readonly frozen: { readonly last: Source; readonly first: Source } | null;
}

/** All orders that have arrived. */
export function ordersOf(
  arrived: readonly Deed[],
  visits: readonly Visit[],
  delivered: readonly Delivered[],
): CountedOrder[] {
  return inOrder(arrived).flatMap((deed) => {
    const { act } = deed;
    if (act.do !== "order") return [];
    const visit = visits.find(({ deeds }) => deeds.includes(deed)) ?? null;
    return [{ ...act, deed, visit, frozen: frozenAttribution(deed, delivered) }];
  });
}

/** The attribution of an order, from what had arrived when its batch was stored. */
function frozenAttribution(order: Deed, delivered: readonly Delivered[]): CountedOrder["frozen"] {
  const arrivesWith = delivered.findIndex(({ deeds }) => deeds.includes(order));
  const known = delivered.slice(0, arrivesWith + 1).flatMap(({ deeds }) => deeds);
  const { visits } = visitsOf(known.filter(({ visitor }) => visitor === order.visitor));
  const visit = visits.find(({ deeds }) => deeds.includes(order));
  return visit ? { last: visit.lastNonDirect, first: visit.firstTouch } : null;
}

/** Whose order it is. */
export function customerOfOrder({ deed, visit }: CountedOrder): string | null {
  return deed.customer ?? (visit && customerOf(visit));
}

/** The sum of orders by currency. */
export function revenueOf(orders: readonly CountedOrder[]): Revenue {
  const revenue: Record<string, number> = {};
  for (const { currency, revenue: amount } of orders) revenue[currency] = (revenue[currency] ?? 0) + amount;
  return revenue;
}
