import type { NewEventRow } from "../../facts/event-row.ts";
import type { LocalTime } from "../../facts/local-time.ts";
import {
  findWindowStart,
  MAX_PAGE_AGE,
  MAX_REBUILD_AGE,
  type RebuildResult,
  rebuildVisits,
} from "../../facts/rebuild.ts";
import { type ExtendedVisits, type RecentVisitor, RecentVisitors } from "../../facts/recent-visitors.ts";
import type { VisitorEvents } from "../group-events.ts";
import { orderRowOf } from "../order-row.ts";
import type { VisitEventRow, VisitRow } from "../schema.ts";
import type { VisitStatements } from "./statements.ts";

const HOUR = 3_600_000;

/** Stores events and updates the visits that they belong to. Each call has to run inside a transaction. */
export class SqliteIngest {
  readonly #statements: VisitStatements;
  readonly #time: LocalTime;

  readonly #recent: RecentVisitors;
  #dataVersion = -1;

  constructor(statements: VisitStatements, time: LocalTime) {
    this.#statements = statements;
    this.#time = time;
    this.#recent = new RecentVisitors(time);
  }

  /** Clears the cached visitors. Call it when a transaction that called `addGroups` was rolled back. */
  clearCache(): void {
    this.#recent.clear();
  }

  /** Stores events of several visitors. Ignores events that are already stored, and repeated orders. */
  addGroups(groups: readonly VisitorEvents[]): void {
    const version = this.#statements.dataVersion();
    if (version !== this.#dataVersion) this.#recent.clear();
    this.#dataVersion = version;
    const dirtyDays = new Map<string, Set<number>>();
    for (const group of groups) {
      const days = group.visitorId === null ? this.#addWithoutVisitor(group) : this.#addGroup(group);
      const daysOfTenant = dirtyDays.get(group.tenant);
      if (daysOfTenant) for (const day of days) daysOfTenant.add(day);
      else dirtyDays.set(group.tenant, new Set(days));
    }
    for (const [tenant, days] of dirtyDays) {
      if (days.size > 0) this.#statements.addTenant(tenant);
      for (const day of days) this.#statements.addDirtyDay(tenant, day);
    }
  }

  /**
   * Adds backend events, which name a session but no visitor. They belong to the visitor of the session's last visit.
   */
  #addWithoutVisitor({ tenant, rows }: VisitorEvents): Set<number> {
    const days = new Set<number>();
    for (const row of rows) {
      const visitor =
        row.session_id === null ? null : this.#statements.visitorOfSession(tenant, row.session_id, row.at);
      const added = visitor === null ? this.#addOrphan(row) : this.#addOfVisitor(tenant, visitor, [row]);
      for (const day of added) days.add(day);
    }
    return days;
  }

  /** Stores an event whose session has no visit yet. A later event of the session may begin a visit. */
  #addOrphan(row: NewEventRow): number[] {
    const [added] = this.#insertEvents([row], null);
    if (!added) return [];
    this.#putBackendEvent(added, null);
    if (added.order_id !== null) this.#statements.putOrder(orderRowOf(added, null, this.#time));
    return [this.#time.dayOf(added.at)];
  }

  #addGroup({ tenant, visitorId, rows }: VisitorEvents): ReadonlySet<number> {
    const id = String(visitorId);
    const cachedNumber = this.#recent.visitorNumberOf(tenant, id);
    if (cachedNumber !== null) return this.#addOfVisitor(tenant, cachedNumber, rows);
    const { number, isNew } = this.#statements.visitorNumber(tenant, id, newestOf(rows));
    this.#recent.cacheVisitorNumber(tenant, id, number);
    return this.#addOfVisitor(tenant, number, rows, isNew);
  }

  #addOfVisitor(
    tenant: string,
    visitor: number,
    rows: readonly NewEventRow[],
    isNew = false,
  ): ReadonlySet<number> {
    const inserted = this.#insertEvents(rows, visitor);
    if (inserted.length === 0) return new Set();
    const recent = this.#recent.get(visitor);
    const adopted = this.#adoptOrphans(tenant, visitor, inserted, recent);
    const added = [...inserted, ...adopted];
    const extension = recent ? this.#recent.extendVisits(recent, added) : null;
    const { dirtyDays } =
      recent && extension
        ? this.#applyExtension(recent, extension, newestOf(added))
        : this.#addByRebuild(tenant, visitor, added, isNew);
    // Adopted events had no visit before, so the statistics of their days change.
    return new Set([...dirtyDays, ...adopted.map(({ at }) => this.#time.dayOf(at))]);
  }

  #adoptOrphans(
    tenant: string,
    visitor: number,
    inserted: readonly VisitEventRow[],
    recent: RecentVisitor | null,
  ): VisitEventRow[] {
    const sessions = new Set<string>();
    for (const { is_backend, session_id } of inserted) {
      if (!is_backend && session_id !== null && !recent?.assigner.hasSession(session_id))
        sessions.add(session_id);
    }
    if (sessions.size === 0 || !this.#statements.hasOrphans()) return [];
    return [...sessions].flatMap((session) => this.#statements.adoptOrphans(tenant, session, visitor));
  }

  #addByRebuild(
    tenant: string,
    visitor: number,
    added: readonly VisitEventRow[],
    isNew: boolean,
  ): RebuildWithStored {
    const result = this.#rebuild(tenant, visitor, added, isNew);
    const newest = newestOf(added);
    this.#applyRebuild(result, newest, visitor);
    const { previous } = result;
    this.#recent.cacheVisitor(
      { visitorNumber: visitor, tenant, previous, lastActivityAt: newest, lastWrite: null },
      result,
    );
    return result;
  }

  /** Stores visits with new events. All new events are later than the visitor's earlier events. */
  #applyExtension(recent: RecentVisitor, extension: ExtendedVisits, newest: number): ExtendedVisits {
    const statements = this.#statements;
    for (const { row, sessions, journey, factsBefore } of extension.visits) {
      if (factsBefore) statements.updateVisit(row, factsBefore.row);
      else statements.insertVisit(row);
      if (journey !== factsBefore?.journey) statements.putJourney(row.id, journey);
      for (const session of sessions.slice(factsBefore?.sessions.length))
        statements.insertSession(session, row);
    }
    for (const [event, visit] of extension.visitOf) {
      if (event.is_backend) this.#putBackendEvent(event, visit.id);
      if (event.order_id !== null) statements.putOrder(orderRowOf(event, visit, this.#time));
    }
    if (newest - recent.lastActivityAt > HOUR) {
      statements.updateVisitor(recent.visitorNumber, null, newest);
      recent.lastActivityAt = newest;
    }
    return extension;
  }

  #insertEvents(rows: readonly NewEventRow[], visitor: number | null): VisitEventRow[] {
    const added: VisitEventRow[] = [];
    for (const each of rows) {
      const row = { ...each, visitor };
      if (row.order_id !== null && this.#statements.eventOfOrder(row.tenant, row.order_id) !== null) continue;
      if (this.#statements.insertEvent(row)) added.push(row);
    }
    return added;
  }

  /** Rebuilds the visits that the events `added` may affect. The events must already be stored. */
  #rebuild(
    tenant: string,
    visitor: number,
    added: readonly VisitEventRow[],
    isNew: boolean,
  ): RebuildWithStored {
    const time = this.#time;
    const base = { tenant, visitor, time, addedEventIds: new Set(added.map(({ id }) => id)) };
    if (isNew) {
      const rest = { previous: null, storedVisits: [], from: null, events: added, backendEvents: new Map() };
      return { ...rebuildVisits({ ...base, ...rest }), storedVisits: [], previous: null };
    }
    const statements = this.#statements;
    const earliest = added.reduce((least, { at }) => Math.min(least, at), Number.MAX_SAFE_INTEGER);
    let rebuiltAfter = earliest - MAX_REBUILD_AGE;
    for (;;) {
      const previous = statements.lastVisitAt(visitor, rebuiltAfter);
      const storedVisits = statements.visitsAfter(visitor, rebuiltAfter);
      const from = findWindowStart(earliest, previous, storedVisits[0]);
      const since = (from?.at ?? Number.MIN_SAFE_INTEGER + MAX_PAGE_AGE) - MAX_PAGE_AGE;
      const events = statements.eventsSince(visitor, since);
      const backendEvents = statements.backendEventsSince(visitor, since);
      const result = rebuildVisits({ ...base, previous, storedVisits, from, events, backendEvents });
      const earlier = previous ? this.#earlierStart(result, visitor, rebuiltAfter) : null;
      if (earlier === null) return { ...result, storedVisits, previous };
      rebuiltAfter = earlier - 1;
    }
  }

  /** Returns the start of an earlier visit that gains or loses a backend event; null if there is none. */
  #earlierStart(
    { restartFromVisit, backendEvents }: RebuildResult,
    visitor: number,
    rebuiltAfter: number,
  ): number | null {
    if (restartFromVisit !== null) return this.#statements.startOfRebuildableVisit(restartFromVisit);
    for (const { event, visitId } of backendEvents) {
      if (visitId !== null || event.session_id === null) continue;
      const startedAt = this.#statements.lastVisitOfSession(visitor, event.session_id, rebuiltAfter);
      if (startedAt !== null) return startedAt;
    }
    return null;
  }

  #applyRebuild(
    { visits, deletedVisitIds, ...result }: RebuildWithStored,
    newest: number,
    visitor: number,
  ): void {
    const statements = this.#statements;
    const storedById = new Map(result.storedVisits.map((row) => [row.id, row]));
    for (const id of deletedVisitIds) statements.deleteVisit(id);
    for (const { row, sessions, journey, isChanged } of visits) {
      if (!isChanged) continue;
      const before = storedById.get(row.id);
      if (before) statements.updateVisit(row, before);
      else statements.insertVisit(row);
      statements.putJourney(row.id, journey);
      for (const session of sessions) statements.insertSession(session, row);
      if (before) statements.deleteOtherSessions(row.id, sessions);
    }
    const rows = new Map(visits.map(({ row }) => [row.id, row]));
    for (const { event, visitId } of result.backendEvents) this.#putBackendEvent(event, visitId);
    for (const { event, visitId } of result.orders) {
      statements.putOrder(
        orderRowOf(event, visitId === null ? null : (rows.get(visitId) ?? null), this.#time),
      );
    }
    const first = result.previous ? null : (visits[0]?.row ?? null);
    statements.updateVisitor(visitor, first, newest);
  }

  #putBackendEvent(event: VisitEventRow, visitId: string | null): void {
    const { id, tenant, visitor, type, at } = event;
    const local_day = this.#time.dayOf(at);
    this.#statements.putBackendEvent({
      event_id: id,
      tenant,
      visitor,
      visit_id: visitId,
      type,
      at,
      local_day,
    });
  }
}

function newestOf(rows: readonly { readonly at: number }[]): number {
  return rows.reduce((latest, { at }) => Math.max(latest, at), 0);
}

/** The result of a rebuild, and the rows from which it was computed. */
type RebuildWithStored = RebuildResult & {
  readonly storedVisits: readonly VisitRow[];
  readonly previous: VisitRow | null;
};
