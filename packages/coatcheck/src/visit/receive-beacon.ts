import { hash } from "node:crypto";
import type { BeaconEvent } from "./beacon.ts";
import { isPageEvent, requireBeacon } from "./beacon-body.ts";
import type { EventContent } from "./collection.ts";
import { bareHost, pathOf } from "./document.ts";
import { recordView } from "./page-view.ts";
import type { AttachedSession, VisitingRequest } from "./visiting-request.ts";

/** What the response to a beacon must do. */
export interface BeaconReceipt {
  /** How many events were accepted. */
  readonly accepted: number;
  /** `Set-Cookie` values. */
  readonly cookies: readonly string[];
}

/**
 * Checks a beacon and tracks its events. A beacon of a client whose visits are not collected is accepted and dropped.
 *
 * @throws CoatcheckError `VALIDATION_FAILED` with a path for each fault. Then no event is tracked.
 */
export function receiveBeacon(
  visit: VisitingRequest,
  session: AttachedSession | null,
  body: unknown,
): BeaconReceipt {
  const { collection } = visit;
  const { pageId, events } = requireBeacon(body, collection.catalog);
  if (!visit.collected) return { accepted: 0, cookies: [] };
  const hasView = events.some(({ type }) => type === "page_view");
  const visitorId = hasView ? visit.requireVisitor() : visit.visitorId;
  if (visitorId === null) return { accepted: 0, cookies: [] };
  let accepted = 0;
  for (const event of events) {
    const content = contentOf(visit, { visitorId, pageId }, event);
    if (event.type === "page_view" && session !== null) recordBeaconView(visit, session, content);
    if (collection.track(visit.actor(session), content)) accepted++;
  }
  return { accepted, cookies: visit.cookies };
}

/** A view beacon begins a visit, as a document does: its session is stored when the request commits. */
function recordBeaconView(
  visit: VisitingRequest,
  session: AttachedSession,
  { id, at, page, source }: EventContent,
): void {
  if (!id || at === undefined || !page || !source) return;
  const begun = { id, startedAt: at, lastActivityAt: at, landingPage: page.path, source };
  const change = recordView(visit, session, () => begun);
  if (change !== null) session.recordVisit(change);
}

/** The event of a beacon. Its id is bound to visitor and page, so that no page can take another's id first. */
function contentOf(
  visit: VisitingRequest,
  { visitorId, pageId }: { readonly visitorId: string; readonly pageId: string },
  { id, type, ago, path = "/", query = "", title, referrer, visibleTime, properties = {} }: BeaconEvent,
): EventContent {
  const { collection, visiting } = visit;
  const at = collection.now() - ago;
  const page = { id: pageId, host: bareHost(visiting.client.host), path: pathOf(path), title: title || null };
  const isView = type === "page_view";
  if (isView) collection.pages.began(pageId, at);
  return {
    id: beaconEventId(visitorId, pageId, id),
    type,
    at,
    page,
    client: collection.clientOf(visiting),
    source: isView ? collection.sourceOf(visiting, path + query, referrer) : null,
    visibleTime: type === "page_time" ? collection.pages.clamp(pageId, visibleTime ?? 0, at) : null,
    ...(isPageEvent({ type }) ? {} : collection.catalog.check(type, properties)),
  };
}

/** UUID v8 of the first 122 bits of a SHA-256: the same in each repetition of a beacon. */
function beaconEventId(visitorId: string, pageId: string, id: string): string {
  const bytes = hash("sha256", JSON.stringify(["beacon", visitorId, pageId, id]), "buffer").subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
