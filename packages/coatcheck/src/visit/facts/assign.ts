import type { VisitEventRow } from "../sink/schema.ts";

const HOUR = 3_600_000;
/** A gap of this length without activity ends a visit. */
export const VISIT_IDLE_TIMEOUT = HOUR / 2;
/** A visit ends this long after its start, even if activity continues. */
export const VISIT_MAX_LENGTH = 24 * HOUR;
/** Longest delay of an event. Also the longest time from a page view to a beacon of that page. */
export const MAX_EVENT_DELAY = 48 * HOUR;

/** An event, and what it adds to its visit. */
export interface EventOfVisit {
  readonly event: VisitEventRow;
  /** Whether the event counts as a page view. Repeated `page_view` events with the same page id count once. */
  readonly isPageView: boolean;
  /** Milliseconds that the event adds to the visit's visible time. */
  readonly visibleTime: number;
}

/** A visit, with all of its events. */
export interface AssignedVisit {
  /** The event that began the visit. */
  readonly first: VisitEventRow;
  /** `at` of the last activity. */
  lastActivityAt: number;
  /** Sorted by `at`. In the same millisecond, beacons and backend events are last. */
  readonly parts: EventOfVisit[];
  /** The ids of the sessions with activity in this visit, in order. */
  readonly sessions: Set<string>;
}

/** The events of one visitor, grouped into visits. */
export interface Assignment {
  /** Ordered by start time. */
  readonly visits: readonly AssignedVisit[];
  /** Backend events that belong to no visit: their session had no earlier activity in a visit. */
  readonly withoutVisit: readonly VisitEventRow[];
}

/** The event that begins the first visit to rebuild. */
export type WindowStart = Pick<VisitEventRow, "at" | "id">;

/**
 * Assigns the events of one visitor to visits. The order of the events does not affect the result.
 *
 * - An activity belongs to the open visit if the last activity was less than 30 minutes ago and the visit began less
 *   than 24 hours ago. Otherwise the activity begins a new visit. Every browser event is an activity, except a beacon
 *   (`page_time`) whose page belongs to no open visit.
 * - A beacon belongs to the visit of its page for 48 hours. If the page is unknown, the beacon belongs to no visit.
 * - A page view is counted unless the same page id was already viewed in the 48 hours before.
 * - A backend event belongs to the visit in which its session was last active before the event.
 *
 * @param events - in any order, without duplicates.
 * @param from - the event that begins the first returned visit; null to return all visits. Events before `from` are
 *   only used to recognise repeated views of the same page.
 */
export function assignToVisits(events: readonly VisitEventRow[], from: WindowStart | null): Assignment {
  const assigning = createAssigner(events, from);
  return { visits: assigning.visits, withoutVisit: assigning.withoutVisit };
}

/** Assigns events like {@link assignToVisits}. Returns the assigner, which accepts later events. */
export function createAssigner(events: readonly VisitEventRow[], from: WindowStart | null): VisitAssigner {
  const assigning = new VisitAssigner();
  for (const event of events.toSorted(compareForAssignment)) {
    if (from !== null && isBefore(event, from)) assigning.notePageView(event);
    else assigning.add(event);
  }
  return assigning;
}

function isBefore(event: VisitEventRow, from: WindowStart): boolean {
  return event.at < from.at || (event.at === from.at && rankInMillisecond(event) === 0 && event.id < from.id);
}

/** Compares events by time and id. */
export function compareTimes(left: WindowStart, right: WindowStart): number {
  return left.at - right.at || (left.id < right.id ? -1 : 1);
}

/**
 * Compares events for {@link VisitAssigner}. In the same millisecond, a page view comes before its beacon, and an
 * activity before a backend event that may belong to its visit.
 */
export function compareForAssignment(left: VisitEventRow, right: VisitEventRow): number {
  return (
    left.at - right.at || rankInMillisecond(left) - rankInMillisecond(right) || compareTimes(left, right)
  );
}

function rankInMillisecond(event: VisitEventRow): number {
  if (event.is_backend) return 2;
  return event.type === "page_time" ? 1 : 0;
}

interface ViewedPage {
  /** When the counted page view happened. */
  beganAt: number;
  /** When the page was last viewed. */
  viewedAt: number;
  /** The page's visit; null if the page was viewed before the first rebuilt visit. */
  visit: AssignedVisit | null;
}

/** Assigns events to visits one by one. Add events in the order of {@link compareForAssignment}. */
export class VisitAssigner {
  readonly visits: AssignedVisit[] = [];
  readonly withoutVisit: VisitEventRow[] = [];
  /** The most recently added event. */
  newestEvent: VisitEventRow | null = null;
  readonly #pages = new Map<string, ViewedPage>();
  readonly #visitOfSession = new Map<string, AssignedVisit>();

  /** Adds an event and returns its visit; null if it belongs to no visit. */
  add(event: VisitEventRow): AssignedVisit | null {
    this.newestEvent = event;
    if (event.is_backend) return this.#addBackendEvent(event);
    return event.type === "page_time" ? this.#addBeacon(event) : this.#addActivity(event);
  }

  /** Remembers when a page was viewed. Returns whether this view is counted. */
  notePageView(event: VisitEventRow, visit: AssignedVisit | null = null): boolean {
    if (event.type !== "page_view" || event.is_backend) return false;
    if (event.page_id === null) return true;
    const page = this.#pages.get(event.page_id);
    if (page && event.at - page.viewedAt <= MAX_EVENT_DELAY) {
      page.viewedAt = event.at;
      return false;
    }
    this.#pages.set(event.page_id, { beganAt: event.at, viewedAt: event.at, visit });
    return true;
  }

  /** Returns whether the session had activity in one of the visits. */
  hasSession(sessionId: string): boolean {
    return this.#visitOfSession.has(sessionId);
  }

  #addActivity(event: VisitEventRow): AssignedVisit {
    const visit = this.#openVisit(event.at) ?? this.#beginVisit(event);
    const isPageView = this.notePageView(event, visit);
    this.#addToVisit(visit, { event, isPageView, visibleTime: 0 });
    return visit;
  }

  #addBeacon(event: VisitEventRow): AssignedVisit | null {
    const page = event.page_id === null ? undefined : this.#pages.get(event.page_id);
    if (!page?.visit || event.at - page.beganAt > MAX_EVENT_DELAY) return null;
    const visibleTime = Math.max(0, Math.min(event.visible_time ?? 0, event.at - page.beganAt));
    const part = { event, isPageView: false, visibleTime };
    if (page.visit === this.#openVisit(event.at)) this.#addToVisit(page.visit, part);
    else page.visit.parts.push(part);
    return page.visit;
  }

  #addBackendEvent(event: VisitEventRow): AssignedVisit | null {
    const visit = event.session_id === null ? undefined : this.#visitOfSession.get(event.session_id);
    if (visit) visit.parts.push({ event, isPageView: false, visibleTime: 0 });
    else this.withoutVisit.push(event);
    return visit ?? null;
  }

  #openVisit(at: number): AssignedVisit | null {
    const visit = this.visits.at(-1);
    if (!visit) return null;
    const isOpen = at - visit.lastActivityAt < VISIT_IDLE_TIMEOUT && at - visit.first.at < VISIT_MAX_LENGTH;
    return isOpen ? visit : null;
  }

  #beginVisit(first: VisitEventRow): AssignedVisit {
    const visit = { first, lastActivityAt: first.at, parts: [], sessions: new Set<string>() };
    this.visits.push(visit);
    return visit;
  }

  #addToVisit(visit: AssignedVisit, part: EventOfVisit): void {
    const { at, session_id } = part.event;
    visit.parts.push(part);
    visit.lastActivityAt = at;
    if (session_id === null) return;
    visit.sessions.add(session_id);
    this.#visitOfSession.set(session_id, visit);
  }
}
