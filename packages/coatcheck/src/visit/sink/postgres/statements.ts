import { createHash } from "node:crypto";
import { FACT_COLUMNS } from "../columns.ts";
import type { VisitEventRow, VisitOrderRow, VisitRow } from "../schema.ts";
import { assignExcluded, columnValues, INSERT_TABLES, insertSql } from "./columns.ts";
import { repeatedIds } from "./repeated-events.ts";
import type { PostgresSession } from "./session.ts";

/** A visitor whose row is locked until the transaction ends. */
export interface LockedVisitor {
  readonly number: number;
  readonly tenant: string;
  readonly id: string;
}

/** A visitor, and the time after which the visitor's visits are rebuilt. */
export interface RebuildStart {
  readonly visitor: number;
  readonly reach: number;
}

/** Returns the key of an order: a hash, because a B-tree index cannot hold a long order id. */
export function orderKey(tenant: string, orderId: string): Buffer {
  return createHash("sha256").update(`${tenant.length}:${tenant}${orderId}`).digest();
}

const INSERT_VISITORS = `insert into coatcheck_visitor (id, tenant, last_activity_at)
  select * from unnest($1::text[], $2::text[], $3::bigint[]) on conflict do nothing returning number`;
const LOCK_VISITORS = `select v.number, v.tenant, v.id from coatcheck_visitor v
  join unnest($1::text[], $2::text[]) as w (id, tenant) on v.id = w.id and v.tenant = w.tenant
  order by v.number for no key update of v`;
const LOCK_VISITORS_BY_NUMBER =
  "select number from coatcheck_visitor where number = any($1::bigint[]) order by number for no key update";
const INSERT_EVENTS = insertSql(INSERT_TABLES.event, "on conflict do nothing returning id");
const UPSERT_VISITS = insertSql(
  INSERT_TABLES.visit,
  `on conflict (id) do update set ${assignExcluded(INSERT_TABLES.visit.columns.filter((name) => name !== "id"))}`,
);
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

/** The statements of the sink within one transaction. Each accepts any number of rows. */
export class VisitStatements {
  readonly #session: PostgresSession;

  constructor(session: PostgresSession) {
    this.#session = session;
  }

  /**
   * Creates the missing visitors, and locks all of them in order of their numbers. Returns the visitors, including
   * the numbers of new ones. The locks ensure that two nodes never build the visits of one visitor at the same time.
   *
   * @param visitors - sorted, to prevent a deadlock between two nodes that create the same visitors.
   */
  async lockVisitors(visitors: readonly { id: string; tenant: string; at: number }[]) {
    const ids = visitors.map(({ id }) => id);
    const tenants = visitors.map(({ tenant }) => tenant);
    const times = visitors.map(({ at }) => at);
    const created = await this.#session.rows<{ number: number }>(INSERT_VISITORS, [ids, tenants, times]);
    const locked = await this.#session.rows<LockedVisitor>(LOCK_VISITORS, [ids, tenants]);
    return { locked, created: new Set(created.map(({ number }) => number)) };
  }

  /** Locks existing visitors, in order of their numbers. */
  async lockVisitorsByNumber(numbers: readonly number[]): Promise<void> {
    if (numbers.length > 0) await this.#session.rows(LOCK_VISITORS_BY_NUMBER, [numbers]);
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
      [
        sessions.map(({ tenant }) => tenant),
        sessions.map(({ session }) => session),
        sessions.map(({ at }) => at),
      ],
    );
    return rows.map(({ visitor }) => visitor);
  }

  /** Assigns the sessions' events without a visitor to visitors. Returns these events. */
  async adoptOrphans(
    sessions: readonly { tenant: string; session: string; visitor: number }[],
  ): Promise<VisitEventRow[]> {
    if (sessions.length === 0) return [];
    return await this.#session.rows(
      `update coatcheck_visit_event e set visitor = w.visitor
       from unnest($1::text[], $2::text[], $3::bigint[]) as w (tenant, session, visitor)
       where e.visitor is null and e.session_id = w.session and e.tenant = w.tenant returning e.*`,
      [
        sessions.map(({ tenant }) => tenant),
        sessions.map(({ session }) => session),
        sessions.map(({ visitor }) => visitor),
      ],
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
  repeatedIds(rows: readonly VisitEventRow[]): Promise<ReadonlySet<string>> {
    return repeatedIds(this.#session, rows);
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
  async visitsAround(reaches: readonly RebuildStart[]): Promise<VisitRow[]> {
    return await this.#session.rows(
      `select v.* from unnest($1::bigint[], $2::bigint[]) as w (visitor, reach) cross join lateral (
         select * from coatcheck_visit where visitor = w.visitor and started_at > w.reach
         union all
         (select * from coatcheck_visit where visitor = w.visitor and started_at <= w.reach
          order by started_at desc, id desc limit 1)
       ) v order by v.started_at, v.id`,
      [reaches.map(({ visitor }) => visitor), reaches.map(({ reach }) => reach)],
    );
  }

  /** Returns the events of each visitor since the time given for that visitor. */
  async eventsSince(reaches: readonly RebuildStart[]): Promise<VisitEventRow[]> {
    const [visitors, since] = [reaches.map(({ visitor }) => visitor), reaches.map(({ reach }) => reach)];
    return await this.#session.rows(
      `select e.* from unnest($1::bigint[], $2::bigint[]) as w (visitor, since)
       cross join lateral (select ${FACT_COLUMNS} from coatcheck_visit_event where visitor = w.visitor and at >= w.since and at >= $3) e`,
      [visitors, since, since.reduce((least, each) => Math.min(least, each), Number.MAX_SAFE_INTEGER)],
    );
  }

  async backendEventsSince(
    reaches: readonly RebuildStart[],
  ): Promise<{ event_id: string; visitor: number; visit_id: string | null }[]> {
    return await this.#session.rows(
      `select b.event_id, b.visitor, b.visit_id from unnest($1::bigint[], $2::bigint[]) as w (visitor, since)
       join coatcheck_backend_event b on b.visitor = w.visitor and b.at >= w.since`,
      [reaches.map(({ visitor }) => visitor), reaches.map(({ reach }) => reach)],
    );
  }

  /** Returns the start of a visit whose events are still stored; null for any other visit. */
  async startOfRebuildable(visitId: string): Promise<number | null> {
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

  /** Replaces visits together with their journeys (lists of events) and sessions. */
  async putVisits(
    visits: readonly { row: VisitRow; sessions: readonly string[]; journey: string; isNew: boolean }[],
  ): Promise<void> {
    if (visits.length === 0) return;
    const rows = visits.map(({ row }) => row);
    await this.#session.rows(UPSERT_VISITS, columnValues(INSERT_TABLES.visit, rows));
    const journeys = visits.map(({ row, journey }) => ({ visit_id: row.id, journey }));
    await this.#session.rows(UPSERT_JOURNEYS, columnValues(INSERT_TABLES.journey, journeys));
    const changed = visits.filter(({ isNew }) => !isNew).map(({ row }) => row.id);
    const sessions = visits.flatMap(({ row, sessions: ids }) =>
      ids.map((session_id) => ({ ...row, session_id, visit_id: row.id })),
    );
    const parameters = columnValues(INSERT_TABLES.session, sessions);
    if (changed.length > 0) {
      await this.#session.rows(
        `delete from coatcheck_visit_session s where s.visit_id = any($1::text[]) and not exists (
           select from unnest($2::text[], $3::text[]) as w (session_id, visit_id)
           where w.session_id = s.session_id and w.visit_id = s.visit_id)`,
        [changed, parameters[0], parameters[1]],
      );
    }
    await this.#session.rows(
      `insert into coatcheck_visit_session (session_id, visit_id, started_at, visitor)
       select * from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) as w (session_id, visit_id, started_at, visitor)
       where not exists (select from coatcheck_visit_session s
         where s.visit_id = w.visit_id and s.session_id = w.session_id)`,
      parameters,
    );
  }

  async putBackendEvents(rows: readonly object[]): Promise<void> {
    if (rows.length > 0)
      await this.#session.rows(UPSERT_BACKEND_EVENTS, columnValues(INSERT_TABLES.backend, rows));
  }

  /** Updates the columns of visitors that are derived from their visits. */
  async updateVisitors(
    visitors: readonly {
      number: number;
      first_visit_at: number | null;
      first_week: number | null;
      last_activity_at: number;
    }[],
  ): Promise<void> {
    const column = (name: keyof (typeof visitors)[number]) => visitors.map((row) => row[name]);
    await this.#session.rows(
      `update coatcheck_visitor v set first_visit_at = coalesce(w.first_visit_at, v.first_visit_at),
         first_week = coalesce(w.first_week, v.first_week),
         last_activity_at = greatest(v.last_activity_at, w.last_activity_at)
       from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])
         as w (number, first_visit_at, first_week, last_activity_at)
       where v.number = w.number and (v.last_activity_at < w.last_activity_at - 3600000
         or (w.first_visit_at is not null and v.first_visit_at is distinct from w.first_visit_at))`,
      [column("number"), column("first_visit_at"), column("first_week"), column("last_activity_at")],
    );
  }

  async addDirtyDays(days: readonly { tenant: string; day: number }[]): Promise<void> {
    if (days.length === 0) return;
    await this.addTenants(days);
    await this.#session.rows(insertSql(INSERT_TABLES.dirty, ""), columnValues(INSERT_TABLES.dirty, days));
  }

  /** Adds the tenants of rows to the list of tenants. They are sorted, to prevent a deadlock between two nodes. */
  async addTenants(rows: readonly { readonly tenant: string }[]): Promise<void> {
    const tenants = [...new Set(rows.map(({ tenant }) => tenant))].sort();
    await this.#session.rows(insertSql(INSERT_TABLES.tenant, "on conflict do nothing"), [tenants]);
  }
}

/** Returns the parameters for orders. They are sorted by key, to prevent a deadlock between two nodes. */
function orderParameters(orders: readonly VisitOrderRow[]): unknown[][] {
  const rows = orders.map((row) => ({ ...row, key: orderKey(row.tenant, row.order_id) }));
  return columnValues(
    INSERT_TABLES.order,
    rows.sort((left, right) => Buffer.compare(left.key, right.key)),
  );
}
