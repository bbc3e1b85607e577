/** Assigns the actions of a script to visits according to the definitions, in a simple but slow way. */
import type { EventClient, Source } from "../../../src/visit/event.ts";
import { type Action, DAY, DIRECT_SOURCE, HOUR, MINUTE } from "./script.ts";

/** A page with its own page id that a visit has viewed. However often it is reported, it counts as one page view. */
export interface ViewedPage {
  readonly id: string;
  readonly path: string;
  readonly at: number;
  visibleTime: number;
}

/** A visit, with all of its pages and actions. */
export interface Visit {
  /** The id of the action that began the visit. */
  readonly id: string;
  readonly visitor: string;
  readonly tenant: string | null;
  readonly start: number;
  lastActivity: number;
  /** The actions of the visit in order, except for reports of visible time. */
  readonly actions: Action[];
  readonly pages: ViewedPage[];
  /** Number of reports of visible time that the visit's pages have sent. */
  beaconCount: number;
  /** The source of the visit's first event. */
  readonly source: Source;
  /** Set when all visits of the visitor are known. */
  firstTouchSource: Source;
  lastNonDirectSource: Source;
  /** Whether this is the visitor's first visit. */
  isFirst: boolean;
  readonly client: EventClient | null;
}

/** All visits, and the backend events of sessions without a visit. */
export interface Visits {
  readonly visits: readonly Visit[];
  readonly withoutVisit: readonly Action[];
}

/** Sorts by time, then by id. */
export function sortActions(actions: readonly Action[]): Action[] {
  return actions.toSorted((left, right) => left.at - right.at || (left.id < right.id ? -1 : 1));
}

/**
 * If an order was reported several times, keeps only the report that arrived first.
 *
 * @param arrived actions in the order of their arrival.
 */
export function removeRepeatedOrders(arrived: readonly Action[]): Action[] {
  const orders = new Set<string>();
  return [...new Set(arrived)].filter(({ detail, tenant }) => {
    if (detail.do !== "order") return true;
    const key = JSON.stringify([tenant, detail.orderId]);
    const isNew = !orders.has(key);
    orders.add(key);
    return isNew;
  });
}

/** Groups the actions that have arrived into visits. */
export function recountVisits(arrived: readonly Action[]): Visits {
  const actions = removeRepeatedOrders(arrived);
  const byVisitor = Map.groupBy(
    actions.filter(({ isFromBackend }) => !isFromBackend),
    ({ visitor }) => visitor,
  );
  const visits = [...byVisitor.values()].flatMap(visitsOfVisitor);
  const withoutVisit: Action[] = [];
  for (const action of sortActions(actions.filter(({ isFromBackend }) => isFromBackend))) {
    const visit = visits
      .filter(({ visitor }) => visitor === action.visitor)
      .filter(({ start, actions: all }) => start <= action.at && all.some(isBrowserActionOf(action.session)))
      .toSorted((left, right) => left.start - right.start || (left.id < right.id ? -1 : 1))
      .at(-1);
    if (visit) visit.actions.push(action);
    else withoutVisit.push(action);
  }
  for (const visit of visits) visit.actions.splice(0, visit.actions.length, ...sortActions(visit.actions));
  return { visits, withoutVisit };
}

function isBrowserActionOf(session: string | null): (action: Action) => boolean {
  return (action) => session !== null && action.session === session && !action.isFromBackend;
}

function visitsOfVisitor(unordered: readonly Action[]): Visit[] {
  const actions = sortActions(unordered);
  const visits: Visit[] = [];
  const visitOfPage = new Map<string, Visit>();
  for (const action of actions) {
    const last = visits.at(-1);
    const isOpen = last && action.at - last.lastActivity < 30 * MINUTE && action.at - last.start < DAY;
    if (action.detail.do === "visible") {
      if (last && isOpen && visitOfPage.get(action.page?.id ?? "") === last) last.lastActivity = action.at;
      continue;
    }
    const visit = last && isOpen ? last : beginVisit(action);
    if (visit !== last) visits.push(visit);
    visit.lastActivity = action.at;
    visit.actions.push(action);
    if (action.detail.do === "view" && action.page && !visitOfPage.has(action.page.id)) {
      visit.pages.push({ ...action.page, at: action.at, visibleTime: 0 });
      visitOfPage.set(action.page.id, visit);
    }
  }
  for (const action of actions) addVisibleTime(action, visitOfPage.get(action.page?.id ?? ""));
  setAttribution(visits);
  return visits;
}

function beginVisit(action: Action): Visit {
  const source = action.cameFrom ?? DIRECT_SOURCE;
  return {
    id: action.id,
    visitor: action.visitor ?? "",
    tenant: action.tenant,
    start: action.at,
    lastActivity: action.at,
    actions: [],
    pages: [],
    beaconCount: 0,
    source,
    firstTouchSource: source,
    lastNonDirectSource: source,
    isFirst: false,
    client: action.client,
  };
}

function addVisibleTime(action: Action, visit: Visit | undefined): void {
  const page = visit?.pages.find(({ id }) => id === action.page?.id);
  if (action.detail.do !== "visible" || !visit || !page) return;
  if (action.at - visit.lastActivity > 48 * HOUR) return;
  visit.beaconCount++;
  page.visibleTime += Math.min(action.detail.milliseconds, Math.max(0, action.at - page.at));
}

/** Sets the first-touch and the last-non-direct source of each visit. */
function setAttribution(visits: readonly Visit[]): void {
  const [first] = visits;
  for (const visit of visits) {
    visit.isFirst = visit === first;
    visit.firstTouchSource = first?.source ?? visit.source;
    const candidates = visits.filter(
      ({ start, source }) =>
        start < visit.start && visit.start - start <= 90 * DAY && source.channel !== "Direct",
    );
    if (visit.source.channel === "Direct")
      visit.lastNonDirectSource = candidates.at(-1)?.source ?? visit.source;
  }
}

/** Returns for how many milliseconds the visit's pages were visible. */
export function visibleTimeOf({ pages }: Visit): number {
  return pages.reduce((sum, { visibleTime }) => sum + visibleTime, 0);
}

/** Returns whether a visit has two page views, ten visible seconds or a key event. */
export function isEngaged(visit: Visit): boolean {
  return (
    visit.pages.length >= 2 ||
    visibleTimeOf(visit) >= 10_000 ||
    visit.actions.some(({ detail }) => detail.do === "order" || (detail.do === "track" && detail.isKey))
  );
}

/** Returns whether a visit has an order. */
export function isConverted({ actions }: Visit): boolean {
  return actions.some(({ detail }) => detail.do === "order");
}

/** Returns the last customer who was logged in during a visit, or null if there is none. */
export function customerOf({ actions }: Visit): string | null {
  return actions.findLast(({ customer }) => customer !== null)?.customer ?? null;
}

/** Returns the path of the page with which a visit began. */
export function entryPageOf({ actions }: Visit): string | null {
  return actions.find(({ page }) => page !== null)?.page?.path ?? null;
}

/** Returns the path of the last page view of a visit. If there is no page view, returns the path of the entry page. */
export function exitPageOf(visit: Visit): string | null {
  return visit.pages.at(-1)?.path ?? entryPageOf(visit);
}
