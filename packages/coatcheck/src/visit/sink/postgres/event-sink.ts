import { randomInt } from "node:crypto";
import { UsageError } from "../../../session/usage-error.ts";
import type { PostgresDatabase } from "../../../store/postgres/database.ts";
import { postgresUnavailableError } from "../../../store/postgres/errors.ts";
import type { DocumentCount, VisitEvent } from "../../event.ts";
import type { LocalTime } from "../../facts/local-time.ts";
import { RecentVisitors } from "../../facts/recent-visitors.ts";
import type { EventBatch, EventSink, StoredOrder } from "../../sink.ts";
import { closedSinkError } from "../../sink-error.ts";
import { groupByVisitor, sliceGroups, type VisitorEvents } from "../group-events.ts";
import type {
  CustomerTotals,
  Expired,
  ExpireOptions,
  Person,
  PersonalData,
  VisitMaintenance,
} from "../maintenance.ts";
import { cleanRow, replaceUnstorable } from "./clean.ts";
import { columnValues, INSERT_TABLES, insertSql } from "./columns.ts";
import { PostgresIngest } from "./ingest.ts";
import { PostgresMaintenance } from "./maintenance.ts";
import { createPartitions, partitionOf } from "./partitions.ts";
import { recomputeDays } from "./recompute.ts";
import { PostgresSession } from "./session.ts";
import { orderKey, VisitStatements } from "./statements.ts";
import { VisitorStatements } from "./visitors.ts";

/** The dependencies of {@link PostgresEventSink}. */
export interface SinkDependencies {
  readonly quick: PostgresDatabase;
  /** The same database with a longer deadline, for the computation of rollups (precomputed statistics). */
  readonly slow: PostgresDatabase;
  readonly time: LocalTime;
  end(): Promise<void>;
}

/** Maximum number of events in one transaction. */
const MAX_EVENTS_PER_TRANSACTION = 2000;
/** The numbers of transactions are below this limit. It is the largest that `randomInt` accepts. */
const MAX_WRITE_NUMBER = 2 ** 48 - 1;

/** The sink that `postgresEvents` returns. */
export class PostgresEventSink implements EventSink, VisitMaintenance {
  readonly #deps: SinkDependencies;
  readonly #inFlight = new Set<Promise<unknown>>();
  readonly #partitions = new Set<number>();
  readonly #recent: RecentVisitors;
  #closing: Promise<void> | null = null;

  constructor(deps: SinkDependencies) {
    this.#deps = deps;
    this.#recent = new RecentVisitors(deps.time);
  }

  async write({ events, counts }: EventBatch): Promise<void> {
    await this.#runUnlessClosed(async ({ quick }) => {
      const groups = cleanGroups(events);
      await this.#createPartitions(groups);
      for (const slice of sliceGroups(groups, MAX_EVENTS_PER_TRANSACTION)) {
        await inTransaction(quick, (session) => this.#addGroups(session, slice));
      }
      if (counts.length > 0) await inTransaction(quick, (session) => this.#addCounts(session, counts));
    });
  }

  async findOrder(tenant: string | null, orderId: string): Promise<StoredOrder | null> {
    return await this.#runUnlessClosed(async ({ quick }) => {
      const [row] = await quick.rows<StoredOrder>(
        `select o.order_id as "orderId", o.revenue, o.currency, o.session_id as "sessionId", v.id as "visitorId", o.at
         from coatcheck_visit_order o left join coatcheck_visitor v on v.number = o.visitor where o.key = $1`,
        [orderKey(replaceUnstorable(tenant ?? ""), replaceUnstorable(orderId))],
      );
      return row ? { ...row, orderId } : null;
    });
  }

  async recompute(limit: number): Promise<number> {
    return await this.#runUnlessClosed(({ slow, time }) =>
      recomputeDays((work) => inTransaction(slow, work), time, limit),
    );
  }

  async markAllChanged(): Promise<number> {
    return await this.#runMaintenance((maintenance) => maintenance.markAllChanged());
  }

  async expire(now: number, options: ExpireOptions = {}): Promise<Expired> {
    return await this.#runMaintenance((maintenance) => maintenance.expire(now, options));
  }

  async exportPerson(person: Person): Promise<PersonalData> {
    return await this.#runMaintenance((maintenance) => maintenance.exportPerson(person));
  }

  async erasePerson(person: Person): Promise<number> {
    return await this.#runMaintenance((maintenance) => maintenance.erasePerson(person));
  }

  async customerTotals(tenant: string | null, subject: string): Promise<CustomerTotals> {
    return await this.#runMaintenance((maintenance) => maintenance.customerTotals(tenant, subject));
  }

  close(): Promise<void> {
    this.#closing ??= Promise.allSettled(this.#inFlight).then(() => this.#deps.end());
    return this.#closing;
  }

  async #runMaintenance<Result>(
    work: (maintenance: PostgresMaintenance) => Promise<Result>,
  ): Promise<Result> {
    return await this.#runUnlessClosed(async ({ slow, time }) => {
      const result = await work(new PostgresMaintenance((each) => inTransaction(slow, each), time));
      // One of the remembered partitions, events or visits may have been deleted.
      this.#partitions.clear();
      this.#recent.clear();
      return result;
    });
  }

  async #createPartitions(groups: readonly VisitorEvents[]): Promise<void> {
    const days = new Set(groups.flatMap(({ rows }) => rows.map(({ at }) => partitionOf(at))));
    const missing = [...days].filter((day) => !this.#partitions.has(day)).sort((left, right) => left - right);
    if (missing.length === 0) return;
    await inTransaction(this.#deps.slow, (session) => createPartitions(session, missing));
    for (const day of missing) this.#partitions.add(day);
  }

  async #addGroups(session: PostgresSession, groups: readonly VisitorEvents[]): Promise<void> {
    const ingest = new PostgresIngest({
      statements: new VisitStatements(session),
      visitorStatements: new VisitorStatements(session, randomInt(MAX_WRITE_NUMBER)),
      recentVisitors: this.#recent,
      time: this.#deps.time,
    });
    await ingest.addGroups(groups);
  }

  async #addCounts(session: PostgresSession, counts: readonly DocumentCount[]): Promise<void> {
    const rows = counts.map(({ id, tenant, kind, hour, documents }) => {
      const local_day = this.#deps.time.dayOf(hour);
      return { id, tenant: replaceUnstorable(tenant ?? ""), kind, hour, local_day, documents };
    });
    await new VisitStatements(session).addTenants(rows);
    await session.rows(
      insertSql(INSERT_TABLES.count, "on conflict do nothing"),
      columnValues(INSERT_TABLES.count, rows),
    );
  }

  async #runUnlessClosed<Result>(call: (deps: SinkDependencies) => Promise<Result>): Promise<Result> {
    if (this.#closing) throw closedSinkError();
    const result = call(this.#deps);
    this.#inFlight.add(result);
    try {
      return await result;
    } catch (error) {
      throw error instanceof UsageError ? error : postgresUnavailableError(error);
    } finally {
      this.#inFlight.delete(result);
    }
  }
}

function inTransaction<Result>(
  database: PostgresDatabase,
  work: (session: PostgresSession) => Promise<Result>,
): Promise<Result> {
  return database.kysely
    .transaction()
    .execute((transaction) => work(new PostgresSession(transaction as never)));
}

function cleanGroups(events: readonly VisitEvent[]): VisitorEvents[] {
  return groupByVisitor(events).map(({ tenant, visitorId, rows }) => ({
    tenant: replaceUnstorable(tenant),
    visitorId: visitorId === null ? null : replaceUnstorable(visitorId),
    rows: rows.map(cleanRow),
  }));
}
