import type { Generated } from "kysely";

/**
 * The dimensions of the daily rollups. `''` is the total.
 *
 * - `channel` … `city`: the column of {@link VisitRow} with that name; `first_*`: first touch; `last_*`: last non-direct.
 * - `page`: path of page views. `visits`, `engaged`, `converted` and the funnel: of visits that viewed the page.
 *   It has no rows in `coatcheck_daily_visitor`, and orders and revenue are 0.
 * - `event`: type of event. `events` is their number, `visits` the visits with such an event. As for `page`.
 */
export const ROLLUP_DIMENSIONS = [
  "",
  "channel",
  "source",
  "medium",
  "campaign",
  "term",
  "content",
  "referrer",
  "click_id",
  "last_channel",
  "last_source",
  "last_medium",
  "last_campaign",
  "first_channel",
  "first_source",
  "first_medium",
  "first_campaign",
  "entry_page",
  "exit_page",
  "host",
  "browser",
  "os",
  "device",
  "country",
  "city",
  "page",
  "event",
] as const;

/** One of {@link ROLLUP_DIMENSIONS}. */
export type RollupDimension = (typeof ROLLUP_DIMENSIONS)[number];

/** `value` of figures that belong to no visit: orders and backend events of sessions without a visit. */
export const NO_VISIT = "(no visit)";

/** Figures of one day and dimension value. Primary key: tenant, dimension, day, value. */
export interface DailyMetricRow {
  tenant: string;
  dimension: RollupDimension;
  day: number;
  /** The first 512 code points. `''` where the visit has no such value, and for the total. May be {@link NO_VISIT}. */
  value: string;
  /**
   * Visits that started on the day. The same holds for `engaged`, `converted`, `visible_time`, `single_request` and the
   * funnel.
   */
  visits: number;
  engaged: number;
  /** Visits with at least one order. */
  converted: number;
  visible_time: number;
  /** First visits ever that consist of one event. Their visitors may be people without cookies. */
  single_request: number;
  /** Page views of the day, whenever their visit started. */
  page_views: number;
  /** Events of visits that started on the day, all types. For `event`: of that type, and backend events without a visit on their own day. */
  events: number;
  /** Orders of the day, whenever their visit started. */
  orders: number;
  /** Open funnel: visits with the step. */
  product_view: number;
  add_to_cart: number;
  begin_checkout: number;
  order_completed: number;
  /** Closed funnel, whose first step is `product_view`. */
  closed_add_to_cart: number;
  closed_begin_checkout: number;
  closed_order_completed: number;
}

/** Revenue of one day, dimension value and currency. Primary key: tenant, dimension, day, value, currency. */
export interface DailyRevenueRow {
  tenant: string;
  dimension: RollupDimension;
  day: number;
  value: string;
  currency: string;
  /** Minor units. Of orders of the day. */
  revenue: number;
}

/**
 * Visits of a day that are the visitor's first on that day, by the day of the visitor's previous visit. Visitors of [a, b]:
 * the sum over days in it with `previous_day < a`; new visitors: with `previous_day = NEVER`. Primary key: tenant,
 * dimension, day, value, previous_day.
 */
export interface DailyVisitorRow {
  tenant: string;
  dimension: RollupDimension;
  day: number;
  value: string;
  /** Earlier than `day`; {@link NO_PREVIOUS_DAY} for the first visit ever. */
  previous_day: number;
  visitors: number;
}

/** `previous_day` in the rollup for a visitor's first visit ever. A number below every day's. */
export const NO_PREVIOUS_DAY = -1_000_000;

/** Figures of one local hour, without dimensions. Primary key: tenant, hour. */
export interface HourlyMetricRow {
  tenant: string;
  /** Start of the local hour, epoch milliseconds. The two equal hours of a 25-hour day are two rows. */
  hour: number;
  /** Visits that started in the hour, and so for `visitors` (distinct), `engaged`, `converted`, `visible_time`. */
  visits: number;
  visitors: number;
  engaged: number;
  converted: number;
  visible_time: number;
  /** Page views and orders of the hour. */
  page_views: number;
  orders: number;
  /** JSON object from currency to minor units. */
  revenue: string;
}

/** Retention. Primary key: tenant, first_week, week. */
export interface WeeklyCohortRow {
  tenant: string;
  /** The cohort: week of the visitors' first visit. */
  first_week: number;
  week: number;
  /** Distinct visitors of the cohort that began a visit in `week`. For `week = first_week`: the size of the cohort. */
  visitors: number;
}

/**
 * A day whose rollups have to be recomputed, with its hours and its week. A day can have several rows: each write adds
 * its own, so that a recomputation deletes only the rows whose changes it saw.
 */
export interface DirtyBucketRow {
  id: Generated<number>;
  tenant: string;
  day: number;
}
