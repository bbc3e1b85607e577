import type { JsonObject } from "../session/json.ts";
import type { VisitSource as Source } from "../session/recorded-visit.ts";

export type { Source };

/** What kind of client sent a request, judged by its `User-Agent`. Only people are visitors; the others are counted. */
export type ClientKind = "human" | "bot" | "ai-agent" | "tool" | "suspected";

/**
 * The events that every shop has. `page_view` and `page_time` are made by Coatcheck. The application tracks the others, and
 * may define its own.
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

/** The standard events that make a visit an engaged one. */
export const KEY_EVENTS: readonly string[] = ["add_to_cart", "begin_checkout", "login", "order_completed"];

/** The page that an event belongs to. */
export interface EventPage {
  /** UUID that the document and its script share, so that a page is counted once; null for a backend's event. */
  readonly id: string | null;
  /** Host without port, lower case. */
  readonly host: string | null;
  /** Path without query, at most 1024 characters. */
  readonly path: string;
  readonly title: string | null;
}

/** The client of a visit, as far as the privacy mode keeps it. */
export interface EventClient {
  readonly browser: string | null;
  readonly os: string | null;
  readonly device: string | null;
  readonly country: string | null;
  readonly city: string | null;
  /** The whole header, deleted after 30 days; null where the privacy mode does not keep it. */
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

/** Something that a visitor did. Immutable. All times are epoch milliseconds of the server's clock. */
export interface VisitEvent {
  /** UUID v7; for an order, derived from tenant and order id. An event that arrives twice has the same id. */
  readonly id: string;
  /** A {@link StandardEvent} or a name that the application defined. */
  readonly type: string;
  /** When it happened. A beacon reports how long ago; the server's clock decides. */
  readonly at: number;
  /** When the server received it. Never before `at`. */
  readonly receivedAt: number;
  /** `browser` extends and begins visits. `backend`, such as a webhook, does neither: it joins the session's last visit. */
  readonly origin: "browser" | "backend";
  /** Null only for a backend's event of a session without a visitor. */
  readonly visitorId: string | null;
  readonly sessionId: string | null;
  /** The subject that the session was logged in as at that time. */
  readonly subject: string | null;
  readonly tenant: string | null;
  readonly page: EventPage | null;
  /** For `page_time`: milliseconds that the page was visible since its last beacon. Null for others. */
  readonly visibleTime: number | null;
  /** Where this page came from. It becomes the visit's source if the event begins a visit, and is ignored otherwise. */
  readonly source: Source | null;
  readonly client: EventClient | null;
  /** Whether it makes the visit an engaged one. */
  readonly isKey: boolean;
  /** For `order_completed`. */
  readonly order: Order | null;
  /** The application's own fields, checked against the event's schema. */
  readonly properties: JsonObject;
}

/**
 * Why documents or events were counted only: requests of a client that is not a person, `not-collected` after an
 * opt-out or with Global Privacy Control, `dropped` by a limit.
 */
export type CountedKind = Exclude<ClientKind, "human"> | "not-collected" | "dropped";

/** A number of documents that were counted and not stored. A node sends one for each kind and hour with each batch. */
export interface DocumentCount {
  /** UUID v7. A count that arrives twice has the same id. */
  readonly id: string;
  readonly kind: CountedKind;
  /** When the hour began, epoch milliseconds, UTC. */
  readonly hour: number;
  readonly tenant: string | null;
  readonly documents: number;
}
