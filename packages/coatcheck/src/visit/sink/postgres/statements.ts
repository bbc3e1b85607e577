import { createHash } from "node:crypto";
import {
  FACT_COLUMNS,
  INDEXED_VISIT_COLUMNS,
  OTHER_VISIT_COLUMNS,
  PROGRESS_VISIT_COLUMNS,
} from "../columns.ts";
import type { VisitEventRow, VisitOrderRow, VisitRow } from "../schema.ts";
import { assignExcluded, columnValues, INSERT_TABLES, insertSql, updateSql } from "./columns.ts";
import { findRepeatedIds } from "./repeated-events.ts";
import type { PostgresSession } from "./session.ts";

/** A visit to store. */
export interface ChangedVisit {
  readonly row: VisitRow;
  readonly journey: string;
  /** The stored row; null for a new visit. */
  readonly rowBefore: VisitRow | null;
}

/** Links a session to a visit. */
export interface SessionLink {
  readonly session_id: string;
  readonly visit_id: string;
  readonly started_at: number;
  readonly visitor: number;
}

/** A visitor, and the time after which the visitor's visits are rebuilt. */
export interface RebuildStart {
  readonly visitor: number;
  readonly rebuiltAfter: number;
}

/** Returns the key of an order: a hash, because a B-tree index cannot hold a long order id. */
export function orderKey(tenant: string, orderId: string): Buffer {
  return createHash("sha256").update(`${tenant.length}:${tenant}${orderId}`).digest();
}

/** The columns of {@link RebuildStart}. */
const REBUILD_START_COLUMNS = { columns: ["visitor", "rebuiltAfter"] };

const INSERT_EVENTS = insertSql(INSERT_TABLES.event, "on conflict do nothing returning id");
const UPSERT_VISITS = insertSql(
  INSERT_TABLES.visit,
  `on conflict (id) do update set ${assignExcluded(INSERT_TABLES.visit.columns.filter((name) => name !== "id"))}`,
);
const UPDATE_PROGRESS_COLUMNS = updateStatement(PROGRESS_VISIT_COLUMNS);
const UPDATE_ALL_COLUMNS = updateStatement([
  ...PROGRESS_VISIT_COLUMNS,
  ...OTHER_VISIT_COLUMNS,
  ...INDEXED_VISIT_COLUMNS,
]);
const INSERT_SESSIONS = insertSql(INSERT_TABLES.session, "");
const UPSERT_JOURNEYS = insertSql(
  INSERT_TABLES.journey,
  "on conflict (visit_id) do update set journey = excluded.journey",
);
const RESERVE_ORDERS = insertSql(INSERT_TABLES.order, "on conflict do nothing returning event_id");
const UPDATE_ORDERS = insertSql(
  INSERT_TABLES.order,
  `on conflict (key) do update set visit_id = excluded.visit_id, visitor = excluded.visitor
   where coatcheck_visit_order.visit_id is distinct from excluded.visit_id
   or coatcheck_visit_order.visitor is distinct from excluded.visitor`,
);
const UPSERT_BACKEND_EVENTS = insertSql(
  INSERT_TABLES.backend,
  "on conflict (event_id) do update set visit_id = excluded.visit_id, visitor = excluded.visitor",
);

function updateStatement(columns: readonly (keyof VisitRow)[]) {
  return { columns: ["id", ...columns], sql: updateSql(INSERT_TABLES.visit, columns) };
}

/**
 * The statements of the sink within one transaction, except those of `visitors.ts`. Each accepts any number of rows.
 */
export class VisitStatements {
  readonly #session: PostgresSession;

  constructor(session: PostgresSession) {
    this.#session = session;
  }

  /**
   * Returns the visitor of each session's last visit before `at` or, if there is none, of its first visit after `at`.
   */
  async visitorsOfSessions(
    sessions: readonly { tenant: string; session: string; at: number }[],
  ): Promise<(number | null)[]> {
    const rows = await this.#session.rows<{ visitor: number | null }>(
      `select f.visitor from unnest($1::text[], $2::text[], $3::bigint[]) with ordinality as w (tenant, session, at, position)
       left join lateral (
         select s.visitor from coatcheck_visit_session s join coatcheck_visitor v on v.number = s.visitor
         where s.session_id = w.session and v.tenant = w.tenant
         order by s.started_at > w.at, abs(s.started_at - w.at) limit 1
       ) f on true order by w.position`,
      columnValues({ columns: ["tenant", "session", "at"] }, sessions),
    );
    return rows.map(({ visitor }) => visitor);
  }

  /** Assigns a visitor to the events that belong to one of these sessions and have no visitor. Returns these events. */
  async adoptOrphans(
    sessions: readonly { tenant: string; session: string; visitor: number }[],
  ): Promise<VisitEventRow[]> {
    if (sessions.length === 0) return [];
    return await this.#session.rows(
      `update coatcheck_visit_event e set visitor = w.visitor
       from unnest($1::text[], $2::text[], $3::bigint[]) as w (tenant, session, visitor)
       where e.visitor is null and e.session_id = w.session and e.tenant = w.tenant returning e.*`,
      columnValues({ columns: ["tenant", "session", "visitor"] }, sessions),
    );
  }

  /** Inserts the orders that are not stored yet. Returns the ids of their events. */
  async reserveOrders(orders: readonly VisitOrderRow[]): Promise<Set<string>> {
    if (orders.length === 0) return new Set();
    const rows = await this.#session.rows<{ event_id: string }>(RESERVE_ORDERS, orderParameters(orders));
    return new Set(rows.map(({ event_id }) => event_id));
  }

  /** Moves orders to other visits. */
  async updateOrders(orders: readonly VisitOrderRow[]): Promise<void> {
    if (orders.length > 0) await this.#session.rows(UPDATE_ORDERS, orderParameters(orders));
  }

  /** Stores the sources of orders that were inserted in this transaction. */
  async attributeOrders(orders: readonly VisitOrderRow[]): Promise<void> {
    if (orders.length === 0) return;
    const names = INSERT_TABLES.order.columns.filter((name) => /^(first|last)_/.test(name));
    await this.#session.rows(
      insertSql(INSERT_TABLES.order, `on conflict (key) do update set ${assignExcluded(names)}`),
      orderParameters(orders),
    );
  }

  /** Returns the ids of the given rows whose event is already stored with another time. */
  findRepeatedIds(rows: readonly VisitEventRow[]): Promise<ReadonlySet<string>> {
    return findRepeatedIds(this.#session, rows);
  }

  /** Inserts the events that are not stored yet. Returns their ids. */
  async insertEvents(rows: readonly VisitEventRow[]): Promise<Set<string>> {
    const inserted = await this.#session.rows<{ id: string }>(
      INSERT_EVENTS,
      columnValues(INSERT_TABLES.event, rows),
    );
    return new Set(inserted.map(({ id }) => id));
  }

  /**
   * Returns for each visitor the visits that started after the given time, in order, and the last visit before that
   * time.
   */
  async visitsAround(starts: readonly RebuildStart[]): Promise<VisitRow[]> {
    return await this.#session.rows(
      `select v.* from unnest($1::bigint[], $2::bigint[]) as w (visitor, rebuilt_after) cross join lateral (
         select * from coatcheck_visit where visitor = w.visitor and started_at > w.rebuilt_after
         union all
         (select * from coatcheck_visit where visitor = w.visitor and started_at <= w.rebuilt_after
          order by started_at desc, id desc limit 1)
       ) v order by v.started_at, v.id`,
      columnValues(REBUILD_START_COLUMNS, starts),
    );
  }

  /** Returns the events of each visitor since the time given for that visitor. */
  async eventsSince(starts: readonly RebuildStart[]): Promise<VisitEventRow[]> {
    const earliest = starts.reduce(
      (least, { rebuiltAfter }) => Math.min(least, rebuiltAfter),
      Number.MAX_SAFE_INTEGER,
    );
    return await this.#session.rows(
      `select e.* from unnest($1::bigint[], $2::bigint[]) as w (visitor, since)
       cross join lateral (select ${FACT_COLUMNS} from coatcheck_visit_event where visitor = w.visitor and at >= w.since and at >= $3) e`,
      [...columnValues(REBUILD_START_COLUMNS, starts), earliest],
    );
  }

  async backendEventsSince(
    starts: readonly RebuildStart[],
  ): Promise<{ event_id: string; visitor: number; visit_id: string | null }[]> {
    return await this.#session.rows(
      `select b.event_id, b.visitor, b.visit_id from unnest($1::bigint[], $2::bigint[]) as w (visitor, since)
       join coatcheck_backend_event b on b.visitor = w.visitor and b.at >= w.since`,
      columnValues(REBUILD_START_COLUMNS, starts),
    );
  }

  /** Returns the start of a visit whose events are still stored; null for any other visit. */
  async startOfRebuildableVisit(visitId: string): Promise<number | null> {
    const [row] = await this.#session.rows<{ started_at: number }>(
      `select v.started_at from coatcheck_visit v
       join coatcheck_visit_event e on e.id = v.id and e.at = v.started_at where v.id = $1`,
      [visitId],
    );
    return row?.started_at ?? null;
  }

  /**
   * Returns the start of the visitor's last visit that contains the session and started at or before `at`. Returns null
   * if there is no such visit, or if its events are no longer stored.
   */
  async lastVisitOfSession(visitor: number, sessionId: string, at: number): Promise<number | null> {
    const [row] = await this.#session.rows<{ started_at: number }>(
      `select s.started_at from coatcheck_visit_session s
       join coatcheck_visit_event e on e.id = s.visit_id and e.at = s.started_at
       where s.session_id = $1 and s.visitor = $2 and s.started_at <= $3 order by s.started_at desc limit 1`,
      [sessionId, visitor, at],
    );
    return row?.started_at ?? null;
  }

  async deleteVisits(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.#session.rows("delete from coatcheck_visit where id = any($1::text[])", [ids]);
    await this.#session.rows("delete from coatcheck_visit_journey where visit_id = any($1::text[])", [ids]);
    await this.#session.rows("delete from coatcheck_visit_session where visit_id = any($1::text[])", [ids]);
  }

  /**
   * Inserts or updates visits and their journeys. For most visits, an update writes only
   * {@link PROGRESS_VISIT_COLUMNS}.
   */
  async putVisits(visits: readonly ChangedVisit[]): Promise<void> {
    if (visits.length === 0) return;
    const rowsToInsert: VisitRow[] = [];
    const rowsInProgress: VisitRow[] = [];
    const rowsToUpdate: VisitRow[] = [];
    for (const { row, rowBefore } of visits) {
      if (rowBefore === null) rowsToInsert.push(row);
      else if (differs(row, rowBefore, INDEXED_VISIT_COLUMNS) || differs(row, rowBefore, OTHER_VISIT_COLUMNS))
        rowsToUpdate.push(row);
      else rowsInProgress.push(row);
    }
    if (rowsToInsert.length > 0)
      await this.#session.rows(UPSERT_VISITS, columnValues(INSERT_TABLES.visit, rowsToInsert));
    for (const [statement, rows] of [
      [UPDATE_PROGRESS_COLUMNS, rowsInProgress],
      [UPDATE_ALL_COLUMNS, rowsToUpdate],
    ] as const) {
      if (rows.length > 0) await this.#session.rows(statement.sql, columnValues(statement, rows));
    }
  }

  /** Stores the journeys (lists of events) of visits. */
  async putJourneys(visits: readonly ChangedVisit[]): Promise<void> {
    if (visits.length === 0) return;
    const journeys = visits.map(({ row, journey }) => ({ visit_id: row.id, journey }));
    await this.#session.rows(UPSERT_JOURNEYS, columnValues(INSERT_TABLES.journey, journeys));
  }

  /** Returns the sessions of visits. */
  async sessionsOf(visitIds: readonly string[]): Promise<SessionLink[]> {
    if (visitIds.length === 0) return [];
    return await this.#session.rows(
      "select session_id, visit_id, started_at, visitor from coatcheck_visit_session where visit_id = any($1::text[])",
      [visitIds],
    );
  }

  async insertSessions(links: readonly SessionLink[]): Promise<void> {
    if (links.length > 0)
      await this.#session.rows(INSERT_SESSIONS, columnValues(INSERT_TABLES.session, links));
  }

  async deleteSessions(links: readonly SessionLink[]): Promise<void> {
    if (links.length === 0) return;
    await this.#session.rows(
      `delete from coatcheck_visit_session s using unnest($1::text[], $2::text[]) as w (session_id, visit_id)
       where s.visit_id = w.visit_id and s.session_id = w.session_id`,
      columnValues({ columns: ["session_id", "visit_id"] }, links),
    );
  }

  async putBackendEvents(rows: readonly object[]): Promise<void> {
    if (rows.length > 0)
      await this.#session.rows(UPSERT_BACKEND_EVENTS, columnValues(INSERT_TABLES.backend, rows));
  }

  async addDirtyDays(days: readonly { tenant: string; day: number }[]): Promise<void> {
    if (days.length === 0) return;
    await this.addTenants(days);
    await this.#session.rows(insertSql(INSERT_TABLES.dirty, ""), columnValues(INSERT_TABLES.dirty, days));
  }

  /** Adds the tenants of rows to the list of tenants. Sorts the tenants, to prevent a deadlock between two nodes. */
  async addTenants(rows: readonly { readonly tenant: string }[]): Promise<void> {
    const tenants = [...new Set(rows.map(({ tenant }) => tenant))].sort();
    await this.#session.rows(insertSql(INSERT_TABLES.tenant, "on conflict do nothing"), [tenants]);
  }
}

/** Returns the parameters for orders. Sorts the orders by key, to prevent a deadlock between two nodes. */
function orderParameters(orders: readonly VisitOrderRow[]): string[] {
  const rows = orders.map((row) => ({ ...row, key: orderKey(row.tenant, row.order_id) }));
  return columnValues(
    INSERT_TABLES.order,
    rows.sort((left, right) => Buffer.compare(left.key, right.key)),
  );
}

function differs(row: VisitRow, before: VisitRow, columns: readonly (keyof VisitRow)[]): boolean {
  return columns.some((name) => row[name] !== before[name]);
}
