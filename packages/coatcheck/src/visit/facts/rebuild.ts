import type { VisitEventRow, VisitRow } from "../sink/schema.ts";
import { assignerOf, MAX_DELAY, VISIT_MAX_LENGTH, type VisitAssigner, type WindowStart } from "./assign.ts";
import { factsOf, type VisitFacts } from "./facts.ts";
import type { LocalTime } from "./local-time.ts";

/** The input of a rebuild of a visitor's visits. */
export interface RebuildInput {
  readonly tenant: string;
  readonly visitor: number;
  /** The visitor's last visit before the rebuilt ones; null if there is none. */
  readonly previous: VisitRow | null;
  /** The stored visits that are rebuilt, in order of their start: every visit after `previous`. */
  readonly stored: readonly VisitRow[];
  /** Where the rebuild begins: see {@link windowStart}. */
  readonly from: WindowStart | null;
  /** Every event of the visitor since {@link MAX_PAGE_AGE} before `from`, the new ones too. Each once. */
  readonly events: readonly VisitEventRow[];
  /** Ids of the new events. */
  readonly added: ReadonlySet<string>;
  /** The stored visit of each backend event among `events`; null: "(no visit)". New events are not in it. */
  readonly backendEvents: ReadonlyMap<string, string | null>;
  readonly time: LocalTime;
}

/** An event and its visit; null: "(no visit)". */
export interface EventVisit {
  readonly event: VisitEventRow;
  readonly visitId: string | null;
}

/** Changes that a rebuild makes. */
export interface RebuildResult {
  /** Every rebuilt visit, with whether it differs from the stored one. */
  readonly visits: readonly (VisitFacts & { readonly isChanged: boolean })[];
  /** Ids of stored visits that no longer exist. */
  readonly deleted: readonly string[];
  /** The backend events that are new or have changed their visit. */
  readonly backendEvents: readonly EventVisit[];
  readonly orders: readonly EventVisit[];
  /** Days whose rollups these changes affect. */
  readonly dirtyDays: ReadonlySet<number>;
  /**
   * A visit before the rebuilt ones that loses a backend event to them. The caller has to rebuild from that visit on, and
   * must not use this result. Null: the result is complete.
   */
  readonly extendTo: string | null;
  /** The rebuilt visits, which later events can be added to. */
  readonly assigner: VisitAssigner;
}

type Mutable<Result> = {
  -readonly [Name in keyof Result]: Result[Name] extends readonly (infer Item)[]
    ? Item[]
    : Result[Name] extends ReadonlySet<infer Item>
      ? Set<Item>
      : Result[Name];
};

/**
 * How long before a new event a visit can have started and still change: a beacon comes up to 48 hours after its page, and
 * the page up to 24 hours after the visit's start.
 */
export const MAX_REBUILD_AGE = MAX_DELAY + VISIT_MAX_LENGTH;

/** How long before the first rebuilt event the events must be known: a later view of the same page does not count. */
export const MAX_PAGE_AGE = MAX_DELAY;

/**
 * Returns the event that begins a rebuild.
 *
 * @param earliest - `at` of the earliest new event.
 * @param previous - the last visit that started `MAX_REBUILD_AGE` before it, or earlier.
 * @param firstStored - the visit after that one.
 * @returns null to rebuild every visit of the visitor.
 */
export function windowStart(
  earliest: number,
  previous: VisitRow | null,
  firstStored: VisitRow | undefined,
): WindowStart | null {
  if (!previous) return null;
  if (firstStored && firstStored.started_at < earliest) {
    return { at: firstStored.started_at, id: firstStored.id };
  }
  return { at: earliest, id: "" };
}

/**
 * Recomputes a visitor's visits. Events that belong to no rebuilt visit, and whose visit started earlier, are left as
 * they are.
 */
export function rebuildVisits(input: RebuildInput): RebuildResult {
  const { tenant, visitor, stored, time } = input;
  const assigner = assignerOf(input.events, input.from);
  const { visits: assigned, withoutVisit } = assigner;
  const storedById = new Map(stored.map((row) => [row.id, row]));
  const result: Mutable<RebuildResult> = {
    visits: [],
    deleted: [],
    backendEvents: [],
    orders: [],
    dirtyDays: new Set(),
    extendTo: null,
    assigner,
  };
  let previous = input.previous;
  for (const visit of assigned) {
    const facts = factsOf(visit, { tenant, visitor, previous, time });
    previous = facts.row;
    const before = storedById.get(facts.row.id) ?? null;
    storedById.delete(facts.row.id);
    const ofVisit = visit.parts.map(({ event }) => event);
    // A visit that gains one event and loses another may have the same row, and yet another journey.
    const isChanged =
      before === null ||
      !isSameRow(before, facts.row) ||
      ofVisit.some((event) => input.added.has(event.id) || isMoved(event, facts.row.id, input));
    result.visits.push({ ...facts, isChanged });
    recordEvents(ofVisit, facts.row.id, input, result);
    if (!isChanged) continue;
    if (before) addDays(before, result.dirtyDays);
    addDays(facts.row, result.dirtyDays);
    for (const { order_id, at } of ofVisit) if (order_id !== null) result.dirtyDays.add(time.dayOf(at));
  }
  for (const row of storedById.values()) {
    result.deleted.push(row.id);
    addDays(row, result.dirtyDays);
  }
  recordEvents(
    withoutVisit.filter(({ id }) => !belongsToEarlierVisit(id, input)),
    null,
    input,
    result,
  );
  return result;
}

/** Whether an event is a backend's and is not stored as one of this visit. */
function isMoved(event: VisitEventRow, visitId: string | null, { backendEvents }: RebuildInput): boolean {
  return event.is_backend === 1 && backendEvents.get(event.id) !== visitId;
}

/** Whether a stored backend event belongs to a visit before the rebuilt ones. */
function belongsToEarlierVisit(id: string, { backendEvents, stored }: RebuildInput): boolean {
  const visitId = backendEvents.get(id) ?? null;
  return visitId !== null && stored.every((row) => row.id !== visitId);
}

/** Records orders, and backend events that changed their visit. */
function recordEvents(
  events: readonly VisitEventRow[],
  visitId: string | null,
  input: RebuildInput,
  result: Mutable<RebuildResult>,
): void {
  for (const event of events) {
    if (event.order_id !== null) result.orders.push({ event, visitId });
    if (!isMoved(event, visitId, input)) continue;
    if (belongsToEarlierVisit(event.id, input)) result.extendTo ??= input.backendEvents.get(event.id) ?? null;
    result.backendEvents.push({ event, visitId });
    result.dirtyDays.add(input.time.dayOf(event.at));
  }
}

function isSameRow(left: VisitRow, right: VisitRow): boolean {
  for (const name in right) {
    if (left[name as keyof VisitRow] !== right[name as keyof VisitRow]) return false;
  }
  return true;
}

/** Adds the days of a visit: three at most, because a visit lasts 24 hours at most. */
export function addDays({ local_day, last_day }: VisitRow, days: Set<number>): void {
  for (let day = local_day; day <= last_day; day++) days.add(day);
}
