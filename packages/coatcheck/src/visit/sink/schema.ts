import type { Generated } from "kysely";
import type {
  DailyMetricRow,
  DailyRevenueRow,
  DailyVisitorRow,
  DailyWaitRow,
  DirtyBucketRow,
  HourlyMetricRow,
  WeeklyCohortRow,
} from "./rollup-schema.ts";

/**
 * The tables of the SQL sinks, typed for Kysely. SQLite and PostgreSQL have the same tables and columns.
 *
 * - Times are epoch milliseconds. A **day** is a local day of the installation's time zone, counted from 1 January 1970
 *   (day 0). A **week** is the day number of its Monday.
 * - `tenant` is `''` where an event has none. Tenants are separate: the same visitor id in two tenants means two
 *   visitors with separate visits.
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
  coatcheck_daily_wait: DailyWaitRow;
  coatcheck_hourly_metric: HourlyMetricRow;
  coatcheck_weekly_cohort: WeeklyCohortRow;
  coatcheck_dirty_bucket: DirtyBucketRow;
  coatcheck_visit_setting: { name: string; value: string };
}

/** A browser, identified by a cookie. Deleted 13 months after its last activity. */
export interface VisitorRow {
  /** Primary key. Other tables refer to a visitor by this number, because it is shorter than the id. */
  number: Generated<number>;
  tenant: string;
  /** The value of the `visitor_id` cookie. Unique within a tenant. */
  id: string;
  /** Start of the first visit; null until a visit has begun. */
  first_visit_at: number | null;
  /** Week of the first visit; null until a visit has begun. */
  first_week: number | null;
  /** `at` of the newest event. May be up to an hour too early. */
  last_activity_at: number;
}

/** The source of a visit or of a visitor's first visit. The columns have the same names as in {@link VisitRow}. */
export interface SourceColumns {
  channel: string;
  source: string | null;
  medium: string | null;
  campaign: string | null;
}

/** One visit, computed from its events. An event can change the row; a late event can also delete it. */
export interface VisitRow extends SourceColumns {
  /** Id of the browser event that began the visit (UUID v7). Primary key. */
  id: string;
  tenant: string;
  /** {@link VisitorRow.number} */
  visitor: number;
  /**
   * Session of the first event; null if the first event has no session. `coatcheck_visit_session` contains all
   * sessions.
   */
  session_id: string | null;
  /** The customer: the last subject among the visit's events except beacons, ordered by `at` and id. */
  subject: string | null;
  started_at: number;
  /**
   * `at` of the last activity, which is a browser event. Backend events, and beacons after the visit's end, are not
   * activity.
   */
  last_activity_at: number;
  /** Local day of `started_at`. Visits, visitors, engaged, bounced and converted visits belong to this day. */
  local_day: number;
  /**
   * Local day of the last page view; `local_day` if there is none. If `last_day > local_day`, the page views belong
   * to several days.
   */
  last_day: number;
  /** Week of `started_at`. */
  week: number;
  /**
   * Local day of the visitor's previous visit; null for the visitor's first visit. The number of visitors in a range of
   * days from a to b is the number of visits in that range whose `previous_day` is null or less than a.
   */
  previous_day: number | null;
  /**
   * 1 for the visitor's second visit. The number of returning visitors in a range of days from a to b is the number of
   * visits in that range whose `is_second` is 1 or whose `previous_day` is less than a. The visit before a third or
   * later visit is never the visitor's first one.
   */
  is_second: number;
  /** Week of the visitor's first visit, for retention. */
  first_week: number;

  /**
   * `channel`, `source`, `medium`, `campaign`, `term`, `content`, `referrer`, `click_id`: the source of the first
   * event; `Direct` and nulls if it has no source.
   */
  term: string | null;
  content: string | null;
  referrer: string | null;
  click_id: string | null;
  /**
   * Last non-direct source: the visit's own source. If that is `Direct`: the source of the visitor's latest
   * non-direct visit that started at most 90 days earlier.
   */
  last_channel: string;
  last_source: string | null;
  last_medium: string | null;
  last_campaign: string | null;
  /** Start of the visit that the `last_*` columns are copied from; null if they are `Direct`. */
  last_non_direct_at: number | null;
  /** First touch: the source of the visitor's first visit. May be `Direct`. */
  first_channel: string;
  first_source: string | null;
  first_medium: string | null;
  first_campaign: string | null;

  /** Path of the first event's page. If the first event has no page, path of the first page view. */
  entry_page: string | null;
  /** Path of the last page view; `entry_page` if there is none. */
  exit_page: string | null;
  /** Host of the first event that has a page. */
  host: string | null;
  /** `browser`, `os`, `device`, `country`, `city`: copied from the first event with a client. */
  browser: string | null;
  os: string | null;
  device: string | null;
  country: string | null;
  city: string | null;

  /** Number of page views. Each page id is counted once; a page view without a page id is always counted. */
  page_views: number;
  /** Number of all events, including `page_time` and repeated page views. */
  events: number;
  /**
   * Sum of the visible times of the visit's pages, in milliseconds. Each beacon adds at most the time since its page
   * was opened. A beacon that arrives more than 48 hours after the opening adds nothing.
   */
  visible_time: number;
  /** 1 if the visit has at least 2 page views, 10 s of visible time, or a key event. Other visits have bounced. */
  is_engaged: number;

  /**
   * `*_at`, for the open funnel: when each step of the standard funnel first happened in the visit; null if it did not
   * happen.
   */
  product_view_at: number | null;
  add_to_cart_at: number | null;
  begin_checkout_at: number | null;
  order_at: number | null;
  /**
   * `closed_*_at`, for the closed funnel: time of the step's first occurrence after the previous step (by `at`, then
   * id), at most 24 h after `product_view_at`. The first step of the closed funnel is `product_view_at`.
   */
  closed_add_to_cart_at: number | null;
  closed_begin_checkout_at: number | null;
  closed_order_at: number | null;

  /** Number of orders. If it is positive, the visit is converted. */
  orders: number;
  /** JSON object from currency to minor units, such as `{"EUR":1290}`; `{}` if there are no orders. */
  revenue: string;
}

/**
 * The events of a visit in order. Used for page breakdowns, journeys and custom funnels. Deleted with the raw events,
 * after 90 days.
 */
export interface VisitJourneyRow {
  /** {@link VisitRow.id}. Primary key. */
  visit_id: string;
  /**
   * JSON array of `[milliseconds since started_at, type]`, or `[…, "page_view", path]` for a counted page view.
   * Ordered by `at` and id. Excludes `page_time` and repeated page views.
   */
  journey: string;
}

/** A session of a visit. Only browser events link sessions to visits. Primary key: session_id, visit_id. */
export interface VisitSessionRow {
  session_id: string;
  visit_id: string;
  started_at: number;
  visitor: number;
}

/** An order. The first event of (tenant, order_id) that arrives is stored; later events are ignored completely. */
export interface VisitOrderRow {
  tenant: string;
  order_id: string;
  event_id: string;
  /** The order's visit. Null means "(no visit)". Changes if a late event moves the order to another visit. */
  visit_id: string | null;
  visitor: number | null;
  session_id: string | null;
  subject: string | null;
  at: number;
  /** Local day of `at`. The order and its revenue belong to this day. */
  local_day: number;
  /** Minor units. */
  revenue: number;
  currency: string;
  /** `first_*`, `last_*`: copied from the order's visit when the order was stored. Null if it had no visit. */
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
 * A raw event. Timelines contain it, and visits are computed from it. Deleted after 90 days. SQLite: index on (visitor,
 * at). PostgreSQL: one partition for each UTC day of `at`, each with an index on (visitor, at). Primary key: id
 * (PostgreSQL: at, id).
 */
export interface VisitEventRow {
  id: string;
  type: string;
  at: number;
  received_at: number;
  /** 1 for an event that a backend reported. */
  is_backend: number;
  tenant: string;
  /** {@link VisitorRow.number}; null for a backend event without a visitor. */
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
  /**
   * JSON object: `title`, `source`, `client` (without the user agent), `properties`. Members that are null or empty are
   * left out.
   */
  body: string;
}

/** The visit of a backend event. Primary key: event_id. Deleted with the raw events. */
export interface BackendEventRow {
  event_id: string;
  tenant: string;
  visitor: number | null;
  /** The visit of the session's latest activity at or before the event. Null means "(no visit)". */
  visit_id: string | null;
  type: string;
  at: number;
  local_day: number;
}

/** The number of page requests that were only counted and not stored. */
export interface DocumentCountRow {
  id: string;
  tenant: string;
  kind: string;
  /** Start of the hour, epoch milliseconds. */
  hour: number;
  local_day: number;
  documents: number;
}
