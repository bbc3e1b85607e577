import type { JsonObject } from "../session/json.ts";
import type { VisitSource as Source } from "../session/recorded-visit.ts";

export type { Source };

/**
 * The kind of client that sent a request, classified by its `User-Agent`. Only people (`human`) are visitors;
 * requests of other clients are only counted.
 */
export type ClientKind = "human" | "bot" | "ai-agent" | "tool" | "suspected";

/**
 * The standard events of a shop. Coatcheck itself creates `page_view` and `page_time`. The application tracks the
 * others, and may define its own.
 */
export const STANDARD_EVENTS = [
  "page_view",
  "page_time",
  "product_view",
  "search",
  "add_to_cart",
  "remove_from_cart",
  "begin_checkout",
  "login",
  "order_completed",
] as const;

/** The name of a standard event. */
export type StandardEvent = (typeof STANDARD_EVENTS)[number];

/** The standard events that make a visit engaged. */
export const KEY_EVENTS: readonly string[] = ["add_to_cart", "begin_checkout", "login", "order_completed"];

/** The page that an event belongs to. */
export interface EventPage {
  /**
   * UUID that the document and its script share, so that a page view is counted once. Null for an event from a
   * backend.
   */
  readonly id: string | null;
  /** Host without port, lower case. */
  readonly host: string | null;
  /** Path without query, at most 1024 characters. */
  readonly path: string;
  readonly title: string | null;
}

/** The client of a visit. Fields that the privacy mode forbids are null. */
export interface EventClient {
  readonly browser: string | null;
  readonly os: string | null;
  readonly device: string | null;
  readonly country: string | null;
  readonly city: string | null;
  /** The complete header, deleted after 30 days. Null if the privacy mode forbids storing it. */
  readonly userAgent: string | null;
}

/** An order. Money is in integer minor units of one currency, never converted. */
export interface Order {
  /** Unique within a tenant. */
  readonly orderId: string;
  /** Minor units, such as cents: a non-negative safe integer. */
  readonly revenue: number;
  /** ISO 4217, three upper-case letters. */
  readonly currency: string;
}

/** An action of a visitor. Immutable. All times are epoch milliseconds of the server's clock. */
export interface VisitEvent {
  /** UUID v7; for an order, derived from tenant and order id. A repeated event has the same id. */
  readonly id: string;
  /** A {@link StandardEvent} or a name that the application defined. */
  readonly type: string;
  /** When it happened. A beacon reports the age of the event; the server subtracts the age from its own clock. */
  readonly at: number;
  /** When the server received it. Never before `at`. */
  readonly receivedAt: number;
  /**
   * `browser` events begin and extend visits. `backend` events, such as those of a webhook, do not: they belong to
   * the session's last visit.
   */
  readonly origin: "browser" | "backend";
  /** Null only for a backend event of a session without a visitor. */
  readonly visitorId: string | null;
  readonly sessionId: string | null;
  /** The subject that the session was logged in as when the event happened. */
  readonly subject: string | null;
  readonly tenant: string | null;
  readonly page: EventPage | null;
  /**
   * Only for `page_time`: milliseconds for which the page was visible since its previous beacon. Null for other
   * types.
   */
  readonly visibleTime: number | null;
  /**
   * Where the visitor came from. If the event begins a visit, this becomes the visit's source; otherwise it is
   * ignored.
   */
  readonly source: Source | null;
  readonly client: EventClient | null;
  /** Whether the event makes its visit engaged. */
  readonly isKey: boolean;
  /** Only for `order_completed`; null for other types. */
  readonly order: Order | null;
  /** The application's own fields, checked against the event's schema. */
  readonly properties: JsonObject;
}

/**
 * Why a document or event is only counted: the kind of a client that is not a person; `not-collected` after an opt-out
 * or with Global Privacy Control; `dropped` by a limit.
 */
export type CountedKind = Exclude<ClientKind, "human"> | "not-collected" | "dropped";

/**
 * A number of page requests that were only counted and not stored. Each batch of a node contains one count for each
 * kind and hour.
 */
export interface DocumentCount {
  /** UUID v7. A repeated count has the same id. */
  readonly id: string;
  readonly kind: CountedKind;
  /** When the hour began, epoch milliseconds, UTC. */
  readonly hour: number;
  readonly tenant: string | null;
  readonly documents: number;
}
