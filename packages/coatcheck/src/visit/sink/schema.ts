import type { Generated } from "kysely";
import type {
  DailyMetricRow,
  DailyRevenueRow,
  DailyVisitorRow,
  DirtyBucketRow,
  HourlyMetricRow,
  WeeklyCohortRow,
} from "./rollup-schema.ts";

/**
 * The tables of the SQL sinks, typed for Kysely. SQLite and PostgreSQL have the same tables and columns.
 *
 * - Times are epoch milliseconds. A **day** is a local day of the installation's time zone, counted from 1 January 1970
 *   (day 0). A **week** is the day number of its Monday.
 * - `tenant` is `''` where an event has none. Tenants are separate: a visitor id that appears in two tenants is two
 *   visitors, with visits of their own.
 * - Booleans are 0 and 1. JSON is text.
 */
export interface VisitTables {
  coatcheck_visitor: VisitorRow;
  coatcheck_visit: VisitRow;
  coatcheck_visit_journey: VisitJourneyRow;
  coatcheck_visit_session: VisitSessionRow;
  coatcheck_visit_order: VisitOrderRow;
  coatcheck_visit_event: VisitEventRow;
  coatcheck_backend_event: BackendEventRow;
  coatcheck_document_count: DocumentCountRow;
  coatcheck_visit_tenant: { tenant: string };
  coatcheck_daily_metric: DailyMetricRow;
  coatcheck_daily_revenue: DailyRevenueRow;
  coatcheck_daily_visitor: DailyVisitorRow;
  coatcheck_hourly_metric: HourlyMetricRow;
  coatcheck_weekly_cohort: WeeklyCohortRow;
  coatcheck_dirty_bucket: DirtyBucketRow;
  coatcheck_visit_setting: { name: string; value: string };
}

/** A browser over time. Deleted 13 months after its last activity. */
export interface VisitorRow {
  /** Primary key. The other tables refer to a visitor by this number, which is smaller than the id. */
  number: Generated<number>;
  tenant: string;
  /** The value of the `visitor_id` cookie. Unique within a tenant. */
  id: string;
  /** Start of the first visit; null until an event has begun one. */
  first_visit_at: number | null;
  /** Week of the first visit; null as above. */
  first_week: number | null;
  /** `at` of the newest event, or up to an hour before it. */
  last_activity_at: number;
}

/** Where a visit, or a visitor's first visit, came from. The names are those of {@link VisitRow}. */
export interface SourceColumns {
  channel: string;
  source: string | null;
  medium: string | null;
  campaign: string | null;
}

/** The facts of one visit. Rewritten whenever an event changes them; a late event may also delete the row. */
export interface VisitRow extends SourceColumns {
  /** Id of the browser event that began the visit (UUID v7). Primary key. */
  id: string;
  tenant: string;
  /** {@link VisitorRow.number} */
  visitor: number;
  /** Session of the first event; null if that has none. All sessions: `coatcheck_visit_session`. */
  session_id: string | null;
  /** The customer: the last subject among the visit's events but beacons, in order of `at` and id. */
  subject: string | null;
  started_at: number;
  /** `at` of the last activity: a browser event. Beacons after the end and backend events do not count. */
  last_activity_at: number;
  /** Day of `started_at`. Visits, visitors, engaged, bounced and converted visits count on it. */
  local_day: number;
  /** Day of the last page view; `local_day` if there is none. Page views of a visit with `last_day > local_day` fall on several days. */
  last_day: number;
  /** Week of `started_at`. */
  week: number;
  /** Day of the visitor's previous visit; null for the first visit ever. Visitors of [a, b]: visits in it with null or `previous_day < a`. */
  previous_day: number | null;
  /** Week of the visitor's first visit, for retention. */
  first_week: number;

  /** `channel`, `source`, `medium`, `campaign`, `term`, `content`, `referrer`, `click_id`: of the first event; `Direct` and nulls without a source. */
  term: string | null;
  content: string | null;
  referrer: string | null;
  click_id: string | null;
  /** Last non-direct: the visit's own source, or for `Direct` that of the visitor's latest non-direct visit that started at most 90 days before. */
  last_channel: string;
  last_source: string | null;
  last_medium: string | null;
  last_campaign: string | null;
  /** Start of the visit that `last_*` comes from; null if that is `Direct`. */
  last_non_direct_at: number | null;
  /** First touch: the source of the visitor's first visit, `Direct` too. */
  first_channel: string;
  first_source: string | null;
  first_medium: string | null;
  first_campaign: string | null;

  /** Path of the page of the first event; of the first page view where the first event has no page. */
  entry_page: string | null;
  /** Path of the last page view; `entry_page` if there is none. */
  exit_page: string | null;
  /** Of the first event that has a page. */
  host: string | null;
  /** `browser`, `os`, `device`, `country`, `city`: of the first event that has a client. */
  browser: string | null;
  os: string | null;
  device: string | null;
  country: string | null;
  city: string | null;

  /** Pages, each page id once. A page view without a page id counts as a page of its own. */
  page_views: number;
  /** All events, `page_time` and repeated page views too. */
  events: number;
  /**
   * Sum of the visible time of the visit's pages in milliseconds. Each beacon counts at most the time since its page
   * began, and nothing later than 48 hours after that.
   */
  visible_time: number;
  /** 1 with at least 2 page views, 10 s of visible time, or a key event. The others bounced. */
  is_engaged: number;

  /** `*_at`: first occurrence of each step of the standard funnel in the visit (open funnel); null if it did not happen. */
  product_view_at: number | null;
  add_to_cart_at: number | null;
  begin_checkout_at: number | null;
  order_at: number | null;
  /**
   * `closed_*_at`: first occurrence after the step before (by `at`, then id), at most 24 h after `product_view_at`
   * (closed funnel). The first step of the closed funnel is `product_view_at`.
   */
  closed_add_to_cart_at: number | null;
  closed_begin_checkout_at: number | null;
  closed_order_at: number | null;

  /** Number of orders. More than zero: converted. */
  orders: number;
  /** JSON object from currency to minor units, such as `{"EUR":1290}`; `{}` without orders. */
  revenue: string;
}

/**
 * The events of a visit in order, for breakdowns by page, journeys and funnels of any events. Deleted with the raw events
 * (90 days).
 */
export interface VisitJourneyRow {
  /** {@link VisitRow.id}. Primary key. */
  visit_id: string;
  /**
   * JSON array of `[milliseconds since started_at, type]`, or `[…, "page_view", path]` for a counted page view. In order
   * of `at` and id. Without `page_time` and repeated page views.
   */
  journey: string;
}

/** The sessions of a visit: those of its browser events. Primary key: session_id, visit_id. */
export interface VisitSessionRow {
  session_id: string;
  visit_id: string;
  started_at: number;
  visitor: number;
}

/** An order. The first event of (tenant, order_id) that arrives is kept; later ones are ignored altogether. */
export interface VisitOrderRow {
  tenant: string;
  order_id: string;
  event_id: string;
  /** Null: "(no visit)". Changes if a late event moves the order to another visit. */
  visit_id: string | null;
  visitor: number | null;
  session_id: string | null;
  subject: string | null;
  at: number;
  /** Day of `at`. Orders and revenue count on it. */
  local_day: number;
  /** Minor units. */
  revenue: number;
  currency: string;
  /** `first_*`, `last_*`: of the order's visit, as they were when the order was stored. Null without a visit. */
  first_channel: string | null;
  first_source: string | null;
  first_medium: string | null;
  first_campaign: string | null;
  last_channel: string | null;
  last_source: string | null;
  last_medium: string | null;
  last_campaign: string | null;
}

/**
 * A raw event, for timelines. Deleted after 90 days. SQLite: index on (visitor, at). PostgreSQL: one partition for each
 * UTC day of `at`, each with that index. Primary key: id (PostgreSQL: at, id).
 */
export interface VisitEventRow {
  id: string;
  type: string;
  at: number;
  received_at: number;
  /** 1 for a backend's event. */
  is_backend: number;
  tenant: string;
  /** {@link VisitorRow.number}; null for a backend's event without a visitor. */
  visitor: number | null;
  session_id: string | null;
  subject: string | null;
  page_id: string | null;
  host: string | null;
  path: string | null;
  visible_time: number | null;
  is_key: number;
  order_id: string | null;
  revenue: number | null;
  currency: string | null;
  /** Set to null after 30 days. */
  user_agent: string | null;
  /** JSON object: `title`, `source`, `client` (without the user agent), `properties`. Members that are null or empty are left out. */
  body: string;
}

/** The visit of a backend's event. Primary key: event_id. Deleted with the raw events. */
export interface BackendEventRow {
  event_id: string;
  tenant: string;
  visitor: number | null;
  /** The visit of the session's latest activity at or before the event; null: "(no visit)". */
  visit_id: string | null;
  type: string;
  at: number;
  local_day: number;
}

/** Documents that were counted only. */
export interface DocumentCountRow {
  id: string;
  tenant: string;
  kind: string;
  /** Start of the hour, epoch milliseconds. */
  hour: number;
  local_day: number;
  documents: number;
}
