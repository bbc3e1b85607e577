import type { LocalTime } from "../facts/local-time.ts";
import type { VisitEventRow, VisitOrderRow, VisitRow } from "./schema.ts";

/** Creates the row of an order. The sources of its visit at this moment are copied to it. */
export function orderRowOf(event: VisitEventRow, visit: VisitRow | null, time: LocalTime): VisitOrderRow {
  return {
    tenant: event.tenant,
    order_id: event.order_id ?? "",
    event_id: event.id,
    visit_id: visit?.id ?? null,
    visitor: event.visitor,
    session_id: event.session_id,
    subject: event.subject,
    at: event.at,
    local_day: time.dayOf(event.at),
    revenue: event.revenue ?? 0,
    currency: event.currency ?? "",
    first_channel: visit?.first_channel ?? null,
    first_source: visit?.first_source ?? null,
    first_medium: visit?.first_medium ?? null,
    first_campaign: visit?.first_campaign ?? null,
    last_channel: visit?.last_channel ?? null,
    last_source: visit?.last_source ?? null,
    last_medium: visit?.last_medium ?? null,
    last_campaign: visit?.last_campaign ?? null,
  };
}
