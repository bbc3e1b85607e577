import type { BeaconEvent } from "./beacon.ts";
import { isPageEvent, requireBeacon } from "./beacon-body.ts";
import type { EventContent } from "./collection.ts";
import { derivedEventId } from "./derived-event-id.ts";
import { pathOf } from "./document.ts";
import type { Source } from "./event.ts";
import { recordView } from "./page-view.ts";
import type { AttachedSession, VisitingRequest } from "./visiting-request.ts";

/** The result of a beacon, from which the response is made. */
export interface BeaconReceipt {
  /** How many events were accepted. */
  readonly accepted: number;
  /** The `Set-Cookie` values of the response. */
  readonly cookies: readonly string[];
}

/**
 * Validates a beacon and tracks its events. Ignores the beacon if the client's visits are not collected.
 *
 * @throws CoatcheckError `VALIDATION_FAILED` with a path for each fault; no event is tracked then.
 */
export function receiveBeacon(
  visit: VisitingRequest,
  session: AttachedSession | null,
  body: unknown,
): BeaconReceipt {
  const { collection } = visit;
  const { pageId, events } = requireBeacon(body, collection.catalog);
  if (!visit.collected) return { accepted: 0, cookies: [] };
  const visitorId = events.some(isPageView) ? visit.requireVisitor() : visit.visitorId;
  if (visitorId === null) return { accepted: 0, cookies: [] };
  const view = events.find(isPageView);
  const source = view ? sourceOf(visit, view) : null;
  if (view && session?.record) visit.watchForSuspicion(session.record, false);
  let accepted = 0;
  let actor = visit.actor(session);
  const times = timesOf(events, collection.now());
  for (const [index, event] of events.entries()) {
    const content = eventContentOf(visit, { visitorId, pageId, at: times[index] ?? 0, source }, event);
    const isRecorded = session !== null && isPageView(event) && recordBeaconView(visit, session, content);
    // A new session is stored under this id at the end of the request.
    if (isRecorded) actor = { ...actor, sessionId: session.id };
    if (collection.track(actor, content)) accepted++;
  }
  return { accepted, cookies: visit.cookies };
}

/**
 * Records a page view that a beacon reports. Like a document, it begins a visit. The session is stored when the
 * request ends.
 *
 * @returns whether the session is stored with a change of its visit.
 */
function recordBeaconView(
  visit: VisitingRequest,
  session: AttachedSession,
  { id, at, page, source }: EventContent,
): boolean {
  if (!id || at === undefined || !page || !source) return false;
  const newVisit = { id, startedAt: at, lastActivityAt: at, landingPage: page.path, source };
  const change = recordView(visit, session, () => newVisit);
  if (change !== null) session.recordVisit(change);
  return change !== null;
}

interface BeaconPage {
  readonly visitorId: string;
  readonly pageId: string;
  readonly at: number;
  /** The source of the page, for the event that begins the visit. Null if the beacon reports no page view. */
  readonly source: Source | null;
}

function isPageView({ type }: BeaconEvent): boolean {
  return type === "page_view";
}

/**
 * Returns when each event happened. Moves equal times one millisecond apart, so that events sorted by time keep the
 * order of the list.
 */
function timesOf(events: readonly BeaconEvent[], now: number): readonly number[] {
  const times: number[] = [];
  for (const [index, { ago }] of events.entries()) {
    const last = times.at(-1);
    times.push(last !== undefined && events[index - 1]?.ago === ago ? last + 1 : now - ago);
  }
  return times;
}

function sourceOf(
  { collection, requestWithClient }: VisitingRequest,
  { path = "/", query = "", referrer }: BeaconEvent,
): Source {
  return collection.sourceOf(requestWithClient, path + query, referrer);
}

/**
 * Creates an event of a beacon. Derives the event's id from visitor, page and the id in the beacon, so that one page
 * cannot use up the ids of another page.
 */
function eventContentOf(
  visit: VisitingRequest,
  { visitorId, pageId, at, source }: BeaconPage,
  { id, type, path = "/", title, visibleTime, properties = {} }: BeaconEvent,
): EventContent {
  const { collection, requestWithClient } = visit;
  const page = {
    id: pageId,
    host: collection.hostWithoutPort(requestWithClient.client.host),
    path: pathOf(path),
    title: title || null,
  };
  if (type === "page_view") collection.pages.recordStart(pageId, at);
  return {
    id: derivedEventId("beacon", visitorId, pageId, id),
    type,
    at,
    page,
    client: visit.client,
    source,
    visibleTime:
      type === "page_time" ? collection.pages.limitVisibleTime(pageId, visibleTime ?? 0, at) : null,
    ...(isPageEvent({ type }) ? {} : collection.catalog.check(type, properties)),
  };
}
