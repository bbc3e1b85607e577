import type { Generated } from "kysely";

/**
 * The dimensions of the daily rollups. `''` is the total.
 *
 * - `channel` … `city`: the {@link VisitRow} column of the same name; `first_*`: source of the visitor's first visit;
 *   `last_*`: last non-direct source.
 * - `page`: path of page views. `visits`, `engaged`, `converted` and the funnel count visits that viewed the page.
 *   `coatcheck_daily_visitor` has no rows for it, and orders and revenue are 0.
 * - `event`: type of event. `events` is the number of these events, `visits` the number of visits that contain one. The
 *   other columns have the same meaning as for `page`.
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

/** The `value` for orders and backend events that belong to no visit. */
export const NO_VISIT = "(no visit)";

/** Statistics of one day and one value of a dimension. Primary key: tenant, dimension, day, value. */
export interface DailyMetricRow {
  tenant: string;
  dimension: RollupDimension;
  day: number;
  /**
   * The first 512 code points of the value. `''` for the total, and for visits without a value. May be
   * {@link NO_VISIT}.
   */
  value: string;
  /**
   * Number of visits that started on the day. `engaged`, `converted`, `visible_time`, `single_request` and the funnel
   * also refer to these visits.
   */
  visits: number;
  engaged: number;
  /** Number of visits with at least one order. */
  converted: number;
  visible_time: number;
  /**
   * Number of first visits that consist of a single event. Their visitors may be people whose browser rejects
   * cookies.
   */
  single_request: number;
  /** Number of page views on the day, even if their visit started earlier. */
  page_views: number;
  /**
   * Number of events of all types in visits that started on the day. For the dimension `event`: events of the type,
   * including backend events of the day without a visit.
   */
  events: number;
  /** Number of orders on the day, even if their visit started earlier. */
  orders: number;
  /** Open funnel: number of visits with this step. */
  product_view: number;
  add_to_cart: number;
  begin_checkout: number;
  order_completed: number;
  /** Closed funnel: number of visits with this step after the previous one. Its first step is `product_view`. */
  closed_add_to_cart: number;
  closed_begin_checkout: number;
  closed_order_completed: number;
}

/**
 * Revenue of one day, one value of a dimension and one currency. Primary key: tenant, dimension, day, value,
 * currency.
 */
export interface DailyRevenueRow {
  tenant: string;
  dimension: RollupDimension;
  day: number;
  value: string;
  currency: string;
  /** Revenue of the day's orders, in minor units. */
  revenue: number;
}

/**
 * The number of visitors on a day, by the day of their previous visit. The visitors of a range of days from a to b
 * are the sum over its days with `previous_day < a`; new visitors are those with `previous_day = NO_PREVIOUS_DAY`.
 * Primary key: tenant, dimension, day, value, previous_day.
 */
export interface DailyVisitorRow {
  tenant: string;
  dimension: RollupDimension;
  day: number;
  value: string;
  /**
   * The day of the previous visit, earlier than `day`. {@link NO_PREVIOUS_DAY} if this is the visitor's first visit.
   */
  previous_day: number;
  visitors: number;
  /**
   * The number of returning visitors, by the day of the visitor's previous visit. The first visit ever does not count
   * as a previous visit, so a second visit is counted under {@link NO_PREVIOUS_DAY}. The returning visitors of a range
   * of days from a to b are the sum over its days with `previous_day < a`.
   */
  returning_visitors: number;
}

/** The `previous_day` in rollups for a visitor's first visit. It is less than the number of any day. */
export const NO_PREVIOUS_DAY = -1_000_000;

/**
 * How long the visits of one day waited between two steps of the standard funnel. Medians cannot be computed from the
 * medians of days, so all waiting times are stored. Primary key: tenant, mode, step, day.
 */
export interface DailyWaitRow {
  tenant: string;
  mode: "closed" | "open";
  /** Index of the earlier step, from 0. */
  step: number;
  /** Day on which the visits started. */
  day: number;
  /** JSON array of milliseconds in ascending order, one for each visit that did the step and then the next one. */
  waits: string;
}

/** Statistics of one local hour, without dimensions. Primary key: tenant, hour. */
export interface HourlyMetricRow {
  tenant: string;
  /** Start of the local hour, epoch milliseconds. When the clocks go back, the repeated hour has a row of its own. */
  hour: number;
  /**
   * Number of visits that started in the hour. `visitors` (distinct), `engaged`, `converted` and `visible_time` also
   * refer to these visits.
   */
  visits: number;
  visitors: number;
  engaged: number;
  converted: number;
  visible_time: number;
  /**
   * Number of page views in the hour, even if their visit started earlier. `orders` and `revenue` also count what
   * happened in the hour.
   */
  page_views: number;
  orders: number;
  /** JSON object from currency to minor units. */
  revenue: string;
}

/** Number of visitors who return in a later week (retention). Primary key: tenant, first_week, week. */
export interface WeeklyCohortRow {
  tenant: string;
  /** The cohort: the week of the visitors' first visit. */
  first_week: number;
  week: number;
  /**
   * Number of the cohort's visitors who began a visit in `week`. If `week = first_week`, this is the size of the
   * cohort.
   */
  visitors: number;
}

/**
 * A day whose rollups (precomputed statistics) have to be recomputed, with its hours and its week. Each write adds a
 * row, so a day can have several rows. A recomputation deletes only the rows of the changes that it has read.
 */
export interface DirtyBucketRow {
  id: Generated<number>;
  tenant: string;
  day: number;
}
