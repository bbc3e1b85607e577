import type { RefusalReason } from "../session/events.ts";
import type { RecordedVisit, VisitChange } from "../session/recorded-visit.ts";
import { type ActiveVisit, RECORD_INTERVAL } from "./current-visits.ts";
import type { VisitedSession, VisitingRequest } from "./visiting-request.ts";

/**
 * If a session was refused for one of these reasons, the page view creates no new session. Either the browser still has
 * a session, which a new one would replace, or the store cannot store a new one.
 */
const REFUSALS_WITHOUT_NEW_SESSION: readonly (RefusalReason | null)[] = [
  "withheld",
  "superseded",
  "unavailable",
];

/** A page that a person has viewed. Also used for other responses that must set the cookie of a new visitor. */
export class PageView {
  readonly #request: VisitingRequest;
  /** Whether the response is a page that the browser displays. */
  readonly #isDisplayed: boolean;
  #isNewSession = false;

  constructor(request: VisitingRequest, isDisplayed: boolean) {
    this.#request = request;
    this.#isDisplayed = isDisplayed;
  }

  /** Returns the `Set-Cookie` values of the response. */
  get cookies(): readonly string[] {
    return this.#request.cookies;
  }

  /** Returns the change to store in the session; null if there is none. */
  changeOf(session: VisitedSession): VisitChange | null {
    if (!this.#isDisplayed) return null;
    this.#isNewSession = session.record === null;
    return recordView(this.#request, session, () => this.#request.newVisit);
  }

  /** Tracks the page view. */
  track(session: VisitedSession | null): void {
    if (!this.#isDisplayed) return;
    const { client, collection, page, source } = this.#request;
    // Each page is viewed once, so its id is also the id of the event.
    const id = page?.id ?? undefined;
    collection.track(this.#request.actor(session), { id, type: "page_view", page, source, client });
    if (session?.record) this.#request.watchForSuspicion(session.record, this.#isNewSession);
  }
}

/**
 * Adds a page view to the visitor's visit.
 *
 * @param newVisit returns the new visit, if no visit is open.
 * @returns the change to store in the session; null if there is none.
 */
export function recordView(
  request: VisitingRequest,
  session: VisitedSession,
  newVisit: () => RecordedVisit,
): VisitChange | null {
  const { collection, visitorId } = request;
  if (visitorId === null) return null;
  const now = collection.now();
  const active = request.findOpenVisit(session, now) ?? collection.visits.addVisit(visitorId, newVisit());
  active.lastActivityAt = Math.max(active.lastActivityAt, now);
  if (!collection.rules.linksVisitors || REFUSALS_WITHOUT_NEW_SESSION.includes(session.refusal)) return null;
  const { record } = session;
  if (record !== null && record.visitorId === visitorId && isRecorded(record.visit, active)) return null;
  const { visit, lastActivityAt } = active;
  return () => ({ visitorId, visit: { ...visit, lastActivityAt } });
}

/** Returns whether the session's record contains this visit, with an activity recent enough not to be stored again. */
function isRecorded(recorded: RecordedVisit | null, { visit, lastActivityAt }: ActiveVisit): boolean {
  return recorded?.id === visit.id && lastActivityAt - recorded.lastActivityAt < RECORD_INTERVAL;
}
