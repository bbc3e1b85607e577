import type { VisitEventRow, VisitRow } from "../sink/schema.ts";
import {
  createAssigner,
  MAX_EVENT_DELAY,
  VISIT_MAX_LENGTH,
  type VisitAssigner,
  type WindowStart,
} from "./assign.ts";
import { factsOf, type VisitFacts } from "./facts.ts";
import type { LocalTime } from "./local-time.ts";

/** The input for rebuilding a visitor's visits from the events. */
export interface RebuildInput {
  readonly tenant: string;
  readonly visitor: number;
  /** The last visit before the visits to rebuild; null if there is none. */
  readonly previous: VisitRow | null;
  /** The stored visits to rebuild, ordered by start time: every visit after `previous`. */
  readonly storedVisits: readonly VisitRow[];
  /** The event at which the rebuild begins: see {@link findWindowStart}. */
  readonly from: WindowStart | null;
  /** All of the visitor's events since {@link MAX_PAGE_AGE} before `from`, including the new events. No duplicates. */
  readonly events: readonly VisitEventRow[];
  /** Ids of the new events. */
  readonly addedEventIds: ReadonlySet<string>;
  /** The stored visit id of each backend event in `events`, except for new events. Null means "(no visit)". */
  readonly backendEvents: ReadonlyMap<string, string | null>;
  readonly time: LocalTime;
}

/** An event and the id of its visit. Null means "(no visit)". */
export interface EventWithVisitId {
  readonly event: VisitEventRow;
  readonly visitId: string | null;
}

/** The changes that a rebuild causes. */
export interface RebuildResult {
  /** All rebuilt visits. `isChanged` tells whether a visit differs from the stored one. */
  readonly visits: readonly (VisitFacts & { readonly isChanged: boolean })[];
  /** Ids of stored visits that no longer exist. */
  readonly deletedVisitIds: readonly string[];
  /** The backend events that are new or now belong to another visit. */
  readonly backendEvents: readonly EventWithVisitId[];
  readonly orders: readonly EventWithVisitId[];
  /** The local days whose daily statistics are out of date after these changes. */
  readonly dirtyDays: ReadonlySet<number>;
  /**
   * An earlier visit that loses a backend event to a rebuilt visit. If it is not null, the caller must ignore this
   * result and rebuild again from that visit.
   */
  readonly restartFromVisit: string | null;
  /** The assigner with the rebuilt visits, which accepts later events. */
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
 * Maximum age of a visit that a new event can change. A visit lasts up to 24 hours, and a beacon arrives up to 48 hours
 * after its page view.
 */
export const MAX_REBUILD_AGE = MAX_EVENT_DELAY + VISIT_MAX_LENGTH;

/**
 * A rebuild also reads the events of this many milliseconds before its first event, to recognise repeated views of the
 * same page.
 */
export const MAX_PAGE_AGE = MAX_EVENT_DELAY;

/**
 * Returns the event at which a rebuild begins.
 *
 * @param earliest - `at` of the earliest new event.
 * @param previous - the last visit that started at least `MAX_REBUILD_AGE` before `earliest`.
 * @param firstStored - the visit after `previous`.
 * @returns null to rebuild every visit of the visitor.
 */
export function findWindowStart(
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

/** Rebuilds a visitor's visits. Does not change events that belong to an earlier visit. */
export function rebuildVisits(input: RebuildInput): RebuildResult {
  const { tenant, visitor, storedVisits, time } = input;
  const assigner = createAssigner(input.events, input.from);
  const { visits: assigned, withoutVisit } = assigner;
  const storedById = new Map(storedVisits.map((row) => [row.id, row]));
  const result: Mutable<RebuildResult> = {
    visits: [],
    deletedVisitIds: [],
    backendEvents: [],
    orders: [],
    dirtyDays: new Set(),
    restartFromVisit: null,
    assigner,
  };
  let previous = input.previous;
  for (const visit of assigned) {
    const facts = factsOf(visit, { tenant, visitor, previous, time });
    previous = facts.row;
    const before = storedById.get(facts.row.id) ?? null;
    storedById.delete(facts.row.id);
    const ofVisit = visit.parts.map(({ event }) => event);
    // If a visit gains one event and loses another, its row may stay the same although its journey (list of events)
    // differs.
    const isChanged =
      before === null ||
      !isSameRow(before, facts.row) ||
      ofVisit.some(
        (event) => input.addedEventIds.has(event.id) || isStoredElsewhere(event, facts.row.id, input),
      );
    result.visits.push({ ...facts, isChanged });
    recordOrdersAndBackendEvents(ofVisit, facts.row.id, input, result);
    if (!isChanged) continue;
    if (before) addDaysOfVisit(before, result.dirtyDays);
    addDaysOfVisit(facts.row, result.dirtyDays);
    for (const { order_id, at } of ofVisit) if (order_id !== null) result.dirtyDays.add(time.dayOf(at));
  }
  for (const row of storedById.values()) {
    result.deletedVisitIds.push(row.id);
    addDaysOfVisit(row, result.dirtyDays);
  }
  recordOrdersAndBackendEvents(
    withoutVisit.filter(({ id }) => !belongsToEarlierVisit(id, input)),
    null,
    input,
    result,
  );
  return result;
}

/** Returns whether a backend event is not stored as part of this visit. */
function isStoredElsewhere(
  event: VisitEventRow,
  visitId: string | null,
  { backendEvents }: RebuildInput,
): boolean {
  return event.is_backend === 1 && backendEvents.get(event.id) !== visitId;
}

/** Returns whether a stored backend event belongs to a visit before the rebuilt ones. */
function belongsToEarlierVisit(id: string, { backendEvents, storedVisits }: RebuildInput): boolean {
  const visitId = backendEvents.get(id) ?? null;
  return visitId !== null && storedVisits.every((row) => row.id !== visitId);
}

/** Records orders. Also records backend events that now belong to another visit. */
function recordOrdersAndBackendEvents(
  events: readonly VisitEventRow[],
  visitId: string | null,
  input: RebuildInput,
  result: Mutable<RebuildResult>,
): void {
  for (const event of events) {
    if (event.order_id !== null) result.orders.push({ event, visitId });
    if (!isStoredElsewhere(event, visitId, input)) continue;
    if (belongsToEarlierVisit(event.id, input))
      result.restartFromVisit ??= input.backendEvents.get(event.id) ?? null;
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

/** Adds the local days of a visit. There are at most three, because a visit lasts at most 24 hours. */
export function addDaysOfVisit({ local_day, last_day }: VisitRow, days: Set<number>): void {
  for (let day = local_day; day <= last_day; day++) days.add(day);
}
