import { DatabaseSync } from "node:sqlite";
import type fc from "fast-check";
import type { VisitEvent } from "../../../src/visit/event.ts";
import { LocalTime } from "../../../src/visit/facts/local-time.ts";
import { groupByVisitor } from "../../../src/visit/sink/group-events.ts";
import { markAllChanged } from "../../../src/visit/sink/maintenance-sql.ts";
import { SqliteIngest } from "../../../src/visit/sink/sqlite/ingest.ts";
import { migrateVisits } from "../../../src/visit/sink/sqlite/migrations.ts";
import { recomputeDays } from "../../../src/visit/sink/sqlite/recompute.ts";
import { VisitStatements } from "../../../src/visit/sink/sqlite/statements.ts";
import { START } from "../facts/events.ts";

/**
 * Queries for the contents of the tables with visits and events. They exclude the sources of orders, which depend on
 * the sequence in which events are delivered.
 */
export const FACT_QUERIES = {
  visits: "SELECT * FROM coatcheck_visit ORDER BY started_at, id",
  journeys: "SELECT * FROM coatcheck_visit_journey ORDER BY visit_id",
  sessions:
    "SELECT session_id, visit_id, started_at, visitor FROM coatcheck_visit_session ORDER BY session_id, visit_id",
  backend: "SELECT event_id, visitor, visit_id FROM coatcheck_backend_event ORDER BY event_id",
  orders:
    "SELECT order_id, event_id, visit_id, visitor, local_day, revenue FROM coatcheck_visit_order ORDER BY order_id",
  visitors: "SELECT id, first_visit_at, first_week FROM coatcheck_visitor",
};

/**
 * Queries for the contents of the rollups (precomputed statistics). They exclude the dimensions that are stored with
 * orders.
 */
export const ROLLUP_QUERIES = {
  metrics: `SELECT * FROM coatcheck_daily_metric WHERE dimension NOT LIKE 'first_%' AND dimension NOT LIKE 'last_%'
    ORDER BY tenant, dimension, day, value`,
  revenue: `SELECT * FROM coatcheck_daily_revenue WHERE dimension NOT LIKE 'first_%' AND dimension NOT LIKE 'last_%'
    ORDER BY tenant, dimension, day, value, currency`,
  visitors: "SELECT * FROM coatcheck_daily_visitor ORDER BY tenant, dimension, day, value, previous_day",
  waits: "SELECT * FROM coatcheck_daily_wait ORDER BY tenant, mode, step, day",
  hours: "SELECT * FROM coatcheck_hourly_metric ORDER BY tenant, hour",
  cohorts: "SELECT * FROM coatcheck_weekly_cohort ORDER BY tenant, first_week, week",
};

/** Runs the statements of the SQLite sink on a database in memory, without the sink's queue and thread. */
export class FactsDatabase {
  readonly #database = new DatabaseSync(":memory:");
  readonly #time = new LocalTime("Europe/Berlin");
  readonly #ingest: SqliteIngest;

  constructor() {
    migrateVisits(this.#database);
    this.#ingest = new SqliteIngest(new VisitStatements(this.#database), this.#time);
  }

  addEvents(events: readonly VisitEvent[]): void {
    this.#ingest.addGroups(groupByVisitor(events));
  }

  recompute(limit = 1000): number {
    return recomputeDays(this.#database, this.#time, limit);
  }

  markAllChanged(): void {
    const { sql, parameters } = markAllChanged(Number.MIN_SAFE_INTEGER);
    this.#database.prepare(sql).run(...parameters);
  }

  readAll(sql: string): Record<string, unknown>[] {
    return this.#database
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }));
  }

  facts(): unknown {
    return this.#runQueries(FACT_QUERIES);
  }

  rollups(): unknown {
    return this.#runQueries(ROLLUP_QUERIES);
  }

  #runQueries(queries: Readonly<Record<string, string>>): unknown {
    return Object.fromEntries(Object.entries(queries).map(([name, sql]) => [name, this.readAll(sql)]));
  }

  close(): void {
    this.#database.close();
  }
}

/** Events, and the batches in which they are delivered. */
export type Delivery = [events: VisitEvent[], batches: VisitEvent[][]];

/** Reports the smallest failing case in a few lines, because fast-check would print every event completely. */
export function reportFailingCase({
  failed,
  counterexample,
  errorInstance,
  seed,
}: fc.RunDetails<[Delivery]>): void {
  if (!failed || !counterexample) return;
  const [[events, batches]] = counterexample;
  const lines = events.map(
    ({ id, type, at, origin, sessionId, page }) =>
      `${numberOfValue(id)}: ${type} ${origin} ${at - START} ${sessionId} ${page?.id ?? ""}`,
  );
  const order = batches.map((batch) => batch.map(({ id }) => numberOfValue(id)).join(" "));
  throw new Error(`Seed ${seed}\n${lines.join("\n")}\nBatches: ${order.join(" | ")}`, {
    cause: errorInstance,
  });
}

function numberOfValue(id: string): number {
  return Number.parseInt(id.slice(-4), 16);
}
