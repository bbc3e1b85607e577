import { LRUCache } from "lru-cache";
import type { VisitEventRow, VisitRow } from "../sink/schema.ts";
import { type AssignedVisit, compareForAssignment, type VisitAssigner } from "./assign.ts";
import { factsOf, type VisitFacts } from "./facts.ts";
import type { LocalTime } from "./local-time.ts";
import { addDaysOfVisit, type RebuildResult } from "./rebuild.ts";

/** Maximum number of visitors in memory. */
const MAX_CACHED_VISITORS = 5000;
/**
 * Maximum number of events in memory for one visitor. A visitor with more events is read from the database each time.
 */
const MAX_EVENTS_PER_VISITOR = 500;
/**
 * Approximate bytes of all events in memory. Clients decide how long the texts in their events are, so the number of
 * events is not a sufficient limit.
 */
const MAX_CACHED_BYTES = 64 * 1024 * 1024;
/** Estimated bytes of an event without its longest texts. Also the estimated bytes of a visitor without events. */
const EVENT_OVERHEAD_BYTES = 1000;

/** A visitor whose visits are in memory. */
export interface RecentVisitor {
  readonly visitorNumber: number;
  readonly tenant: string;
  readonly assigner: VisitAssigner;
  /** The stored row of each visit of the assigner. */
  readonly storedFacts: Map<AssignedVisit, VisitFacts>;
  /** The visit before the visits in `stored`. */
  readonly previous: VisitRow | null;
  /** {@link VisitorRow.last_activity_at} */
  lastActivityAt: number;
  /** The value of `last_write` that PostgreSQL stores with these visits. Null in SQLite, which has no such column. */
  lastWrite: number | null;
  /** Approximate bytes. */
  size: number;
}

/** A visit to which events were added. */
export interface ExtendedVisit extends VisitFacts {
  /** The row before the new events; null for a new visit. */
  readonly factsBefore: VisitFacts | null;
}

/** The changes that new events of a visitor in memory cause. */
export interface ExtendedVisits {
  readonly visits: readonly ExtendedVisit[];
  /** The visit of each new backend event and order. */
  readonly visitOf: ReadonlyMap<VisitEventRow, VisitRow>;
  readonly dirtyDays: ReadonlySet<number>;
}

/**
 * Caches the visits of recently active visitors, so that an event in time order extends its visit without reading the
 * database. A sink must not use cached visits that were never committed, or that another connection has changed. To
 * prevent that, a sink clears the cache, or stores a new `lastWrite` with each change.
 */
export class RecentVisitors {
  readonly #time: LocalTime;
  readonly #visitors = new LRUCache<number, RecentVisitor>({
    max: MAX_CACHED_VISITORS,
    maxSize: MAX_CACHED_BYTES,
  });
  readonly #numbers = new LRUCache<string, number>({ max: MAX_CACHED_VISITORS });

  constructor(time: LocalTime) {
    this.#time = time;
  }

  /** Approximate bytes of the cached events. */
  get size(): number {
    return this.#visitors.calculatedSize;
  }

  /**
   * Returns a cached visitor.
   *
   * @param lastWrite - the value that the database stores. A visitor that was cached with another value is outdated:
   *   another connection has written, or the transaction that cached the visitor was rolled back.
   */
  get(number: number, lastWrite: number | null = null): RecentVisitor | null {
    const visitor = this.#visitors.get(number);
    return visitor?.lastWrite === lastWrite ? visitor : null;
  }

  /** Returns the number of a cached visitor. */
  visitorNumberOf(tenant: string, visitorId: string): number | null {
    return this.#numbers.get(visitorKey(tenant, visitorId)) ?? null;
  }

  cacheVisitorNumber(tenant: string, visitorId: string, number: number): void {
    this.#numbers.set(visitorKey(tenant, visitorId), number);
  }

  clear(): void {
    this.#visitors.clear();
    this.#numbers.clear();
  }

  /** Caches a visitor after a rebuild. */
  cacheVisitor(
    visitor: Pick<RecentVisitor, "visitorNumber" | "tenant" | "previous" | "lastActivityAt" | "lastWrite">,
    { assigner, visits }: RebuildResult,
  ): void {
    // A visitor without a visit is not cached: the first visit must also be written to the visitor's row.
    if (visits.length === 0 || countEvents(assigner) > MAX_EVENTS_PER_VISITOR) {
      this.#visitors.delete(visitor.visitorNumber);
      return;
    }
    const stored = new Map<AssignedVisit, VisitFacts>();
    for (const [index, facts] of visits.entries()) {
      const visit = assigner.visits[index];
      if (visit) stored.set(visit, facts);
    }
    const size =
      EVENT_OVERHEAD_BYTES +
      estimateBytes(assigner.visits.flatMap(({ parts }) => parts.map(({ event }) => event)));
    this.#visitors.set(visitor.visitorNumber, { ...visitor, assigner, storedFacts: stored, size }, { size });
  }

  /**
   * Adds new events of a cached visitor.
   *
   * @returns null, without a change, if the visits have to be rebuilt: an event is late or may belong to an earlier
   *   visit.
   */
  extendVisits(visitor: RecentVisitor, added: readonly VisitEventRow[]): ExtendedVisits | null {
    const { assigner, storedFacts } = visitor;
    const events = added.toSorted(compareForAssignment);
    const [first] = events;
    const isInOrder =
      !assigner.newestEvent || !first || compareForAssignment(assigner.newestEvent, first) < 0;
    if (!isInOrder || !events.every((event) => belongsToCachedOrNewVisit(visitor, event))) {
      this.#visitors.delete(visitor.visitorNumber);
      return null;
    }
    const touched = new Set<AssignedVisit>();
    const owners = new Map<VisitEventRow, AssignedVisit>();
    for (const event of events) {
      const visit = assigner.add(event);
      if (!visit) continue;
      touched.add(visit);
      if (event.is_backend || event.order_id !== null) owners.set(event, visit);
    }
    const dirtyDays = new Set<number>();
    const visits = [...touched].map((visit) => {
      const before = storedFacts.get(visit) ?? null;
      const facts = factsOf(visit, this.#contextOf(visitor, visit));
      storedFacts.set(visit, facts);
      if (before) addDaysOfVisit(before.row, dirtyDays);
      addDaysOfVisit(facts.row, dirtyDays);
      for (const { event } of facts.row.orders > 0 ? visit.parts : []) {
        if (event.order_id !== null) dirtyDays.add(this.#time.dayOf(event.at));
      }
      return { ...facts, factsBefore: before };
    });
    const visitOf = new Map<VisitEventRow, VisitRow>();
    for (const [event, visit] of owners) {
      dirtyDays.add(this.#time.dayOf(event.at));
      visitOf.set(event, (storedFacts.get(visit) as VisitFacts).row);
    }
    // The cache updates the size of an entry only when the entry is set again.
    this.#visitors.delete(visitor.visitorNumber);
    visitor.size += estimateBytes(events);
    if (countEvents(assigner) <= MAX_EVENTS_PER_VISITOR) {
      this.#visitors.set(visitor.visitorNumber, visitor, { size: visitor.size });
    }
    return { visits, visitOf, dirtyDays };
  }

  #contextOf(
    { tenant, visitorNumber, assigner, storedFacts, previous }: RecentVisitor,
    visit: AssignedVisit,
  ) {
    const before = assigner.visits[assigner.visits.indexOf(visit) - 1];
    const last = before ? (storedFacts.get(before)?.row ?? null) : previous;
    return { tenant, visitor: visitorNumber, previous: last, time: this.#time };
  }
}

/** Returns whether an event belongs to a cached visit or to a new one. */
function belongsToCachedOrNewVisit(
  { assigner }: RecentVisitor,
  { is_backend, session_id }: VisitEventRow,
): boolean {
  return !is_backend || (session_id !== null && assigner.hasSession(session_id));
}

function countEvents({ visits }: VisitAssigner): number {
  return visits.reduce((sum, { parts }) => sum + parts.length, 0);
}

function estimateBytes(events: readonly VisitEventRow[]): number {
  return events.reduce(
    (sum, { body, path }) => sum + EVENT_OVERHEAD_BYTES + body.length + (path?.length ?? 0),
    0,
  );
}

function visitorKey(tenant: string, visitorId: string): string {
  return `${visitorId}\n${tenant}`;
}
