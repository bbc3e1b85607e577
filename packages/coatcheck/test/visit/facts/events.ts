import type { Source, VisitEvent } from "../../../src/visit/event.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Noon of Thursday, 1 October 2026, UTC. */
export const START = Date.UTC(2026, 9, 1, 12);

/** Returns a valid UUID for a number. UUIDs of higher numbers sort later. */
export function createUuid(number: number): string {
  return `01900000-0000-7000-8000-${number.toString(16).padStart(12, "0")}`;
}

let created = 0;

/**
 * Creates an event with a new id. By default, it is a page view of a new page, by the same visitor in the same session.
 */
export function createEvent(
  changes: Partial<VisitEvent> & { readonly pageId?: string | null } = {},
): VisitEvent {
  const id = createUuid(++created);
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

export function createSource(changes: Partial<Source> = {}): Source {
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
