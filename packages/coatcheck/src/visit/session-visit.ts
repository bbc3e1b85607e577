import type { JsonObject } from "../session/json.ts";
import type { Conversion, VisitChange, VisitSource } from "../session/recorded-visit.ts";
import type { AttachedVisit, ConvertedOrder, Tracked } from "../session/session-visit.ts";
import type { EventContent } from "./collection.ts";
import { requireTrackable } from "./event-catalog.ts";
import { orderEventId } from "./ingest/uuid-v7.ts";
import { orderConflictError, requireOrder } from "./order.ts";
import type { AttachedSession, VisitingRequest } from "./visiting-request.ts";

/** Implements `session.visit`. */
export class SessionVisitHandle implements AttachedVisit {
  readonly #request: VisitingRequest;
  readonly #session: AttachedSession;

  constructor(request: VisitingRequest, session: AttachedSession) {
    this.#request = request;
    this.#session = session;
  }

  get collected(): boolean {
    return this.#request.collected;
  }

  get id(): string | null {
    return this.#request.visitOf(this.#session)?.id ?? null;
  }

  get visitorId(): string | null {
    return this.#request.visitorId;
  }

  get pageId(): string | null {
    return this.#request.pageId;
  }

  get startedAt(): number | null {
    return this.#request.visitOf(this.#session)?.startedAt ?? null;
  }

  get source(): VisitSource | null {
    return this.#request.visitOf(this.#session)?.source ?? null;
  }

  track(name: string, properties: JsonObject = {}): Tracked {
    requireTrackable(name);
    const checked = this.#request.collection.catalog.check(name, properties);
    return this.#track(checked);
  }

  async convert(order: ConvertedOrder): Promise<Tracked> {
    const checked = requireOrder(order);
    const { collection } = this.#request;
    const tenant = this.#request.actor(this.#session).tenant;
    await collection.knownOrders.requireNoConflict(tenant, checked, this.#session.id);
    await this.#session.changeVisit(createConversionChange(checked, collection.now()));
    collection.knownOrders.rememberOrder(tenant, checked, this.#session.id);
    if (this.visitorId === null) return { collected: false };
    const id = orderEventId(tenant, checked.orderId);
    const event = this.#eventOf({ id, type: "order_completed", isKey: true });
    await collection.trackOrder(this.#request.actor(this.#session), { ...event, order: checked });
    return { collected: true };
  }

  onLogin(): void {
    this.#track({ type: "login", isKey: true });
  }

  #track(event: EventContent): Tracked {
    if (this.visitorId === null) return { collected: false };
    const actor = this.#request.actor(this.#session);
    return { collected: this.#request.collection.track(actor, this.#eventOf(event)) };
  }

  #eventOf(event: EventContent): EventContent {
    const { client, page, isDocument, source } = this.#request;
    this.#request.hasTracked = true;
    return { page, client, source: isDocument ? source : null, ...event };
  }
}

/**
 * Returns the change that marks a session's record as converted by an order. A repeated order changes nothing.
 *
 * @throws CoatcheckError `CONFLICT` if the record already contains the order with another amount.
 */
export function createConversionChange(
  { orderId, revenue, currency }: ConvertedOrder,
  now: number,
): VisitChange {
  const conversion: Conversion = { orderId, revenue, currency, at: now };
  return (record) => {
    const stored = record.conversion;
    if (stored?.orderId !== orderId) return { conversion };
    if (stored.revenue !== revenue || stored.currency !== currency) throw orderConflictError("amount");
    return null;
  };
}
