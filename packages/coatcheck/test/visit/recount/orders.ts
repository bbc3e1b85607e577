/** Assigns orders to visits, and determines the sources of the orders. */
import type { Source } from "../../../src/visit/event.ts";
import type { DeliveredBatch } from "./delivery.ts";
import type { Action } from "./script.ts";
import { customerOf, recountVisits, sortActions, type Visit } from "./visits.ts";

/** Amounts in minor units by currency. */
export type Revenue = Readonly<Record<string, number>>;

/** An order with its visit, and with the visit's sources at the time when the order arrived. */
export interface CountedOrder {
  readonly action: Action;
  readonly orderId: string;
  readonly revenue: number;
  readonly currency: string;
  readonly visit: Visit | null;
  readonly storedSources: { readonly last: Source; readonly first: Source } | null;
}

/** Returns all orders that have arrived. */
export function collectOrders(
  arrived: readonly Action[],
  visits: readonly Visit[],
  delivered: readonly DeliveredBatch[],
): CountedOrder[] {
  return sortActions(arrived).flatMap((action) => {
    const { detail } = action;
    if (detail.do !== "order") return [];
    const visit = visits.find(({ actions }) => actions.includes(action)) ?? null;
    return [{ ...detail, action, visit, storedSources: attributionAtArrival(action, delivered) }];
  });
}

/** Computes the sources of an order from the batches that had arrived when the order was stored. */
function attributionAtArrival(
  order: Action,
  delivered: readonly DeliveredBatch[],
): CountedOrder["storedSources"] {
  const arrivesWith = delivered.findIndex(({ actions }) => actions.includes(order));
  const known = delivered.slice(0, arrivesWith + 1).flatMap(({ actions }) => actions);
  const { visits } = recountVisits(known.filter(({ visitor }) => visitor === order.visitor));
  const visit = visits.find(({ actions }) => actions.includes(order));
  return visit ? { last: visit.lastNonDirectSource, first: visit.firstTouchSource } : null;
}

/** Returns the customer who placed an order. */
export function customerOfOrder({ action, visit }: CountedOrder): string | null {
  return action.customer ?? (visit && customerOf(visit));
}

/** Returns the total revenue of orders by currency. */
export function sumRevenue(orders: readonly CountedOrder[]): Revenue {
  const revenue: Record<string, number> = {};
  for (const { currency, revenue: amount } of orders) revenue[currency] = (revenue[currency] ?? 0) + amount;
  return revenue;
}
