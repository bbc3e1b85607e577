/** Puts the deeds of a script into visits, by the definitions alone: simple and slow. */
import type { EventClient, Source } from "../../../src/visit/event.ts";
import { DAY, type Deed, DIRECT, HOUR, MINUTE } from "./script.ts";

/** A page that was viewed, counted once. */
export interface Page {
  readonly id: string;
  readonly path: string;
  readonly at: number;
  visible: number;
}

/** A visit with everything that belongs to it. */
export interface Visit {
  /** The id of the deed that began it. */
  readonly id: string;
  readonly visitor: string;
  readonly tenant: string | null;
  readonly start: number;
  lastActivity: number;
  /** What happened in it, in order, without reports of visible time. */
  readonly deeds: Deed[];
  readonly pages: Page[];
  /** How many reports of visible time its pages have. */
  beacons: number;
  /** The source of its first event. */
  readonly source: Source;
  /** Filled when all visits of the visitor are known. */
  firstTouch: Source;
  lastNonDirect: Source;
  /** Whether the visitor has no earlier visit. */
  isFirst: boolean;
  readonly client: EventClient | null;
}

/** All visits, and what backends reported for sessions without one. */
export interface Visits {
  readonly visits: readonly Visit[];
  readonly withoutVisit: readonly Deed[];
}

/** Sorts by time, then by id. */
export function inOrder(deeds: readonly Deed[]): Deed[] {
  return deeds.toSorted((left, right) => left.at - right.at || (left.id < right.id ? -1 : 1));
}

/**
 * Of several reports of one order, keeps the one that arrived first.
 *
 * @param arrived deeds in the order of their arrival.
 */
export function withoutRepeatedOrders(arrived: readonly Deed[]): Deed[] {
  const orders = new Set<string>();
  return [...new Set(arrived)].filter(({ act, tenant }) => {
    if (act.do !== "order") return true;
    const key = JSON.stringify([tenant, act.orderId]);
    const isNew = !orders.has(key);
    orders.add(key);
    return isNew;
  });
}

/** The visits of all deeds that have arrived. */
export function visitsOf(arrived: readonly Deed[]): Visits {
  const deeds = withoutRepeatedOrders(arrived);
  const byVisitor = Map.groupBy(
    deeds.filter(({ isFromBackend }) => !isFromBackend),
    ({ visitor }) => visitor,
  );
  const visits = [...byVisitor.values()].flatMap(visitsOfVisitor);
  const withoutVisit: Deed[] = [];
  for (const deed of inOrder(deeds.filter(({ isFromBackend }) => isFromBackend))) {
    const visit = visits
      .filter(({ visitor }) => visitor === deed.visitor)
      .filter(({ start, deeds: all }) => start <= deed.at && all.some(isBrowserDeedOf(deed.session)))
      .toSorted((left, right) => left.start - right.start || (left.id < right.id ? -1 : 1))
      .at(-1);
    if (visit) visit.deeds.push(deed);
    else withoutVisit.push(deed);
  }
  for (const visit of visits) visit.deeds.splice(0, visit.deeds.length, ...inOrder(visit.deeds));
  return { visits, withoutVisit };
}

function isBrowserDeedOf(session: string | null): (deed: Deed) => boolean {
  return (deed) => session !== null && deed.session === session && !deed.isFromBackend;
}

function visitsOfVisitor(unordered: readonly Deed[]): Visit[] {
  const deeds = inOrder(unordered);
  const visits: Visit[] = [];
  const visitOfPage = new Map<string, Visit>();
  for (const deed of deeds) {
    const last = visits.at(-1);
    const isOpen = last && deed.at - last.lastActivity < 30 * MINUTE && deed.at - last.start < DAY;
    if (deed.act.do === "visible") {
      if (last && isOpen && visitOfPage.get(deed.page?.id ?? "") === last) last.lastActivity = deed.at;
      continue;
    }
    const visit = last && isOpen ? last : begin(deed);
    if (visit !== last) visits.push(visit);
    visit.lastActivity = deed.at;
    visit.deeds.push(deed);
    if (deed.act.do === "view" && deed.page && !visitOfPage.has(deed.page.id)) {
      visit.pages.push({ ...deed.page, at: deed.at, visible: 0 });
      visitOfPage.set(deed.page.id, visit);
    }
  }
  for (const deed of deeds) addVisibleTime(deed, visitOfPage.get(deed.page?.id ?? ""));
  attribute(visits);
  return visits;
}

function begin(deed: Deed): Visit {
  const source = deed.cameFrom ?? DIRECT;
  return {
    id: deed.id,
    visitor: deed.visitor ?? "",
    tenant: deed.tenant,
    start: deed.at,
    lastActivity: deed.at,
    deeds: [],
    pages: [],
    beacons: 0,
    source,
    firstTouch: source,
    lastNonDirect: source,
    isFirst: false,
    client: deed.client,
  };
}

function addVisibleTime(deed: Deed, visit: Visit | undefined): void {
  const page = visit?.pages.find(({ id }) => id === deed.page?.id);
  if (deed.act.do !== "visible" || !visit || !page) return;
  if (deed.at - visit.lastActivity > 48 * HOUR) return;
  visit.beacons++;
  page.visible += Math.min(deed.act.milliseconds, Math.max(0, deed.at - page.at));
}

/** Gives each visit its first touch and its last non-direct source. */
function attribute(visits: readonly Visit[]): void {
  const [first] = visits;
  for (const visit of visits) {
    visit.isFirst = visit === first;
    visit.firstTouch = first?.source ?? visit.source;
    const candidates = visits.filter(
      ({ start, source }) =>
        start < visit.start && visit.start - start <= 90 * DAY && source.channel !== "Direct",
    );
    if (visit.source.channel === "Direct") visit.lastNonDirect = candidates.at(-1)?.source ?? visit.source;
  }
}

/** Milliseconds for which the visit's pages were visible. */
export function visibleTimeOf({ pages }: Visit): number {
  return pages.reduce((sum, { visible }) => sum + visible, 0);
}

/** Whether a visit has two page views, ten visible seconds or a key event. */
export function isEngaged(visit: Visit): boolean {
  return (
    visit.pages.length >= 2 ||
    visibleTimeOf(visit) >= 10_000 ||
    visit.deeds.some(({ act }) => act.do === "order" || (act.do === "track" && act.isKey))
  );
}

/** Whether an order belongs to a visit. */
export function isConverted({ deeds }: Visit): boolean {
  return deeds.some(({ act }) => act.do === "order");
}

/** The last customer who was logged in during a visit; null if there is none. */
export function customerOf({ deeds }: Visit): string | null {
  return deeds.findLast(({ customer }) => customer !== null)?.customer ?? null;
}

/** The path of the page with which a visit began. */
export function entryPageOf({ deeds }: Visit): string | null {
  return deeds.find(({ page }) => page !== null)?.page?.path ?? null;
}

/** The path of the last page that a visit viewed; without a page view, of the page with which it began. */
export function exitPageOf(visit: Visit): string | null {
  return visit.pages.at(-1)?.path ?? entryPageOf(visit);
}
