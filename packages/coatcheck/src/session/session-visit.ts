import type { JsonObject } from "./json.ts";
import type { VisitSource } from "./recorded-visit.ts";

/** An order to convert a session with. */
export interface ConvertedOrder {
  /** Unique within a tenant: 1 to 128 characters. */
  readonly orderId: string;
  /** Minor units, such as cents: a non-negative safe integer. Zero is a conversion too. */
  readonly revenue: number;
  /** ISO 4217, three upper-case letters. */
  readonly currency: string;
}

/** The result of {@link SessionVisit.track}. */
export interface Tracked {
  /** False when nothing was collected: after an opt-out, for a client that is not a person, and with collection off. */
  readonly collected: boolean;
}

/** The visit of a request, as its handler uses it: `session.visit`. */
export interface SessionVisit {
  /** Whether events of this request are collected. */
  readonly collected: boolean;
  /** The id of the current visit; null when nothing is collected, and before the first page view of the visit. */
  readonly id: string | null;
  /** The visitor's id; null when nothing is collected, and for a browser that has viewed no page yet. */
  readonly visitorId: string | null;
  /** The page that this request is for; null for any other request. */
  readonly pageId: string | null;
  /** When the visit began, epoch milliseconds; null without a visit. */
  readonly startedAt: number | null;
  /** Where the visit came from; null without a visit. */
  readonly source: VisitSource | null;

  /**
   * Tracks an event of the visitor. Never waits. Does nothing while nothing is collected.
   *
   * @param name a standard event, or one that the application has defined.
   * @throws CoatcheckError `VALIDATION_FAILED` with a path for an unknown event or invalid properties.
   */
  track(name: string, properties?: JsonObject): Tracked;

  /**
   * Marks the session as converted with an order, and tracks `order_completed`. The session is marked even when nothing is
   * collected. To repeat a call whose response was lost is safe: the first of an order id counts.
   *
   * @throws CoatcheckError `CONFLICT` when the order is known with another amount or from another session;
   *   `VALIDATION_FAILED` with a path; and the errors of every write of a session.
   */
  convert(order: ConvertedOrder): Promise<Tracked>;
}

/** Is notified of logins of its session. */
export interface VisitObserver extends SessionVisit {
  /** Called after a login was stored. */
  loggedIn(): void;
}
