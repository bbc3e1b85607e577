import type { JsonObject } from "../../session/json.ts";
import type { Revenue } from "./answers.ts";

/** Where a visit came from. */
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
  /** Session of the first event. */
  readonly sessionId: string | null;
  /** The customer: the last subject that was logged in during the visit. */
  readonly subject: string | null;
  readonly startedAt: string;
  readonly lastActivityAt: string;
  /** Whether it is the visitor's first visit ever. */
  readonly isFirst: boolean;
  /** The visit's own source. */
  readonly entry: VisitSource;
  /** Its last source that was not Direct; Direct if there is none. */
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
  /** Milliseconds; for `page_time` only. */
  readonly visibleTime: number | null;
  readonly isKey: boolean;
  readonly order: { readonly orderId: string; readonly revenue: number; readonly currency: string } | null;
  readonly properties: JsonObject;
}

/** Answer to the question `visitTimeline`. */
export interface VisitTimeline {
  readonly question: "visitTimeline";
  readonly visit: VisitSummary;
  /** Oldest first. Empty once the raw events have been deleted. */
  readonly events: readonly TimelineEvent[];
  /** Cursor of the next page; null on the last one. */
  readonly next: string | null;
}

/** Answer to the question `sessionTimeline`. */
export interface SessionTimeline {
  readonly question: "sessionTimeline";
  /** The visits in which the session has events, oldest first. */
  readonly visits: readonly VisitSummary[];
  /** The session's own events, oldest first. */
  readonly events: readonly TimelineEvent[];
  /** Cursor of the next page; null on the last one. */
  readonly next: string | null;
}

/** Answer to the questions `customerJourney` and `visitorJourney`. */
export interface JourneyAnswer {
  readonly question: "customerJourney" | "visitorJourney";
  /** Of all visits, not only those of this page. Null without visits. */
  readonly totals: JourneyTotals | null;
  /** Newest first. */
  readonly visits: readonly VisitSummary[];
  /** Cursor of the next page; null on the last one. */
  readonly next: string | null;
}

/** Totals of a customer or a visitor. */
export interface JourneyTotals {
  readonly visits: number;
  /** Browsers that the visits came from. */
  readonly visitors: number;
  /**
   * For a customer: the orders that the customer placed, also in a visit during which another customer logged in later.
   */
  readonly orders: number;
  readonly revenue: Revenue;
  /** ISO 8601. */
  readonly firstVisitAt: string;
  /** ISO 8601. */
  readonly lastVisitAt: string;
}
