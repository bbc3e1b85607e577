import type { NewEventRow } from "../../facts/event-row.ts";
import type { LocalTime } from "../../facts/local-time.ts";
import {
  MAX_PAGE_AGE,
  MAX_REBUILD_AGE,
  type RebuildResult,
  rebuildVisits,
  windowStart,
} from "../../facts/rebuild.ts";
import type { VisitorEvents } from "../group-events.ts";
import { orderRowOf } from "../order-row.ts";
import type { VisitEventRow, VisitRow } from "../schema.ts";
import type { VisitStatements } from "./statements.ts";

/** The events of one visitor that a batch adds. */
interface AddedEvents {
  readonly tenant: string;
  readonly visitor: number;
  readonly isNew: boolean;
  readonly added: readonly VisitEventRow[];
  /** All visits that started after this time are rebuilt. */
  readonly reach: number;
}

/** The added events of one visitor, the result of the rebuild, and the rows from which the result was computed. */
interface RebuiltVisits extends AddedEvents {
  readonly result: RebuildResult;
  readonly stored: readonly VisitRow[];
  readonly previous: VisitRow | null;
}

/** Stores events and updates the visits that they belong to. Create one instance per transaction. */
export class PostgresIngest {
  readonly #statements: VisitStatements;
  readonly #time: LocalTime;
  readonly #dirtyDays = new Map<string, Set<number>>();

  constructor(statements: VisitStatements, time: LocalTime) {
    this.#statements = statements;
    this.#time = time;
  }

  /** Stores events of several visitors. Ignores events that are already stored, and repeated orders. */
  async addGroups(groups: readonly VisitorEvents[]): Promise<void> {
    const { rows, created } = await this.#withVisitors(groups);
    const inserted = await this.#insertEvents(rows);
    if (inserted.length === 0) return;
    const adopted = await this.#adoptOrphans(inserted);
    for (const event of adopted) this.#addDirtyDay(event);
    const byVisitor = Map.groupBy([...inserted, ...adopted], ({ visitor }) => visitor);
    const orphans = byVisitor.get(null) ?? [];
    byVisitor.delete(null);
    const additions = [...byVisitor].map(([visitor, added]) =>
      addedEventsOf(Number(visitor), added, created),
    );
    const rebuilt = await this.#rebuild(additions);
    await this.#apply(rebuilt, orphans, new Set(inserted.map(({ id }) => id)));
    const days = [...this.#dirtyDays].flatMap(([tenant, set]) => [...set].map((day) => ({ tenant, day })));
    await this.#statements.addDirtyDays(days);
  }

  /** Locks the visitors of the groups. A backend event without a visitor gets the visitor of its session. */
  async #withVisitors(
    groups: readonly VisitorEvents[],
  ): Promise<{ rows: VisitEventRow[]; created: ReadonlySet<number> }> {
    const named = groups
      .flatMap(({ tenant, visitorId, rows }) =>
        visitorId === null ? [] : { tenant, id: visitorId, at: newestOf(rows), rows },
      )
      .sort((left, right) => compareTexts(left.id, right.id) || compareTexts(left.tenant, right.tenant));
    const unnamed = groups.flatMap(({ visitorId, rows }) => (visitorId === null ? rows : []));
    const { locked, created } = await this.#statements.lockVisitors(named);
    const numbers = new Map(locked.map(({ tenant, id, number }) => [`${id}\n${tenant}`, number]));
    const rows: VisitEventRow[] = named.flatMap(({ tenant, id, rows: own }) => {
      const visitor = numbers.get(`${id}\n${tenant}`) ?? null;
      return own.map((row) => ({ ...row, visitor }));
    });
    if (unnamed.length > 0) rows.push(...(await this.#visitorsOfSessions(unnamed)));
    return { rows, created };
  }

  async #visitorsOfSessions(rows: readonly NewEventRow[]): Promise<VisitEventRow[]> {
    const sessions = rows.map(({ tenant, session_id, at }) => ({ tenant, session: session_id ?? "", at }));
    const visitors = await this.#statements.visitorsOfSessions(sessions);
    await this.#statements.lockVisitorsByNumber([...new Set(visitors)].filter((number) => number !== null));
    return rows.map((row, index) => ({ ...row, visitor: visitors[index] ?? null }));
  }

  async #insertEvents(rows: readonly VisitEventRow[]): Promise<VisitEventRow[]> {
    const orders = rows.filter(({ order_id }) => order_id !== null);
    const reserved = await this.#statements.reserveOrders(
      orders.map((row) => orderRowOf(row, null, this.#time)),
    );
    const repeated = await this.#statements.repeatedIds(rows);
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
    const known = additions.filter(({ isNew }) => !isNew);
    const fresh = additions.filter(({ isNew }) => isNew).map((addition) => this.#rebuildNewVisitor(addition));
    if (known.length === 0) return fresh;
    const visits = Map.groupBy(await this.#statements.visitsAround(known), ({ visitor }) => visitor);
    const windows = known.map((addition) => {
      const around = visits.get(addition.visitor) ?? [];
      const stored = around.filter(({ started_at }) => started_at > addition.reach);
      const previous = around.find(({ started_at }) => started_at <= addition.reach) ?? null;
      const from = windowStart(earliestOf(addition.added), previous, stored[0]);
      const since = from === null ? Number.MIN_SAFE_INTEGER : from.at - MAX_PAGE_AGE;
      return { addition, stored, previous, from, visitor: addition.visitor, reach: since };
    });
    const events = Map.groupBy(await this.#statements.eventsSince(windows), ({ visitor }) => Number(visitor));
    const backend = Map.groupBy(await this.#statements.backendEventsSince(windows), ({ visitor }) => visitor);
    const rebuilt: RebuiltVisits[] = [];
    for (const { addition, stored, previous, from, visitor } of windows) {
      const { tenant, added } = addition;
      const own = (backend.get(visitor) ?? []).map(({ event_id, visit_id }) => [event_id, visit_id] as const);
      const result = rebuildVisits({
        tenant,
        visitor,
        previous,
        stored,
        from,
        events: events.get(visitor) ?? [],
        added: new Set(added.map(({ id }) => id)),
        backendEvents: new Map(own),
        time: this.#time,
      });
      const earlier = previous ? await this.#earlierStart(result, visitor, addition.reach) : null;
      if (earlier === null) rebuilt.push({ ...addition, result, stored, previous });
      else rebuilt.push(...(await this.#rebuild([{ ...addition, reach: earlier - 1 }])));
    }
    return [...fresh, ...rebuilt];
  }

  #rebuildNewVisitor(addition: AddedEvents): RebuiltVisits {
    const { tenant, visitor, added } = addition;
    const result = rebuildVisits({
      tenant,
      visitor,
      previous: null,
      stored: [],
      from: null,
      events: added,
      added: new Set(added.map(({ id }) => id)),
      backendEvents: new Map(),
      time: this.#time,
    });
    return { ...addition, result, stored: [], previous: null };
  }

  /** Returns the start of an earlier visit that gains or loses a backend event; null if there is none. */
  async #earlierStart(
    { extendTo, backendEvents }: RebuildResult,
    visitor: number,
    reach: number,
  ): Promise<number | null> {
    if (extendTo !== null) return await this.#statements.startOfRebuildable(extendTo);
    for (const { event, visitId } of backendEvents) {
      if (visitId !== null || event.session_id === null) continue;
      const startedAt = await this.#statements.lastVisitOfSession(visitor, event.session_id, reach);
      if (startedAt !== null) return startedAt;
    }
    return null;
  }

  async #apply(
    rebuilt: readonly RebuiltVisits[],
    orphans: readonly VisitEventRow[],
    inserted: ReadonlySet<string>,
  ): Promise<void> {
    const statements = this.#statements;
    await statements.deleteVisits(rebuilt.flatMap(({ result }) => result.deleted));
    const changed = rebuilt.flatMap(({ result, stored }) => {
      const known = new Set(stored.map(({ id }) => id));
      return result.visits
        .filter(({ isChanged }) => isChanged)
        .map((facts) => ({ ...facts, isNew: !known.has(facts.row.id) }));
    });
    await statements.putVisits(changed);
    const rows = new Map(rebuilt.flatMap(({ result }) => result.visits.map(({ row }) => [row.id, row])));
    const orderRows = rebuilt
      .flatMap(({ result }) => result.orders)
      .map(({ event, visitId }) =>
        orderRowOf(event, visitId === null ? null : (rows.get(visitId) ?? null), this.#time),
      );
    await statements.updateOrders(orderRows);
    await statements.attributeOrders(orderRows.filter(({ event_id }) => inserted.has(event_id)));
    const backend = rebuilt.flatMap(({ result }) => result.backendEvents);
    await statements.putBackendEvents([
      ...backend.map(({ event, visitId }) => this.#backendRow(event, visitId)),
      ...orphans.map((event) => this.#backendRow(event, null)),
    ]);
    await statements.updateVisitors(rebuilt.map(visitorUpdateOf));
    for (const { tenant, result } of rebuilt) this.#addDirtyDays(tenant, result.dirtyDays);
    for (const event of orphans) this.#addDirtyDay(event);
  }

  #backendRow(event: VisitEventRow, visitId: string | null): object {
    const { id, tenant, visitor, type, at } = event;
    return { event_id: id, tenant, visitor, visit_id: visitId, type, at, local_day: this.#time.dayOf(at) };
  }

  #addDirtyDay({ tenant, at }: VisitEventRow): void {
    this.#addDirtyDays(tenant, [this.#time.dayOf(at)]);
  }

  #addDirtyDays(tenant: string, days: Iterable<number>): void {
    const known = this.#dirtyDays.get(tenant) ?? new Set();
    this.#dirtyDays.set(tenant, known);
    for (const day of days) known.add(day);
  }
}

function addedEventsOf(
  visitor: number,
  added: readonly VisitEventRow[],
  created: ReadonlySet<number>,
): AddedEvents {
  const reach = earliestOf(added) - MAX_REBUILD_AGE;
  return { tenant: added[0]?.tenant ?? "", visitor, isNew: created.has(visitor), added, reach };
}

function visitorUpdateOf({ visitor, added, previous, result }: RebuiltVisits) {
  const first = previous ? null : (result.visits[0]?.row ?? null);
  return {
    number: visitor,
    first_visit_at: first?.started_at ?? null,
    first_week: first?.first_week ?? null,
    last_activity_at: newestOf(added),
  };
}

function earliestOf(rows: readonly { readonly at: number }[]): number {
  return rows.reduce((least, { at }) => Math.min(least, at), Number.MAX_SAFE_INTEGER);
}

function newestOf(rows: readonly { readonly at: number }[]): number {
  return rows.reduce((latest, { at }) => Math.max(latest, at), 0);
}

function compareTexts(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
