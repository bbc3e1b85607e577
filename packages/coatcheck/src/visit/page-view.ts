import type { RefusalReason } from "../session/events.ts";
import type { RecordedVisit, VisitChange } from "../session/recorded-visit.ts";
import { type ActiveVisit, RECORD_INTERVAL } from "./current-visits.ts";
import type { VisitedSession, VisitingRequest } from "./visiting-request.ts";

/**
 * The refusals after which no session is created: it would replace one that the browser holds, or could not be stored.
 */
const NO_NEW_SESSION: readonly (RefusalReason | null)[] = ["withheld", "superseded", "unavailable"];

/** A page that a person has viewed, or a response that must keep a new visitor. */
export class PageView {
  readonly #request: VisitingRequest;
  /** Whether the response is a page that was shown. */
  readonly #isShown: boolean;
  #isNewSession = false;

  constructor(request: VisitingRequest, isShown: boolean) {
    this.#request = request;
    this.#isShown = isShown;
  }

  /** `Set-Cookie` values. */
  get cookies(): readonly string[] {
    return this.#request.cookies;
  }

  /** Returns what to store in the session; null for nothing. */
  changeOf(session: VisitedSession): VisitChange | null {
    if (!this.#isShown) return null;
    this.#isNewSession = session.record === null;
    return recordView(this.#request, session, () => this.#request.begun);
  }

  /** Tracks the page view. */
  track(session: VisitedSession | null): void {
    if (!this.#isShown) return;
    const { client, collection, page, source } = this.#request;
    // A page is viewed once, so its id is the event's too.
    const id = page?.id ?? undefined;
    collection.track(this.#request.actor(session), { id, type: "page_view", page, source, client });
    if (session?.record) this.#request.watch(session.record, this.#isNewSession);
  }
}

/**
 * Records a page view as activity of the visitor's visit.
 *
 * @param begun returns the visit that the page begins if none is open.
 * @returns what to store in the session; null for nothing.
 */
export function recordView(
  request: VisitingRequest,
  session: VisitedSession,
  begun: () => RecordedVisit,
): VisitChange | null {
  const { collection, visitorId } = request;
  if (visitorId === null) return null;
  const now = collection.now();
  const active = request.openVisit(session, now) ?? collection.visits.begin(visitorId, begun());
  active.lastActivityAt = Math.max(active.lastActivityAt, now);
  if (!collection.rules.linksVisitors || NO_NEW_SESSION.includes(session.refusal)) return null;
  const { record } = session;
  if (record !== null && record.visitorId === visitorId && isRecorded(record.visit, active)) return null;
  const { visit, lastActivityAt } = active;
  return () => ({ visitorId, visit: { ...visit, lastActivityAt } });
}

/** Whether the record shows this visit, and its activity closely enough. */
function isRecorded(recorded: RecordedVisit | null, { visit, lastActivityAt }: ActiveVisit): boolean {
  return recorded?.id === visit.id && lastActivityAt - recorded.lastActivityAt < RECORD_INTERVAL;
}
