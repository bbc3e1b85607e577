import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { StoredOrder } from "../../sink.ts";
import {
  EVENT_COLUMNS,
  FACT_COLUMNS,
  INDEXED_VISIT_COLUMNS,
  ORDER_COLUMNS,
  OTHER_VISIT_COLUMNS,
  PROGRESS_VISIT_COLUMNS,
  VISIT_COLUMNS,
} from "../columns.ts";
import type { BackendEventRow, DocumentCountRow, VisitEventRow, VisitOrderRow, VisitRow } from "../schema.ts";

const BACKEND_EVENT_COLUMNS = [
  "event_id",
  "tenant",
  "visitor",
  "visit_id",
  "type",
  "at",
  "local_day",
] as const;
const COUNT_COLUMNS = ["id", "tenant", "kind", "hour", "local_day", "documents"] as const;

const UPDATE_PROGRESS_COLUMNS = updateStatement(PROGRESS_VISIT_COLUMNS);
const UPDATE_UNINDEXED_COLUMNS = updateStatement([...PROGRESS_VISIT_COLUMNS, ...OTHER_VISIT_COLUMNS]);
const UPDATE_ALL_COLUMNS = updateStatement([
  ...PROGRESS_VISIT_COLUMNS,
  ...OTHER_VISIT_COLUMNS,
  ...INDEXED_VISIT_COLUMNS,
]);

function updateStatement(columns: readonly (keyof VisitRow)[]) {
  const assignments = columns.map((name) => `${name} = ?`).join(", ");
  return { columns, sql: `UPDATE coatcheck_visit SET ${assignments} WHERE id = ?` };
}

/** The prepared statements of the sink. They are synchronous and have to run inside a transaction. */
export class VisitStatements {
  readonly #prepared = new Map<string, StatementSync>();
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Returns a number that changes whenever another connection commits. */
  dataVersion(): number {
    return Number(this.#get("PRAGMA data_version")?.data_version);
  }

  /** Returns the number of a visitor, and whether this call created the visitor. */
  visitorNumber(
    tenant: string,
    id: string,
    at: number,
  ): { readonly number: number; readonly isNew: boolean } {
    const found = this.#get("SELECT number FROM coatcheck_visitor WHERE id = ? AND tenant = ?", id, tenant);
    if (found) return { number: Number(found.number), isNew: false };
    const { lastInsertRowid } = this.#run(
      "INSERT INTO coatcheck_visitor (tenant, id, last_activity_at) VALUES (?, ?, ?)",
      tenant,
      id,
      at,
    );
    return { number: Number(lastInsertRowid), isNew: true };
  }

  /** Updates the columns of a visitor that are derived from its visits. Writes nothing if they are unchanged. */
  updateVisitor(number: number, first: VisitRow | null, lastActivityAt: number): void {
    this.#run(
      `UPDATE coatcheck_visitor SET first_visit_at = ifnull(?2, first_visit_at), first_week = ifnull(?3, first_week),
         last_activity_at = max(last_activity_at, ?4)
       WHERE number = ?1 AND (last_activity_at < ?4 - 3600000 OR (?2 IS NOT NULL AND first_visit_at IS NOT ?2))`,
      number,
      first?.started_at ?? null,
      first?.first_week ?? null,
      lastActivityAt,
    );
  }

  addTenant(tenant: string): void {
    this.#run("INSERT INTO coatcheck_visit_tenant (tenant) VALUES (?) ON CONFLICT DO NOTHING", tenant);
  }

  /**
   * Returns the visitor of a session's last visit before `at` or, if there is none, of its first visit after `at`.
   * Null if the session has no visit.
   */
  visitorOfSession(tenant: string, sessionId: string, at: number): number | null {
    const row = this.#get(
      `SELECT s.visitor FROM coatcheck_visit_session s JOIN coatcheck_visitor v ON v.number = s.visitor
       WHERE s.session_id = ?1 AND v.tenant = ?2 ORDER BY s.started_at > ?3, abs(s.started_at - ?3) LIMIT 1`,
      sessionId,
      tenant,
      at,
    );
    return row ? Number(row.visitor) : null;
  }

  /** Returns whether there are events without a visitor. */
  hasOrphans(): boolean {
    return this.#get("SELECT 1 FROM coatcheck_visit_event WHERE visitor IS NULL LIMIT 1") !== undefined;
  }

  /** Assigns a visitor to the events of a session that have no visitor. Returns these events. */
  adoptOrphans(tenant: string, sessionId: string, visitor: number): VisitEventRow[] {
    return this.#all(
      `UPDATE coatcheck_visit_event SET visitor = ?1 WHERE visitor IS NULL AND session_id = ?2 AND tenant = ?3
       RETURNING *`,
      visitor,
      sessionId,
      tenant,
    ) as unknown as VisitEventRow[];
  }

  /** Inserts an event unless it is already stored. Returns whether it was inserted. */
  insertEvent(row: VisitEventRow): boolean {
    return this.#insert("coatcheck_visit_event", EVENT_COLUMNS, row, "ON CONFLICT DO NOTHING") === 1;
  }

  /** Returns the event id of a stored order; null if there is none. */
  eventOfOrder(tenant: string, orderId: string): string | null {
    const row = this.#get(
      "SELECT event_id FROM coatcheck_visit_order WHERE tenant = ? AND order_id = ?",
      tenant,
      orderId,
    );
    return row ? String(row.event_id) : null;
  }

  /** Returns an order as it was first stored; null if there is none. */
  findOrder(tenant: string, orderId: string): StoredOrder | null {
    const row = this.#get(
      `SELECT o.order_id AS orderId, o.revenue, o.currency, o.session_id AS sessionId, v.id AS visitorId, o.at
       FROM coatcheck_visit_order o LEFT JOIN coatcheck_visitor v ON v.number = o.visitor
       WHERE o.tenant = ? AND o.order_id = ?`,
      tenant,
      orderId,
    );
    return row ? ({ ...row } as unknown as StoredOrder) : null;
  }

  /** Inserts an order. If the order is already stored, only its visit is updated. */
  putOrder(row: VisitOrderRow): void {
    this.#insert(
      "coatcheck_visit_order",
      ORDER_COLUMNS,
      row,
      `ON CONFLICT DO UPDATE SET visit_id = excluded.visit_id, visitor = excluded.visitor
       WHERE visit_id IS NOT excluded.visit_id OR visitor IS NOT excluded.visitor`,
    );
  }

  putBackendEvent(row: BackendEventRow): void {
    this.#insert(
      "coatcheck_backend_event",
      BACKEND_EVENT_COLUMNS,
      row,
      "ON CONFLICT DO UPDATE SET visit_id = excluded.visit_id, visitor = excluded.visitor",
    );
  }

  insertCount(row: DocumentCountRow): boolean {
    return this.#insert("coatcheck_document_count", COUNT_COLUMNS, row, "ON CONFLICT DO NOTHING") === 1;
  }

  addDirtyDay(tenant: string, day: number): void {
    this.#run("INSERT INTO coatcheck_dirty_bucket (tenant, day) VALUES (?, ?)", tenant, day);
  }

  /** Returns the visitor's last visit that started at or before `at`. */
  lastVisitAt(visitor: number, at: number): VisitRow | null {
    const row = this.#get(
      `SELECT * FROM coatcheck_visit WHERE visitor = ? AND started_at <= ? ORDER BY started_at DESC, id DESC LIMIT 1`,
      visitor,
      at,
    );
    return (row as VisitRow | undefined) ?? null;
  }

  /** Returns the start of a visit whose events are still stored; null for any other visit. */
  startOfRebuildableVisit(id: string): number | null {
    const row = this.#get(
      "SELECT v.started_at FROM coatcheck_visit v JOIN coatcheck_visit_event e ON e.id = v.id WHERE v.id = ?",
      id,
    );
    return row ? Number(row.started_at) : null;
  }

  /** Returns the visitor's visits that started after `at`, in order. */
  visitsAfter(visitor: number, at: number): VisitRow[] {
    return this.#all(
      "SELECT * FROM coatcheck_visit WHERE visitor = ? AND started_at > ? ORDER BY started_at, id",
      visitor,
      at,
    ) as unknown as VisitRow[];
  }

  /** Returns the visitor's events since `at`. */
  eventsSince(visitor: number, at: number): VisitEventRow[] {
    return this.#all(
      `SELECT ${FACT_COLUMNS} FROM coatcheck_visit_event WHERE visitor = ? AND at >= ?`,
      visitor,
      at,
    ) as unknown as VisitEventRow[];
  }

  backendEventsSince(visitor: number, at: number): Map<string, string | null> {
    const rows = this.#all(
      "SELECT event_id, visit_id FROM coatcheck_backend_event WHERE visitor = ? AND at >= ?",
      visitor,
      at,
    ) as { event_id: string; visit_id: string | null }[];
    return new Map(rows.map(({ event_id, visit_id }) => [event_id, visit_id]));
  }

  /**
   * Returns the start of the visitor's last visit that contains the session and started at or before `at`. Returns null
   * if there is no such visit, or if its events are no longer stored.
   */
  lastVisitOfSession(visitor: number, sessionId: string, at: number): number | null {
    const row = this.#get(
      `SELECT s.started_at FROM coatcheck_visit_session s JOIN coatcheck_visit_event e ON e.id = s.visit_id
       WHERE s.session_id = ? AND s.visitor = ? AND s.started_at <= ? ORDER BY s.started_at DESC LIMIT 1`,
      sessionId,
      visitor,
      at,
    );
    return row ? Number(row.started_at) : null;
  }

  insertVisit(row: VisitRow): void {
    this.#insert("coatcheck_visit", VISIT_COLUMNS, row, "");
  }

  /** Updates a visit. Writes only the groups of columns that have changed, to avoid updates of indexes. */
  updateVisit(row: VisitRow, before: VisitRow): void {
    const differs = (name: keyof VisitRow) => row[name] !== before[name];
    const isIndexChanged = INDEXED_VISIT_COLUMNS.some(differs);
    const isOtherChanged = OTHER_VISIT_COLUMNS.some(differs);
    const { sql, columns } = isIndexChanged
      ? UPDATE_ALL_COLUMNS
      : isOtherChanged
        ? UPDATE_UNINDEXED_COLUMNS
        : UPDATE_PROGRESS_COLUMNS;
    this.#run(sql, ...columns.map((name) => row[name]), row.id);
  }

  putJourney(visitId: string, journey: string): void {
    this.#run(
      `INSERT INTO coatcheck_visit_journey (visit_id, journey) VALUES (?, ?)
       ON CONFLICT DO UPDATE SET journey = excluded.journey`,
      visitId,
      journey,
    );
  }

  insertSession(sessionId: string, { id, started_at, visitor }: VisitRow): void {
    this.#run(
      `INSERT INTO coatcheck_visit_session (session_id, visit_id, started_at, visitor) VALUES (?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
      sessionId,
      id,
      started_at,
      visitor,
    );
  }

  /** Deletes the sessions of a visit that are not in `kept`. */
  deleteOtherSessions(visitId: string, kept: readonly string[]): void {
    this.#run(
      `DELETE FROM coatcheck_visit_session WHERE visit_id = ? AND session_id NOT IN (SELECT value FROM json_each(?))`,
      visitId,
      JSON.stringify(kept),
    );
  }

  deleteVisit(id: string): void {
    this.#run("DELETE FROM coatcheck_visit WHERE id = ?", id);
    this.#run("DELETE FROM coatcheck_visit_journey WHERE visit_id = ?", id);
    this.#run("DELETE FROM coatcheck_visit_session WHERE visit_id = ?", id);
  }

  #insert<Row extends object>(
    table: string,
    columns: readonly (keyof Row & string)[],
    row: Row,
    onConflict: string,
  ): number {
    // The key of the statement cache is short: hashing the whole SQL text for each row would take longer than binding
    // its values.
    const key = `INSERT ${table}`;
    let statement = this.#prepared.get(key);
    if (!statement) {
      const parameters = columns.map(() => "?").join(", ");
      statement = this.#database.prepare(
        `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${parameters}) ${onConflict}`,
      );
      this.#prepared.set(key, statement);
    }
    return Number(statement.run(...columns.map((name) => row[name] as SQLInputValue)).changes);
  }

  readonly #run = (sql: string, ...parameters: SQLInputValue[]) => this.#prepare(sql).run(...parameters);
  readonly #get = (sql: string, ...parameters: SQLInputValue[]) => this.#prepare(sql).get(...parameters);
  readonly #all = (sql: string, ...parameters: SQLInputValue[]) => this.#prepare(sql).all(...parameters);

  #prepare(sql: string): StatementSync {
    const preparedStatement = this.#prepared.get(sql);
    if (preparedStatement) return preparedStatement;
    const statement = this.#database.prepare(sql);
    this.#prepared.set(sql, statement);
    return statement;
  }
}
