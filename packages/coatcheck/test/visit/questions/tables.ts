/** Writes the visits of a recount into the sinks' tables, so that questions are tested without a sink. */
import type { VisitEvent } from "../../../src/visit/event.ts";
import { LocalCalendar } from "../../../src/visit/questions/calendar.ts";
import { dayNumber } from "../../../src/visit/questions/request.ts";
import type { Delivered } from "../recount/delivery.ts";
import { typeOf } from "../recount/delivery.ts";
import type { Recount } from "../recount/recount.ts";
import { DAY, HOUR, type Script } from "../recount/script.ts";
import { TIME_ZONE } from "../recount/traffic.ts";
import {
  customerOf,
  entryPageOf,
  exitPageOf,
  isEngaged,
  type Visit,
  visibleTimeOf,
} from "../recount/visits.ts";

type Row = Record<string, string | number | null>;

/** The rows of each table. */
export type Tables = Record<string, Row[]>;

/** Tables that a question may read although no row was written. */
const EMPTY: Tables = {
  coatcheck_daily_metric: [
    {
      tenant: "",
      dimension: "",
      day: 0,
      value: "",
      visits: 0,
      engaged: 0,
      converted: 0,
      visible_time: 0,
      single_request: 0,
      page_views: 0,
      events: 0,
      orders: 0,
      product_view: 0,
      add_to_cart: 0,
      begin_checkout: 0,
      order_completed: 0,
      closed_add_to_cart: 0,
      closed_begin_checkout: 0,
      closed_order_completed: 0,
    },
  ],
  coatcheck_daily_revenue: [{ tenant: "", dimension: "", day: 0, value: "", currency: "", revenue: 0 }],
  coatcheck_daily_visitor: [{ tenant: "", dimension: "", day: 0, value: "", previous_day: 0, visitors: 0 }],
  coatcheck_weekly_cohort: [{ tenant: "", first_week: 0, week: 0, visitors: 0 }],
};

/** A row for the columns alone: no question asks for its tenant. */
const NO_BACKEND_EVENT: Row = {
  event_id: "",
  tenant: "no tenant",
  visitor: -1,
  visit_id: "",
  type: "",
  at: 0,
  local_day: 0,
};

/** Builds the rows. Every day is marked as changed, so that all figures come from the facts. */
export function tablesOf(recount: Recount, script: Script, delivered: readonly Delivered[]): Tables {
  const calendar = new LocalCalendar(TIME_ZONE);
  const days = new Days(calendar);
  const visitors = new Map<string, number>();
  const firstWeek = new Map<string, number>();
  const previousDay = new Map<string, number>();
  const events = new Map(delivered.flatMap(({ batch }) => batch.events).map((event) => [event.id, event]));
  const reports = [...events.values()].filter(({ type }) => type === "page_time");
  const reportsOf = Map.groupBy(reports, ({ page }) => page?.id ?? "");
  const visits: Row[] = [];
  for (const visit of recount.visits) {
    const { visitor, start } = visit;
    const number = visitors.get(visitor) ?? visitors.size + 1;
    visitors.set(visitor, number);
    const day = days.at(start);
    firstWeek.set(visitor, firstWeek.get(visitor) ?? monday(day));
    const during = visit.pages.flatMap(({ id }) => reportsOf.get(id) ?? []);
    visits.push({
      ...visitRow(visit, days),
      events: visit.deeds.length + during.filter(({ at }) => at <= visit.lastActivity).length,
      visitor: number,
      previous_day: previousDay.get(visitor) ?? null,
      first_week: firstWeek.get(visitor) ?? 0,
    });
    previousDay.set(visitor, day);
  }
  const visitOf = new Map(
    recount.visits.flatMap((visit) => visit.deeds.map((deed) => [deed.id, visit] as const)),
  );
  const changed = new Set([
    ...visits.flatMap((row) => Array.from({ length: 3 }, (_, later) => Number(row.local_day) + later)),
    ...recount.orders.map(({ deed }) => days.at(deed.at)),
  ]);
  return {
    ...EMPTY,
    coatcheck_visitor: [...visitors].map(([id, number]) => ({
      number,
      tenant: "",
      id,
      first_visit_at: null,
    })),
    coatcheck_visit: visits,
    coatcheck_visit_journey: recount.visits.map((visit) => ({
      visit_id: visit.id,
      journey: journeyOf(visit),
    })),
    coatcheck_visit_session: recount.visits.flatMap((visit) => sessionRows(visit, visitors)),
    coatcheck_visit_order: recount.orders.map((order) => ({
      tenant: "",
      order_id: order.orderId,
      event_id: order.deed.id,
      visit_id: order.visit?.id ?? null,
      visitor: visitors.get(order.deed.visitor ?? "") ?? null,
      subject: order.deed.customer,
      at: order.deed.at,
      local_day: days.at(order.deed.at),
      revenue: order.revenue,
      currency: order.currency,
      ...sourceColumns("first_", order.frozen?.first),
      ...sourceColumns("last_", order.frozen?.last),
    })),
    coatcheck_visit_event: [...events.values()].map((event) => eventRow(event, visitors)),
    coatcheck_backend_event: [
      NO_BACKEND_EVENT,
      ...[...events.values()]
        .filter(({ origin }) => origin === "backend")
        .map((event) => ({
          event_id: event.id,
          tenant: "",
          visitor: visitors.get(event.visitorId ?? "") ?? null,
          visit_id: visitOf.get(event.id)?.id ?? null,
          type: event.type,
          at: event.at,
          local_day: days.at(event.at),
        })),
    ],
    coatcheck_document_count: script.documents.map(({ kind, at }, index) => ({
      id: String(index),
      tenant: "",
      kind,
      hour: at - (at % HOUR),
      local_day: days.at(at - (at % HOUR)),
      documents: 1,
    })),
    coatcheck_visit_tenant: [{ tenant: "" }],
    coatcheck_dirty_bucket: [...changed].map((day, index) => ({ id: index, tenant: "", day })),
  };
}

class Days {
  readonly #calendar: LocalCalendar;
  readonly #known = new Map<number, number>();

  constructor(calendar: LocalCalendar) {
    this.#calendar = calendar;
  }

  at(time: number): number {
    const quarter = Math.floor(time / (HOUR / 4));
    const day = this.#known.get(quarter) ?? dayNumber(this.#calendar.dateAt(time));
    this.#known.set(quarter, day);
    return day;
  }
}

function monday(day: number): number {
  return day - ((day + 3) % 7);
}

function sourceColumns(prefix: string, source: Visit["source"] | undefined): Row {
  return Object.fromEntries(
    (["channel", "source", "medium", "campaign"] as const).map((name) => [
      prefix + name,
      source?.[name] ?? null,
    ]),
  );
}

function visitRow(visit: Visit, days: Days): Row {
  const { id, start, lastActivity, deeds, pages, client } = visit;
  const orders = deeds.flatMap(({ act }) => (act.do === "order" ? [act] : []));
  const revenue: Record<string, number> = {};
  for (const order of orders) revenue[order.currency] = (revenue[order.currency] ?? 0) + order.revenue;
  return {
    id,
    tenant: "",
    session_id: deeds[0]?.session ?? null,
    subject: customerOf(visit),
    started_at: start,
    last_activity_at: lastActivity,
    local_day: days.at(start),
    last_day: days.at(pages.at(-1)?.at ?? start),
    week: monday(days.at(start)),
    ...sourceColumns("", visit.source),
    ...sourceColumns("last_", visit.lastNonDirect),
    ...sourceColumns("first_", visit.firstTouch),
    referrer: visit.source.referrer,
    entry_page: entryPageOf(visit),
    exit_page: exitPageOf(visit),
    browser: client?.browser ?? null,
    os: client?.os ?? null,
    device: client?.device ?? null,
    country: client?.country ?? null,
    page_views: pages.length,
    visible_time: visibleTimeOf(visit),
    is_engaged: isEngaged(visit) ? 1 : 0,
    ...steps(visit),
    orders: orders.length,
    revenue: JSON.stringify(revenue),
  };
}

function steps({ deeds }: Visit): Row {
  const types = ["product_view", "add_to_cart", "begin_checkout", "order_completed"];
  const at = (type: string) => deeds.find((deed) => typeOf(deed) === type)?.at ?? null;
  const closed: (number | null)[] = [];
  let next = 0;
  for (const type of types) {
    const index = deeds.findIndex((deed, position) => position >= next && typeOf(deed) === type);
    const time = index < 0 ? null : (deeds[index]?.at ?? null);
    if (time === null || time - (closed[0] ?? time) > DAY) break;
    closed.push(time);
    next = index + 1;
  }
  return {
    product_view_at: at("product_view"),
    add_to_cart_at: at("add_to_cart"),
    begin_checkout_at: at("begin_checkout"),
    order_at: at("order_completed"),
    closed_add_to_cart_at: closed[1] ?? null,
    closed_begin_checkout_at: closed[2] ?? null,
    closed_order_at: closed[3] ?? null,
  };
}

function journeyOf({ deeds, pages, start }: Visit): string {
  const seen = new Set<string>();
  return JSON.stringify(
    deeds.flatMap((deed) => {
      if (deed.act.do !== "view") return [[deed.at - start, typeOf(deed)]];
      const isCounted =
        pages.some(({ id, at }) => id === deed.page?.id && at === deed.at) && !seen.has(deed.page?.id ?? "");
      seen.add(deed.page?.id ?? "");
      return isCounted ? [[deed.at - start, "page_view", deed.page?.path ?? null]] : [];
    }),
  );
}

function sessionRows({ id, start, visitor, deeds }: Visit, visitors: ReadonlyMap<string, number>): Row[] {
  const sessions = new Set(deeds.filter(({ isFromBackend }) => !isFromBackend).map(({ session }) => session));
  return [...sessions].flatMap((session) =>
    session === null
      ? []
      : [{ session_id: session, visit_id: id, started_at: start, visitor: visitors.get(visitor) ?? null }],
  );
}

function eventRow(event: VisitEvent, visitors: ReadonlyMap<string, number>): Row {
  return {
    id: event.id,
    type: event.type,
    at: event.at,
    received_at: event.receivedAt,
    is_backend: event.origin === "backend" ? 1 : 0,
    tenant: "",
    visitor: visitors.get(event.visitorId ?? "") ?? null,
    session_id: event.sessionId,
    subject: event.subject,
    page_id: event.page?.id ?? null,
    path: event.page?.path ?? null,
    visible_time: event.visibleTime,
    is_key: event.isKey ? 1 : 0,
    order_id: event.order?.orderId ?? null,
    revenue: event.order?.revenue ?? null,
    currency: event.order?.currency ?? null,
    body: JSON.stringify({ title: event.page?.title ?? undefined, properties: event.properties }),
  };
}
