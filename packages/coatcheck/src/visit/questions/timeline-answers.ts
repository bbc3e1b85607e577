import type { JsonObject } from "../../session/json.ts";
import type { Revenue } from "./answers.ts";

/** The source of a visit. */
export interface VisitSource {
  readonly channel: string;
  readonly source: string | null;
  readonly medium: string | null;
  readonly campaign: string | null;
}

/** One visit. Times are ISO 8601. */
export interface VisitSummary {
  readonly id: string;
  readonly tenant: string | null;
  readonly visitorId: string;
  /** Session of the visit's first event. */
  readonly sessionId: string | null;
  /** The customer: the last subject that was logged in during the visit. */
  readonly subject: string | null;
  readonly startedAt: string;
  readonly lastActivityAt: string;
  /** Whether this is the visitor's first visit. */
  readonly isFirst: boolean;
  /** The visit's own source. */
  readonly entry: VisitSource;
  /** The last source that was not Direct; Direct if there was none. */
  readonly lastNonDirect: VisitSource;
  /** The source of the visitor's first visit. */
  readonly firstTouch: VisitSource;
  readonly referrer: string | null;
  readonly entryPage: string | null;
  readonly exitPage: string | null;
  readonly country: string | null;
  readonly device: string | null;
  readonly browser: string | null;
  readonly os: string | null;
  readonly pageViews: number;
  /** Milliseconds. */
  readonly visibleTime: number;
  readonly isEngaged: boolean;
  readonly orders: number;
  readonly revenue: Revenue;
}

/** One event of a timeline. */
export interface TimelineEvent {
  readonly id: string;
  readonly type: string;
  /** ISO 8601. */
  readonly at: string;
  readonly origin: "browser" | "backend";
  readonly sessionId: string | null;
  readonly subject: string | null;
  readonly page: { readonly path: string; readonly title: string | null } | null;
  /** Milliseconds. Null unless the type is `page_time`. */
  readonly visibleTime: number | null;
  readonly isKey: boolean;
  readonly order: { readonly orderId: string; readonly revenue: number; readonly currency: string } | null;
  readonly properties: JsonObject;
}

/** Answer of `questions.visitTimeline()`. */
export interface VisitTimeline {
  readonly question: "visitTimeline";
  readonly visit: VisitSummary;
  /** Oldest first. Empty after the raw events have been deleted. */
  readonly events: readonly TimelineEvent[];
  /** Cursor of the next page; null on the last one. */
  readonly next: string | null;
}

/** Answer of `questions.sessionTimeline()`. */
export interface SessionTimeline {
  readonly question: "sessionTimeline";
  /** The visits that contain events of the session, oldest first. */
  readonly visits: readonly VisitSummary[];
  /** The session's own events, oldest first. */
  readonly events: readonly TimelineEvent[];
  /** Cursor of the next page; null on the last one. */
  readonly next: string | null;
}

/** Answer of `questions.customerJourney()` and `questions.visitorJourney()`. */
export interface JourneyAnswer {
  readonly question: "customerJourney" | "visitorJourney";
  /** Totals of all visits, not only of the visits on this page. Null if there are no visits. */
  readonly totals: JourneyTotals | null;
  /** Newest first. */
  readonly visits: readonly VisitSummary[];
  /** Cursor of the next page; null on the last one. */
  readonly next: string | null;
}

/** Totals of a customer or a visitor. */
export interface JourneyTotals {
  readonly visits: number;
  /** Number of browsers that made the visits. */
  readonly visitors: number;
  /**
   * For a customer: all orders that the customer placed, even in a visit during which another customer logged in
   * later.
   */
  readonly orders: number;
  readonly revenue: Revenue;
  /** ISO 8601. */
  readonly firstVisitAt: string;
  /** ISO 8601. */
  readonly lastVisitAt: string;
}
