import type { SessionManager, SessionRecord } from "coatcheck";
import type { Visits } from "coatcheck/visit";
import { invalidInputError } from "../invalid.ts";

type VisitChange = Parameters<SessionManager["changeVisit"]>[1];

/** The browser whose request the backend reports. */
export interface RelayedClient {
  readonly address?: string | undefined;
  readonly userAgent?: string | undefined;
}

/** The page that the browser has viewed, as the backend reports it. */
export interface RelayedPage {
  /** UUID of the page view. A page view with the same id is counted only once. */
  readonly id: string;
  readonly url: string;
  readonly referrer?: string | undefined;
  readonly title?: string | undefined;
}

/** An event that happened on the page. */
export interface RelayedEvent {
  readonly id: string;
  readonly type: string;
  readonly ago: number;
  readonly visibleTime?: number | undefined;
  readonly properties?: Readonly<Record<string, unknown>> | undefined;
}

/** A backend's report about a browser's request. */
export interface RelayReport {
  readonly client: RelayedClient;
  readonly page: RelayedPage;
  readonly events: readonly RelayedEvent[];
}

/** The number of accepted events, and the session with its current visit. */
export interface RelayResult {
  readonly accepted: number;
  readonly record: SessionRecord;
}

/**
 * Tracks a backend's report as if the browser had sent the events itself. A page view starts a visit and assigns a
 * visitor to the session. A repeated report is not counted again.
 *
 * @throws CoatcheckError `VALIDATION_FAILED` with a path for each fault.
 */
export async function relayEvents(
  visits: Visits,
  manager: SessionManager,
  record: SessionRecord,
  { client, page, events }: RelayReport,
): Promise<RelayResult> {
  const { pathname, search, hostname } = new URL(page.url);
  const userAgent = client.userAgent ?? record.client?.userAgent ?? undefined;
  if (userAgent === undefined) {
    const message = "is needed, because the session does not know its client";
    throw invalidInputError("events", [{ path: "client.userAgent", message }]);
  }
  const headers: Readonly<Record<string, string | undefined>> = {
    "user-agent": userAgent,
    cookie: record.visitorId === null ? undefined : `visitor_id=${record.visitorId}`,
  };
  const visit = visits.open({
    request: { method: "POST", url: pathname, header: (name) => headers[name] },
    client: { address: client.address ?? record.client?.address ?? null, host: hostname },
    secure: true,
  });
  const changes: VisitChange[] = [];
  const { id, subject, tenant } = record;
  const session = {
    ...{ id, subject, tenant, record, refusal: null },
    recordVisit: (change: VisitChange) => changes.push(change),
    changeVisit: async (change: VisitChange) => void (await manager.changeVisit(id, change)),
  };
  const fields = { path: pathname, title: page.title };
  const { accepted } = visit.receive(session, {
    pageId: page.id,
    events: events.map((event) => ({
      ...withoutUndefined({ ...event, ...fields }),
      ...(event.type === "page_view"
        ? withoutUndefined({ query: search || undefined, referrer: page.referrer })
        : {}),
    })),
  });
  let changed = record;
  for (const change of changes) changed = await manager.changeVisit(id, change);
  return { accepted, record: changed };
}

function withoutUndefined(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
