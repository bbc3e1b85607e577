import { sql } from "kysely";
import { isJsonObject, parseJson } from "../../session/json.ts";
import type { VisitRow } from "../sink/schema.ts";
import type { Revenue } from "./answers.ts";
import type { VisitSource, VisitSummary } from "./timeline-answers.ts";

const SUMMARY_COLUMN_NAMES = [
  "id",
  "tenant",
  "visitor",
  "session_id",
  "subject",
  "started_at",
  "last_activity_at",
  "previous_day",
  "channel",
  "source",
  "medium",
  "campaign",
  "referrer",
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
  "country",
  "device",
  "browser",
  "os",
  "page_views",
  "visible_time",
  "is_engaged",
  "orders",
  "revenue",
] as const satisfies readonly (keyof VisitRow)[];

/** The columns of a visit that its summary needs. */
export type VisitSummaryRow = Pick<VisitRow, (typeof SUMMARY_COLUMN_NAMES)[number]> & {
  readonly visitor_id: string;
};

/** The columns of a visit `v` and its visitor `w`. */
export const VISIT_COLUMNS = sql`${sql.join(SUMMARY_COLUMN_NAMES.map((name) => sql.ref(`v.${name}`)))}, w.id as visitor_id`;

/** Creates the summary of a visit. */
export function toVisitSummary(row: VisitSummaryRow): VisitSummary {
  return {
    id: row.id,
    tenant: row.tenant === "" ? null : row.tenant,
    visitorId: row.visitor_id,
    sessionId: row.session_id,
    subject: row.subject,
    startedAt: new Date(row.started_at).toISOString(),
    lastActivityAt: new Date(row.last_activity_at).toISOString(),
    isFirst: row.previous_day === null,
    entry: sourceOf(row, ""),
    lastNonDirect: sourceOf(row, "last_"),
    firstTouch: sourceOf(row, "first_"),
    referrer: row.referrer,
    entryPage: row.entry_page,
    exitPage: row.exit_page,
    country: row.country,
    device: row.device,
    browser: row.browser,
    os: row.os,
    pageViews: row.page_views,
    visibleTime: row.visible_time,
    isEngaged: row.is_engaged === 1,
    orders: row.orders,
    revenue: parseRevenue(row.revenue),
  };
}

function sourceOf(row: VisitSummaryRow, prefix: "" | "last_" | "first_"): VisitSource {
  return {
    channel: row[`${prefix}channel`],
    source: row[`${prefix}source`],
    medium: row[`${prefix}medium`],
    campaign: row[`${prefix}campaign`],
  };
}

function parseRevenue(json: string): Revenue {
  const parsed = parseJson(json);
  if (!isJsonObject(parsed)) return {};
  return Object.fromEntries(
    Object.entries(parsed).flatMap(([currency, amount]) =>
      typeof amount === "number" ? [[currency, amount]] : [],
    ),
  );
}
