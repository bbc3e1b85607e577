import { LRUCache } from "lru-cache";
import { CoatcheckError } from "../session/errors.ts";
import type { ConvertedOrder } from "../session/session-visit.ts";
import { orderConflictError } from "./order.ts";
import type { EventSink } from "./sink.ts";

/** Maximum number of orders in memory. */
const MAX_REMEMBERED_ORDERS = 10_000;

/** An order, and its session. The session is null if the privacy mode forbids the link. */
interface KnownOrder {
  readonly revenue: number;
  readonly currency: string;
  readonly sessionId: string | null;
}

/** Remembers the orders of this process until the sink has stored them, and looks up other orders in the sink. */
export class KnownOrders {
  readonly #orders = new LRUCache<string, KnownOrder>({ max: MAX_REMEMBERED_ORDERS });
  readonly #sink: Pick<EventSink, "findOrder"> | undefined;

  constructor(sink: Pick<EventSink, "findOrder"> | undefined) {
    this.#sink = sink;
  }

  /**
   * Throws if an order is already known with other contents. If the sink does not respond, the order is accepted,
   * because the sink ignores a second report of an order.
   *
   * @throws CoatcheckError `CONFLICT` if the known order has another amount or session.
   */
  async requireNoConflict(tenant: string | null, order: ConvertedOrder, sessionId: string): Promise<void> {
    const known =
      this.#orders.get(orderKey(tenant, order.orderId)) ?? (await this.#findOrder(tenant, order.orderId));
    if (known === null) return;
    if (known.revenue !== order.revenue || known.currency !== order.currency)
      throw orderConflictError("amount");
    if (known.sessionId !== null && known.sessionId !== sessionId) throw orderConflictError("session");
  }

  /** Returns whether this process remembers an order. */
  has(tenant: string | null, orderId: string): boolean {
    return this.#orders.has(orderKey(tenant, orderId));
  }

  /** Forgets an order whose event was not stored. */
  forgetOrder(tenant: string | null, orderId: string): void {
    this.#orders.delete(orderKey(tenant, orderId));
  }

  /** Remembers an order whose session has been marked as converted. */
  rememberOrder(
    tenant: string | null,
    { orderId, revenue, currency }: ConvertedOrder,
    sessionId: string,
  ): void {
    this.#orders.set(orderKey(tenant, orderId), { revenue, currency, sessionId });
  }

  async #findOrder(tenant: string | null, orderId: string): Promise<KnownOrder | null> {
    try {
      return (await this.#sink?.findOrder?.(tenant, orderId)) ?? null;
    } catch (error) {
      if (isSinkUnavailable(error)) return null;
      throw error;
    }
  }
}

function orderKey(tenant: string | null, orderId: string): string {
  return JSON.stringify([tenant, orderId]);
}

function isSinkUnavailable(error: unknown): boolean {
  return error instanceof CoatcheckError && error.code === "STORE_UNAVAILABLE";
}
