import type { NewEventRow } from "../../facts/event-row.ts";
import type { LocalTime } from "../../facts/local-time.ts";
import {
  findWindowStart,
  MAX_PAGE_AGE,
  MAX_REBUILD_AGE,
  type RebuildResult,
  rebuildVisits,
} from "../../facts/rebuild.ts";
import type { ExtendedVisits, RecentVisitors } from "../../facts/recent-visitors.ts";
import type { VisitorEvents } from "../group-events.ts";
import { orderRowOf } from "../order-row.ts";
import type { VisitEventRow } from "../schema.ts";
import {
  type AddedEvents,
  ChangeWriter,
  type ExtendedByEvents,
  type IngestDependencies,
  newestOf,
  type RebuiltVisits,
} from "./changes.ts";
import type { VisitStatements } from "./statements.ts";
import type { VisitorStatements } from "./visitors.ts";

/** Stores events and updates the visits that they belong to. Create one instance per transaction. */
export class PostgresIngest {
  readonly #statements: VisitStatements;
  readonly #visitors: VisitorStatements;
  readonly #recent: RecentVisitors;
  readonly #time: LocalTime;
  readonly #changes: ChangeWriter;

  constructor(deps: IngestDependencies) {
    this.#statements = deps.statements;
    this.#visitors = deps.visitorStatements;
    this.#recent = deps.recentVisitors;
    this.#time = deps.time;
    this.#changes = new ChangeWriter(deps);
  }

  /** Stores events of several visitors. Ignores events that are already stored, and repeated orders. */
  async addGroups(groups: readonly VisitorEvents[]): Promise<void> {
    const { rows, lastWrites } = await this.#withVisitors(groups);
    const inserted = await this.#insertEvents(rows);
    if (inserted.length === 0) return;
    const adopted = await this.#adoptOrphans(inserted);
    const byVisitor = Map.groupBy([...inserted, ...adopted], ({ visitor }) => visitor);
    const orphans = byVisitor.get(null) ?? [];
    byVisitor.delete(null);
    const additions = [...byVisitor].map(([visitor, added]) =>
      addedEventsOf(Number(visitor), added, lastWrites.get(Number(visitor)) ?? null),
    );
    const extended: ExtendedByEvents[] = [];
    const others: AddedEvents[] = [];
    for (const addition of additions) {
      const extension = this.#extend(addition);
      if (extension) extended.push({ ...addition, extension });
      else others.push(addition);
    }
    const rebuilt = await this.#rebuild(others);
    await this.#changes.write({
      rebuiltVisits: rebuilt,
      extendedVisits: extended,
      insertedEvents: inserted,
      adoptedEvents: adopted,
      orphanEvents: orphans,
    });
  }

  /** Adds events to the visits in memory; returns null if they have to be rebuilt from the database. */
  #extend({ visitor, lastWrite, addedEvents }: AddedEvents): ExtendedVisits | null {
    const recent = lastWrite === null ? null : this.#recent.get(visitor, lastWrite);
    if (!recent) return null;
    recent.lastWrite = this.#visitors.numberOfWrite;
    return this.#recent.extendVisits(recent, addedEvents);
  }

  /** Locks the visitors of the groups. A backend event without a visitor gets the visitor of its session. */
  async #withVisitors(
    groups: readonly VisitorEvents[],
  ): Promise<{ rows: VisitEventRow[]; lastWrites: Map<number, number | null> }> {
    const named = groups
      .flatMap(({ tenant, visitorId, rows }) =>
        visitorId === null ? [] : { tenant, id: visitorId, at: newestOf(rows), rows },
      )
      .sort((left, right) => compareTexts(left.id, right.id) || compareTexts(left.tenant, right.tenant));
    const unnamed = groups.flatMap(({ visitorId, rows }) => (visitorId === null ? rows : []));
    const locked = await this.#visitors.lock(named);
    const numbers = new Map(locked.map(({ tenant, id, number }) => [`${id}\n${tenant}`, number]));
    const lastWrites = new Map(locked.map(({ number, lastWrite }) => [number, lastWrite]));
    const rows: VisitEventRow[] = named.flatMap(({ tenant, id, rows: own }) => {
      const visitor = numbers.get(`${id}\n${tenant}`) ?? null;
      return own.map((row) => ({ ...row, visitor }));
    });
    for (const row of await this.#visitorsOfSessions(unnamed, lastWrites)) rows.push(row);
    return { rows, lastWrites };
  }

  /**
   * Locks the visitors of sessions. Adds them to `lastWrites`, except those that this transaction has locked before.
   */
  async #visitorsOfSessions(
    rows: readonly NewEventRow[],
    lastWrites: Map<number, number | null>,
  ): Promise<VisitEventRow[]> {
    if (rows.length === 0) return [];
    const sessions = rows.map(({ tenant, session_id, at }) => ({ tenant, session: session_id ?? "", at }));
    const visitors = await this.#statements.visitorsOfSessions(sessions);
    const found = rows.map((row, index) => ({ ...row, visitor: visitors[index] ?? null }));
    const notLocked = found.filter(({ visitor }) => visitor !== null && !lastWrites.has(visitor));
    const groups = Map.groupBy(notLocked, ({ visitor }) => Number(visitor));
    const locked = await this.#visitors.lockByNumber(
      [...groups].map(([number, own]) => ({ number, at: newestOf(own) })),
    );
    for (const { number, lastWrite } of locked) lastWrites.set(number, lastWrite);
    return found;
  }

  async #insertEvents(rows: readonly VisitEventRow[]): Promise<VisitEventRow[]> {
    const orders = rows.filter(({ order_id }) => order_id !== null);
    const reserved = await this.#statements.reserveOrders(
      orders.map((row) => orderRowOf(row, null, this.#time)),
    );
    const repeated = await this.#statements.findRepeatedIds(rows);
    const accepted = rows.filter(({ id, order_id }) =>
      order_id === null ? !repeated.has(id) : reserved.has(id),
    );
    if (accepted.length === 0) return [];
    const ids = await this.#statements.insertEvents(accepted);
    return accepted.filter(({ id }) => ids.has(id));
  }

  async #adoptOrphans(inserted: readonly VisitEventRow[]): Promise<VisitEventRow[]> {
    const sessions = new Map<string, { tenant: string; session: string; visitor: number }>();
    for (const { tenant, session_id, visitor, is_backend } of inserted) {
      if (is_backend || session_id === null || visitor === null) continue;
      sessions.set(`${session_id}\n${tenant}`, { tenant, session: session_id, visitor });
    }
    return await this.#statements.adoptOrphans([...sessions.values()]);
  }

  async #rebuild(additions: readonly AddedEvents[]): Promise<RebuiltVisits[]> {
    const known = additions.filter(({ lastWrite }) => lastWrite !== null);
    const fresh = additions
      .filter(({ lastWrite }) => lastWrite === null)
      .map((addition) => this.#rebuildNewVisitor(addition));
    if (known.length === 0) return fresh;
    const visits = Map.groupBy(await this.#statements.visitsAround(known), ({ visitor }) => visitor);
    const windows = known.map((addition) => {
      const around = visits.get(addition.visitor) ?? [];
      const stored = around.filter(({ started_at }) => started_at > addition.rebuiltAfter);
      const previous = around.find(({ started_at }) => started_at <= addition.rebuiltAfter) ?? null;
      const from = findWindowStart(earliestOf(addition.addedEvents), previous, stored[0]);
      const since = from === null ? Number.MIN_SAFE_INTEGER : from.at - MAX_PAGE_AGE;
      return { addition, stored, previous, from, visitor: addition.visitor, rebuiltAfter: since };
    });
    const events = Map.groupBy(await this.#statements.eventsSince(windows), ({ visitor }) => Number(visitor));
    const backend = Map.groupBy(await this.#statements.backendEventsSince(windows), ({ visitor }) => visitor);
    const rebuilt: RebuiltVisits[] = [];
    for (const { addition, stored, previous, from, visitor } of windows) {
      const { tenant, addedEvents } = addition;
      const own = (backend.get(visitor) ?? []).map(({ event_id, visit_id }) => [event_id, visit_id] as const);
      const result = rebuildVisits({
        tenant,
        visitor,
        previous,
        storedVisits: stored,
        from,
        events: events.get(visitor) ?? [],
        addedEventIds: new Set(addedEvents.map(({ id }) => id)),
        backendEvents: new Map(own),
        time: this.#time,
      });
      const earlier = previous ? await this.#earlierStart(result, visitor, addition.rebuiltAfter) : null;
      if (earlier === null) rebuilt.push({ ...addition, result, storedVisits: stored, previous });
      else rebuilt.push(...(await this.#rebuild([{ ...addition, rebuiltAfter: earlier - 1 }])));
    }
    return [...fresh, ...rebuilt];
  }

  #rebuildNewVisitor(addition: AddedEvents): RebuiltVisits {
    const { tenant, visitor, addedEvents } = addition;
    const result = rebuildVisits({
      tenant,
      visitor,
      previous: null,
      storedVisits: [],
      from: null,
      events: addedEvents,
      addedEventIds: new Set(addedEvents.map(({ id }) => id)),
      backendEvents: new Map(),
      time: this.#time,
    });
    return { ...addition, result, storedVisits: [], previous: null };
  }

  /**
   * Returns the start of the visit from which to rebuild again, if the rebuild moves a backend event into or out of a
   * visit before the rebuilt ones. Otherwise returns null.
   */
  async #earlierStart(
    { restartFromVisit, backendEvents }: RebuildResult,
    visitor: number,
    rebuiltAfter: number,
  ): Promise<number | null> {
    if (restartFromVisit !== null) return await this.#statements.startOfRebuildableVisit(restartFromVisit);
    for (const { event, visitId } of backendEvents) {
      if (visitId !== null || event.session_id === null) continue;
      const startedAt = await this.#statements.lastVisitOfSession(visitor, event.session_id, rebuiltAfter);
      if (startedAt !== null) return startedAt;
    }
    return null;
  }
}

function addedEventsOf(
  visitor: number,
  added: readonly VisitEventRow[],
  lastWrite: number | null,
): AddedEvents {
  const rebuiltAfter = earliestOf(added) - MAX_REBUILD_AGE;
  return { tenant: added[0]?.tenant ?? "", visitor, lastWrite, addedEvents: added, rebuiltAfter };
}

function earliestOf(rows: readonly { readonly at: number }[]): number {
  return rows.reduce((least, { at }) => Math.min(least, at), Number.MAX_SAFE_INTEGER);
}

function compareTexts(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
