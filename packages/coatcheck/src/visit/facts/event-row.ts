import type { EventClient, Source, VisitEvent } from "../event.ts";
import { KEY_EVENTS } from "../event.ts";
import type { VisitEventRow } from "../sink/schema.ts";

/** The parsed JSON of {@link VisitEventRow.body}. */
interface EventBody {
  title?: string;
  source?: Source;
  client?: Omit<EventClient, "userAgent">;
  properties?: VisitEvent["properties"];
}

/** The row of an event whose visitor has no number yet. */
export type NewEventRow = Omit<VisitEventRow, "visitor">;

/** Converts an event to the columns of its row. */
export function eventRowOf(event: VisitEvent): NewEventRow {
  const { page, order, client } = event;
  return {
    id: event.id,
    type: event.type,
    at: toInteger(event.at, 0),
    received_at: toInteger(event.receivedAt, 0),
    is_backend: event.origin === "backend" ? 1 : 0,
    tenant: event.tenant ?? "",
    session_id: event.sessionId,
    subject: event.subject,
    page_id: page?.id ?? null,
    host: page?.host ?? null,
    path: page?.path ?? null,
    visible_time: event.visibleTime === null ? null : toInteger(event.visibleTime, 0),
    is_key: event.isKey || KEY_EVENTS.includes(event.type) ? 1 : 0,
    order_id: order?.orderId ?? null,
    revenue: order ? toInteger(order.revenue, 0) : null,
    currency: order?.currency ?? null,
    user_agent: client?.userAgent ?? null,
    body: stringifyBody(event),
  };
}

/**
 * Returns an integer, because the columns accept only integers. An invalid number in one event must not make the whole
 * batch fail.
 */
function toInteger(value: number, otherwise: number): number {
  const truncated = Math.trunc(value);
  return Number.isSafeInteger(truncated) ? truncated : otherwise;
}

function stringifyBody({ page, source, client, properties }: VisitEvent): string {
  const body: EventBody = {};
  if (page?.title) body.title = page.title;
  if (source) body.source = source;
  if (client) {
    const { userAgent: _, ...rest } = client;
    body.client = rest;
  }
  for (const _ in properties) {
    body.properties = properties;
    break;
  }
  return JSON.stringify(body);
}

/** Caches parsed bodies. A rebuild reads the same first events repeatedly. */
const bodyCache = new WeakMap<VisitEventRow, EventBody>();

function parseBody(row: VisitEventRow): EventBody {
  const cachedBody = bodyCache.get(row);
  if (cachedBody) return cachedBody;
  const body = JSON.parse(row.body) as EventBody;
  bodyCache.set(row, body);
  return body;
}

/** Returns the source that an event reported; null if it reported none. */
export function sourceOf(row: VisitEventRow): Source | null {
  return parseBody(row).source ?? null;
}

/** Returns the client of an event; null if the privacy mode forbade storing it. */
export function clientOf(row: VisitEventRow): Omit<EventClient, "userAgent"> | null {
  return parseBody(row).client ?? null;
}

/** Converts a row back to its event. `visitorId` is the id of the row's visitor. */
export function eventOf(row: VisitEventRow, visitorId: string | null): VisitEvent {
  const { title = null, source = null, client, properties = {} } = JSON.parse(row.body) as EventBody;
  return {
    id: row.id,
    type: row.type,
    at: row.at,
    receivedAt: row.received_at,
    origin: row.is_backend ? "backend" : "browser",
    visitorId,
    sessionId: row.session_id,
    subject: row.subject,
    tenant: row.tenant || null,
    page: row.path === null ? null : { id: row.page_id, host: row.host, path: row.path, title },
    visibleTime: row.visible_time,
    source,
    client: client ? { ...client, userAgent: row.user_agent } : null,
    isKey: row.is_key === 1,
    order:
      row.order_id === null || row.revenue === null || row.currency === null
        ? null
        : { orderId: row.order_id, revenue: row.revenue, currency: row.currency },
    properties,
  };
}
