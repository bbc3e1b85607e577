import type { VisitEventRow, VisitRow } from "../sink/schema.ts";
import { type AssignedVisit, compareTimes, type EventOfVisit } from "./assign.ts";
import { clientOf, sourceOf } from "./event-row.ts";
import { closedFunnelTimes, openFunnelTimes } from "./funnel.ts";
import { type LocalTime, weekOf } from "./local-time.ts";

/** Maximum age of the source to which a direct visit is attributed, in milliseconds. */
export const NON_DIRECT_WINDOW = 90 * 24 * 3_600_000;

/** The channel of visits without a source. */
export const DIRECT_CHANNEL = "Direct";

/** A visit with this many page views, or with this visible time in milliseconds, is engaged. */
const MIN_ENGAGED_PAGE_VIEWS = 2;
const MIN_ENGAGED_TIME = 10_000;

/** The row of a visit, and the other rows that belong to this visit only. */
export interface VisitFacts {
  readonly row: VisitRow;
  readonly sessions: readonly string[];
  readonly journey: string;
}

/** A visit's visitor, and the visitor's previous visit. */
export interface VisitContext {
  readonly tenant: string;
  readonly visitor: number;
  /** Null for the visitor's first visit. */
  readonly previous: VisitRow | null;
  readonly time: LocalTime;
}

/**
 * Computes the stored facts of a visit, such as source, page views and orders, from its events and the visitor's
 * previous visit.
 */
export function factsOf(visit: AssignedVisit, context: VisitContext): VisitFacts {
  const parts = sortParts(visit.parts);
  const events = parts.map(({ event }) => event);
  const row: VisitRow = {
    ...originColumns(visit, context),
    subject: customerOf(events),
    last_activity_at: visit.lastActivityAt,
    ...pagesOf(parts, visit.first, context.time),
    ...clientColumns(events),
    ...activityOf(parts),
    ...funnelColumns(events),
    ...ordersOf(events),
  };
  return { row, sessions: [...visit.sessions], journey: journeyOf(parts, visit.first.at) };
}

/** Sorts the parts by `at` and id. Most visits are already sorted. */
function sortParts(parts: readonly EventOfVisit[]): readonly EventOfVisit[] {
  const isSorted = parts.every(
    ({ event }, index) => index === 0 || compareTimes((parts[index - 1] as EventOfVisit).event, event) < 0,
  );
  return isSorted ? parts : parts.toSorted((left, right) => compareTimes(left.event, right.event));
}

type OriginColumns = Pick<
  VisitRow,
  | "id"
  | "tenant"
  | "visitor"
  | "session_id"
  | "started_at"
  | "local_day"
  | "week"
  | "previous_day"
  | "is_second"
  | "first_week"
  | "channel"
  | "source"
  | "medium"
  | "campaign"
  | "term"
  | "content"
  | "referrer"
  | "click_id"
  | "last_channel"
  | "last_source"
  | "last_medium"
  | "last_campaign"
  | "last_non_direct_at"
  | "first_channel"
  | "first_source"
  | "first_medium"
  | "first_campaign"
>;

function originColumns(
  { first }: AssignedVisit,
  { tenant, visitor, previous, time }: VisitContext,
): OriginColumns {
  const source = sourceOf(first);
  const day = time.dayOf(first.at);
  const own = {
    channel: source?.channel ?? DIRECT_CHANNEL,
    source: source?.source ?? null,
    medium: source?.medium ?? null,
    campaign: source?.campaign ?? null,
  };
  return {
    id: first.id,
    tenant,
    visitor,
    session_id: first.session_id,
    started_at: first.at,
    local_day: day,
    week: weekOf(day),
    previous_day: previous?.local_day ?? null,
    is_second: previous && previous.previous_day === null ? 1 : 0,
    first_week: previous?.first_week ?? weekOf(day),
    ...own,
    term: source?.term ?? null,
    content: source?.content ?? null,
    referrer: source?.referrer ?? null,
    click_id: source?.clickId ?? null,
    ...lastNonDirectOf(own, first.at, previous),
    first_channel: previous ? previous.first_channel : own.channel,
    first_source: previous ? previous.first_source : own.source,
    first_medium: previous ? previous.first_medium : own.medium,
    first_campaign: previous ? previous.first_campaign : own.campaign,
  };
}

/**
 * Returns the visit's own source. For a direct visit, returns the source of the previous visit if it is recent
 * enough.
 */
function lastNonDirectOf(
  own: Pick<VisitRow, "channel" | "source" | "medium" | "campaign">,
  startedAt: number,
  previous: VisitRow | null,
) {
  const rememberedAt = previous?.last_non_direct_at ?? null;
  if (
    own.channel === DIRECT_CHANNEL &&
    rememberedAt !== null &&
    startedAt - rememberedAt <= NON_DIRECT_WINDOW
  ) {
    return {
      last_channel: previous?.last_channel ?? DIRECT_CHANNEL,
      last_source: previous?.last_source ?? null,
      last_medium: previous?.last_medium ?? null,
      last_campaign: previous?.last_campaign ?? null,
      last_non_direct_at: rememberedAt,
    };
  }
  return {
    last_channel: own.channel,
    last_source: own.source,
    last_medium: own.medium,
    last_campaign: own.campaign,
    last_non_direct_at: own.channel === DIRECT_CHANNEL ? null : startedAt,
  };
}

function pagesOf(parts: readonly EventOfVisit[], first: VisitEventRow, time: LocalTime) {
  const views = parts.filter(({ isPageView }) => isPageView).map(({ event }) => event);
  const lastView = views.at(-1);
  const entry = first.path ?? views[0]?.path ?? null;
  return {
    page_views: views.length,
    last_day: time.dayOf((lastView ?? first).at),
    entry_page: entry,
    exit_page: lastView?.path ?? entry,
    host: parts.find(({ event }) => event.host !== null)?.event.host ?? null,
  };
}

function clientColumns(events: readonly VisitEventRow[]) {
  for (const event of events) {
    const client = clientOf(event);
    if (!client) continue;
    const { browser, os, device, country, city } = client;
    return { browser, os, device, country, city };
  }
  return { browser: null, os: null, device: null, country: null, city: null };
}

function activityOf(parts: readonly EventOfVisit[]) {
  let visibleTime = 0;
  let pageViews = 0;
  let hasKeyEvent = false;
  for (const part of parts) {
    visibleTime += part.visibleTime;
    if (part.isPageView) pageViews++;
    if (part.event.is_key) hasKeyEvent = true;
  }
  const isEngaged = pageViews >= MIN_ENGAGED_PAGE_VIEWS || visibleTime >= MIN_ENGAGED_TIME || hasKeyEvent;
  return { events: parts.length, visible_time: visibleTime, is_engaged: isEngaged ? 1 : 0 };
}

/** Returns the last subject of the visit. Ignores beacons, which may arrive when another customer is logged in. */
function customerOf(events: readonly VisitEventRow[]): string | null {
  return events.findLast(({ subject, type }) => subject !== null && type !== "page_time")?.subject ?? null;
}

function funnelColumns(events: readonly VisitEventRow[]) {
  const [productView = null, addToCart = null, beginCheckout = null, order = null] = openFunnelTimes(events);
  const [, closedAddToCart = null, closedBeginCheckout = null, closedOrder = null] =
    closedFunnelTimes(events);
  return {
    product_view_at: productView,
    add_to_cart_at: addToCart,
    begin_checkout_at: beginCheckout,
    order_at: order,
    closed_add_to_cart_at: closedAddToCart,
    closed_begin_checkout_at: closedBeginCheckout,
    closed_order_at: closedOrder,
  };
}

function ordersOf(events: readonly VisitEventRow[]) {
  const orders = events.filter(({ order_id }) => order_id !== null);
  return { orders: orders.length, revenue: revenueOf(orders) };
}

/** Returns the revenue of orders as JSON, by currency in alphabetical order. */
export function revenueOf(
  orders: readonly { readonly currency: string | null; readonly revenue: number | null }[],
): string {
  if (orders.length === 0) return "{}";
  const sums = new Map<string, number>();
  for (const { currency, revenue } of orders) {
    if (currency !== null) sums.set(currency, (sums.get(currency) ?? 0) + (revenue ?? 0));
  }
  return JSON.stringify(Object.fromEntries([...sums].sort(([left], [right]) => (left < right ? -1 : 1))));
}

function journeyOf(parts: readonly EventOfVisit[], startedAt: number): string {
  const steps: (number | string | null)[][] = [];
  for (const { event, isPageView } of parts) {
    const { type, at, path } = event;
    if (isPageView) steps.push([at - startedAt, type, path]);
    else if (type !== "page_view" && type !== "page_time") steps.push([at - startedAt, type]);
  }
  return JSON.stringify(steps);
}
