import type {
  DailyMetricRow,
  DailyRevenueRow,
  DailyVisitorRow,
  DailyWaitRow,
  HourlyMetricRow,
} from "./rollup-schema.ts";
import type { VisitEventRow, VisitOrderRow, VisitRow } from "./schema.ts";

/**
 * The columns of `coatcheck_visit` that change only if the visit's first event or an earlier visit of the visitor
 * changes.
 */
const FIXED_VISIT_COLUMNS = [
  "id",
  "tenant",
  "visitor",
  "session_id",
  "started_at",
  "local_day",
  "week",
] as const satisfies readonly (keyof VisitRow)[];

/** The indexed columns that later events may change. */
export const INDEXED_VISIT_COLUMNS = [
  "subject",
  "last_day",
  "first_week",
] as const satisfies readonly (keyof VisitRow)[];

/** The columns that most events change. */
export const PROGRESS_VISIT_COLUMNS = [
  "last_activity_at",
  "exit_page",
  "page_views",
  "events",
  "visible_time",
  "is_engaged",
  "product_view_at",
  "add_to_cart_at",
  "begin_checkout_at",
  "order_at",
  "closed_add_to_cart_at",
  "closed_begin_checkout_at",
  "closed_order_at",
  "orders",
  "revenue",
] as const satisfies readonly (keyof VisitRow)[];

/** The columns that only late events change. */
export const OTHER_VISIT_COLUMNS = [
  "previous_day",
  "is_second",
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
  "last_non_direct_at",
  "first_channel",
  "first_source",
  "first_medium",
  "first_campaign",
  "entry_page",
  "host",
  "browser",
  "os",
  "device",
  "country",
  "city",
] as const satisfies readonly (keyof VisitRow)[];

/** Every column of `coatcheck_visit`. */
export const VISIT_COLUMNS = [
  ...FIXED_VISIT_COLUMNS,
  ...INDEXED_VISIT_COLUMNS,
  ...PROGRESS_VISIT_COLUMNS,
  ...OTHER_VISIT_COLUMNS,
] as const;

/** Every column of `coatcheck_visit_event`. */
export const EVENT_COLUMNS = [
  "id",
  "type",
  "at",
  "received_at",
  "is_backend",
  "tenant",
  "visitor",
  "session_id",
  "subject",
  "page_id",
  "host",
  "path",
  "visible_time",
  "is_key",
  "order_id",
  "revenue",
  "currency",
  "user_agent",
  "body",
] as const satisfies readonly (keyof VisitEventRow)[];

/** The columns of events from which visits are computed. Omits the user agent, which is long and not needed. */
export const FACT_COLUMNS = EVENT_COLUMNS.map((name) =>
  name === "user_agent" ? "NULL AS user_agent" : name === "received_at" ? "at AS received_at" : name,
).join(", ");

/** Every column of `coatcheck_visit_order`. */
export const ORDER_COLUMNS = [
  "tenant",
  "order_id",
  "event_id",
  "visit_id",
  "visitor",
  "session_id",
  "subject",
  "at",
  "local_day",
  "revenue",
  "currency",
  "first_channel",
  "first_source",
  "first_medium",
  "first_campaign",
  "last_channel",
  "last_source",
  "last_medium",
  "last_campaign",
] as const satisfies readonly (keyof VisitOrderRow)[];

const DAILY_KEY_COLUMNS = ["tenant", "dimension", "day", "value"] as const;

/** Every column of `coatcheck_daily_metric`. */
export const METRIC_COLUMNS = [
  ...DAILY_KEY_COLUMNS,
  "visits",
  "engaged",
  "converted",
  "visible_time",
  "single_request",
  "page_views",
  "events",
  "orders",
  "product_view",
  "add_to_cart",
  "begin_checkout",
  "order_completed",
  "closed_add_to_cart",
  "closed_begin_checkout",
  "closed_order_completed",
] as const satisfies readonly (keyof DailyMetricRow)[];

/** Every column of `coatcheck_daily_revenue`. */
export const REVENUE_COLUMNS = [
  ...DAILY_KEY_COLUMNS,
  "currency",
  "revenue",
] as const satisfies readonly (keyof DailyRevenueRow)[];

/** Every column of `coatcheck_daily_visitor`. */
export const VISITOR_COLUMNS = [
  ...DAILY_KEY_COLUMNS,
  "previous_day",
  "visitors",
  "returning_visitors",
] as const satisfies readonly (keyof DailyVisitorRow)[];

/** Every column of `coatcheck_daily_wait`. */
export const WAIT_COLUMNS = [
  "tenant",
  "mode",
  "step",
  "day",
  "waits",
] as const satisfies readonly (keyof DailyWaitRow)[];

/** Every column of `coatcheck_hourly_metric`. */
export const HOURLY_COLUMNS = [
  "tenant",
  "hour",
  "visits",
  "visitors",
  "engaged",
  "converted",
  "visible_time",
  "page_views",
  "orders",
  "revenue",
] as const satisfies readonly (keyof HourlyMetricRow)[];

type UnlistedVisitColumn = Exclude<keyof VisitRow, (typeof VISIT_COLUMNS)[number]>;
/** Causes a compile error if a column of the visit is missing from the lists above. */
export const EVERY_COLUMN_IS_LISTED: UnlistedVisitColumn extends never ? true : UnlistedVisitColumn = true;
