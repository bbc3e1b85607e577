import type { JsonObject } from "./json.ts";
import type { VisitSource } from "./recorded-visit.ts";

/** An order, for {@link SessionVisit.convert}. */
export interface ConvertedOrder {
  /** Unique within a tenant: 1 to 128 characters. */
  readonly orderId: string;
  /** In minor units, such as cents: a non-negative safe integer. An order of zero is also a conversion. */
  readonly revenue: number;
  /** ISO 4217, three upper-case letters. */
  readonly currency: string;
}

/** The result of {@link SessionVisit.track}. */
export interface Tracked {
  /** False if the event was not collected: after an opt-out, for a bot or tool, or with collection off. */
  readonly collected: boolean;
}

/** The visit of a request. Handlers use it as `session.visit`. */
export interface SessionVisit {
  /** Whether events of this request are collected. */
  readonly collected: boolean;
  /** The id of the current visit. Null before its first page view, and when events are not collected. */
  readonly id: string | null;
  /** The visitor's id. Null before the browser's first page view, and when events are not collected. */
  readonly visitorId: string | null;
  /** The id of the page view; null for a request that is not a page view. */
  readonly pageId: string | null;
  /** When the visit began, epoch milliseconds; null without a visit. */
  readonly startedAt: number | null;
  /** The source of the visit; null without a visit. */
  readonly source: VisitSource | null;

  /**
   * Tracks an event of the visitor. Returns at once. Does nothing when events are not collected.
   *
   * @param name a standard event, or one that the application has defined.
   * @throws CoatcheckError `VALIDATION_FAILED` if the event is unknown or its properties are invalid. The error has the
   *   path of the invalid value.
   */
  track(name: string, properties?: JsonObject): Tracked;

  /**
   * Records an order in the session, and tracks `order_completed`. The order is recorded even when events are not
   * collected. A repeated call with the same order id has no effect, so it is safe to retry after a lost response.
   *
   * @throws CoatcheckError `CONFLICT` when the order id was recorded with another amount or by another session;
   *   `VALIDATION_FAILED` with a path; and the errors of every write of a session.
   */
  convert(order: ConvertedOrder): Promise<Tracked>;
}

/** The visit of a loaded session. The session notifies it of logins. */
export interface AttachedVisit extends SessionVisit {
  /** Called after a login was stored. */
  onLogin(): void;
}
