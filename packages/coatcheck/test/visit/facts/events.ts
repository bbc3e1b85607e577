import type { Source, VisitEvent } from "../../../src/visit/event.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Noon of 1 October 2026, UTC: a Thursday. */
export const START = Date.UTC(2026, 9, 1, 12);

/** Returns a valid UUID. A higher number returns a UUID that sorts later. */
export function idOf(number: number): string {
  return `01900000-0000-7000-8000-${number.toString(16).padStart(12, "0")}`;
}

let created = 0;

/** Creates an event of one visitor and session with a new id. By default, it is a page view of a new page. */
export function eventOf(changes: Partial<VisitEvent> & { readonly pageId?: string | null } = {}): VisitEvent {
  const id = idOf(++created);
  const { pageId = id, ...rest } = changes;
  const event: VisitEvent = {
    id,
    type: "page_view",
    at: START,
    receivedAt: rest.at ?? START,
    origin: "browser",
    visitorId: "visitor-1",
    sessionId: "session-1",
    subject: null,
    tenant: null,
    page: { id: pageId, host: "shop.example", path: "/", title: null },
    visibleTime: rest.type === "page_time" ? 1000 : null,
    source: null,
    client: null,
    isKey: false,
    order: null,
    properties: {},
    ...rest,
  };
  return event;
}

export function sourceOf(changes: Partial<Source> = {}): Source {
  return {
    channel: "Organic Search",
    source: "google",
    medium: "organic",
    campaign: null,
    term: null,
    content: null,
    referrer: "google.com",
    clickId: null,
    ...changes,
  };
}
