import type { VisitFacts } from "../../facts/facts.ts";
import type { LocalTime } from "../../facts/local-time.ts";
import type { RebuildResult } from "../../facts/rebuild.ts";
import type { ExtendedVisit, ExtendedVisits, RecentVisitors } from "../../facts/recent-visitors.ts";
import { orderRowOf } from "../order-row.ts";
import type { VisitEventRow, VisitRow } from "../schema.ts";
import type { ChangedVisit, SessionLink, VisitStatements } from "./statements.ts";
import type { VisitorStatements } from "./visitors.ts";

/** The events of one visitor that a batch adds. */
export interface AddedEvents {
  readonly tenant: string;
  readonly visitor: number;
  /** {@link LockedVisitor.lastWrite} */
  readonly lastWrite: number | null;
  readonly addedEvents: readonly VisitEventRow[];
  /** All visits that started after this time are rebuilt. */
  readonly rebuiltAfter: number;
}

/** The added events of one visitor, and the changes that they cause to the visitor's cached visits. */
export interface ExtendedByEvents extends AddedEvents {
  readonly extension: ExtendedVisits;
}

/** The added events of one visitor, the result of the rebuild, and the rows from which the result was computed. */
export interface RebuiltVisits extends AddedEvents {
  readonly result: RebuildResult;
  readonly storedVisits: readonly VisitRow[];
  readonly previous: VisitRow | null;
}

/** A rebuilt visit that differs from its stored row. */
type RebuiltVisit = ChangedVisit & VisitFacts;

/** The changes that the events of a batch cause. */
export interface Changes {
  readonly rebuiltVisits: readonly RebuiltVisits[];
  readonly extendedVisits: readonly ExtendedByEvents[];
  /** The events of the batch that were not stored before. */
  readonly insertedEvents: readonly VisitEventRow[];
  /** Backend events of earlier batches whose session had no visit until now. */
  readonly adoptedEvents: readonly VisitEventRow[];
  /** Backend events of the batch whose session has no visit. */
  readonly orphanEvents: readonly VisitEventRow[];
}

/** The dependencies of {@link ChangeWriter}. */
export interface IngestDependencies {
  readonly statements: VisitStatements;
  readonly visitorStatements: VisitorStatements;
  /** The visits that earlier transactions of this process have cached. */
  readonly recentVisitors: RecentVisitors;
  readonly time: LocalTime;
}

/** Stores everything that a batch of events changes, except the events themselves. */
export class ChangeWriter {
  readonly #statements: VisitStatements;
  readonly #visitors: VisitorStatements;
  readonly #recentVisitors: RecentVisitors;
  readonly #time: LocalTime;

  constructor({ statements, visitorStatements, recentVisitors, time }: IngestDependencies) {
    this.#statements = statements;
    this.#visitors = visitorStatements;
    this.#recentVisitors = recentVisitors;
    this.#time = time;
  }

  /** Stores the changes, and caches the rebuilt visits. */
  async write(changes: Changes): Promise<void> {
    const { rebuiltVisits, extendedVisits, orphanEvents } = changes;
    const statements = this.#statements;
    await statements.deleteVisits(rebuiltVisits.flatMap(({ result }) => result.deletedVisitIds));
    const changed = rebuiltVisits.flatMap(changedVisitsOf);
    const extensions = extendedVisits.flatMap(({ extension }) => extension.visits);
    const visits: ChangedVisit[] = [...changed];
    for (const { row, journey, factsBefore } of extensions)
      visits.push({ row, journey, rowBefore: factsBefore?.row ?? null });
    await statements.putVisits(visits);
    await statements.putJourneys([
      ...changed,
      ...extensions.flatMap(({ row, journey, factsBefore }) =>
        journey === factsBefore?.journey ? [] : { row, journey, rowBefore: factsBefore?.row ?? null },
      ),
    ]);
    await this.#putSessions(changed, extensions);
    await this.#putOrders(changes);
    await statements.putBackendEvents([
      ...rebuiltVisits
        .flatMap(({ result }) => result.backendEvents)
        .map(({ event, visitId }) => this.#backendRow(event, visitId)),
      ...extendedVisits
        .flatMap(({ extension }) => [...extension.visitOf])
        .flatMap(([event, visit]) => (event.is_backend ? this.#backendRow(event, visit.id) : [])),
      ...orphanEvents.map((event) => this.#backendRow(event, null)),
    ]);
    await this.#visitors.updateFirstVisits(rebuiltVisits.flatMap(firstVisitOf));
    await statements.addDirtyDays(this.#dirtyDaysOf(changes));
    for (const each of rebuiltVisits) this.#cacheVisitor(each);
  }

  /** Stores the sessions of visits. Only a rebuilt visit can lose a session. */
  async #putSessions(rebuilt: readonly RebuiltVisit[], extensions: readonly ExtendedVisit[]): Promise<void> {
    const stored = await this.#statements.sessionsOf(
      rebuilt.flatMap(({ row, rowBefore }) => (rowBefore ? row.id : [])),
    );
    const wanted = rebuilt.flatMap(({ row, sessions }) => sessions.map((session) => linkOf(row, session)));
    const storedKeys = new Set(stored.map(keyOfLink));
    const wantedKeys = new Set(wanted.map(keyOfLink));
    await this.#statements.deleteSessions(stored.filter((link) => !wantedKeys.has(keyOfLink(link))));
    await this.#statements.insertSessions([
      ...wanted.filter((link) => !storedKeys.has(keyOfLink(link))),
      ...extensions.flatMap(({ row, sessions, factsBefore }) =>
        sessions.slice(factsBefore?.sessions.length).map((session) => linkOf(row, session)),
      ),
    ]);
  }

  async #putOrders({ rebuiltVisits, extendedVisits, insertedEvents }: Changes): Promise<void> {
    const orders = rebuiltVisits.flatMap(({ result }) => {
      if (result.orders.length === 0) return [];
      const rows = new Map(result.visits.map(({ row }) => [row.id, row]));
      return result.orders.map(({ event, visitId }) =>
        orderRowOf(event, visitId === null ? null : (rows.get(visitId) ?? null), this.#time),
      );
    });
    for (const { extension } of extendedVisits) {
      for (const [event, visit] of extension.visitOf) {
        if (event.order_id !== null) orders.push(orderRowOf(event, visit, this.#time));
      }
    }
    if (orders.length === 0) return;
    const added = new Set(insertedEvents.map(({ id }) => id));
    await this.#statements.updateOrders(orders);
    await this.#statements.attributeOrders(orders.filter(({ event_id }) => added.has(event_id)));
  }

  #cacheVisitor({ visitor, tenant, previous, addedEvents, result }: RebuiltVisits): void {
    const lastWrite = this.#visitors.numberOfWrite;
    this.#recentVisitors.cacheVisitor(
      { visitorNumber: visitor, tenant, previous, lastActivityAt: newestOf(addedEvents), lastWrite },
      result,
    );
  }

  #backendRow(event: VisitEventRow, visitId: string | null): object {
    const { id, tenant, visitor, type, at } = event;
    return { event_id: id, tenant, visitor, visit_id: visitId, type, at, local_day: this.#time.dayOf(at) };
  }

  #dirtyDaysOf({
    rebuiltVisits,
    extendedVisits,
    adoptedEvents,
    orphanEvents,
  }: Changes): { tenant: string; day: number }[] {
    const dirty = new Map<string, Set<number>>();
    const add = (tenant: string, days: Iterable<number>) => {
      const known = dirty.get(tenant) ?? new Set();
      dirty.set(tenant, known);
      for (const day of days) known.add(day);
    };
    for (const { tenant, result } of rebuiltVisits) add(tenant, result.dirtyDays);
    for (const { tenant, extension } of extendedVisits) add(tenant, extension.dirtyDays);
    for (const { tenant, at } of [...adoptedEvents, ...orphanEvents]) add(tenant, [this.#time.dayOf(at)]);
    return [...dirty].flatMap(([tenant, days]) => [...days].map((day) => ({ tenant, day })));
  }
}

function changedVisitsOf({ result, storedVisits }: RebuiltVisits): RebuiltVisit[] {
  const rowsBefore = new Map(storedVisits.map((row) => [row.id, row]));
  return result.visits.flatMap(({ isChanged, ...facts }) =>
    isChanged ? { ...facts, rowBefore: rowsBefore.get(facts.row.id) ?? null } : [],
  );
}

function firstVisitOf({ visitor, previous, result }: RebuiltVisits) {
  const first = previous ? null : (result.visits[0]?.row ?? null);
  return first ? { visitor, first_visit_at: first.started_at, first_week: first.first_week } : [];
}

function linkOf({ id, started_at, visitor }: VisitRow, session_id: string): SessionLink {
  return { session_id, visit_id: id, started_at, visitor };
}

function keyOfLink({ session_id, visit_id }: SessionLink): string {
  return `${visit_id}\n${session_id}`;
}

/** Returns the time of the newest row. */
export function newestOf(rows: readonly { readonly at: number }[]): number {
  return rows.reduce((latest, { at }) => Math.max(latest, at), 0);
}
