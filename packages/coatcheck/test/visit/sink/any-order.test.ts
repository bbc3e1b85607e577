import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { VisitEvent } from "../../../src/visit/event.ts";
import { LocalTime } from "../../../src/visit/facts/local-time.ts";
import { groupByVisitor } from "../../../src/visit/sink/group-events.ts";
import { SqliteIngest } from "../../../src/visit/sink/sqlite/ingest.ts";
import { migrateVisits } from "../../../src/visit/sink/sqlite/migrations.ts";
import { VisitStatements } from "../../../src/visit/sink/sqlite/statements.ts";
import { START } from "../facts/events.ts";
import { anyDelivery, eventsOfOneVisitor } from "./arbitrary-events.ts";

/** What the tables of facts hold after the batches. The attribution of orders is left out: it depends on the delivery. */
function factsAfter(batches: readonly (readonly VisitEvent[])[]): unknown {
  const database = new DatabaseSync(":memory:");
  migrateVisits(database);
  const ingest = new SqliteIngest(new VisitStatements(database), new LocalTime("Europe/Berlin"));
  for (const events of batches) ingest.add(groupByVisitor(events));
  const all = (sql: string) =>
    database
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }));
  const facts = {
    visits: all("SELECT * FROM coatcheck_visit ORDER BY started_at, id"),
    journeys: all("SELECT * FROM coatcheck_visit_journey ORDER BY visit_id"),
    sessions: all("SELECT * FROM coatcheck_visit_session ORDER BY session_id, visit_id"),
    backend: all("SELECT event_id, visit_id FROM coatcheck_backend_event ORDER BY event_id"),
    orders: all(
      "SELECT order_id, event_id, visit_id, local_day, revenue FROM coatcheck_visit_order ORDER BY order_id",
    ),
    visitors: all("SELECT id, first_visit_at, first_week FROM coatcheck_visitor"),
  };
  database.close();
  return facts;
}

/** Reports the smallest failing case in a few lines. fast-check would print each event whole. */
function reportShortly({ failed, counterexample, errorInstance, seed }: fc.RunDetails<[Delivery]>): void {
  if (!failed || !counterexample) return;
  const [[events, batches]] = counterexample;
  const lines = events.map(
    ({ id, type, at, origin, sessionId, page }) =>
      `${Number.parseInt(id.slice(-4), 16)}: ${type} ${origin} ${at - START} ${sessionId} ${page?.id ?? ""}`,
  );
  const order = batches.map((batch) => batch.map(({ id }) => Number.parseInt(id.slice(-4), 16)).join(" "));
  throw new Error(`Seed ${seed}\n${lines.join("\n")}\nBatches: ${order.join(" | ")}`, {
    cause: errorInstance,
  });
}

type Delivery = [events: VisitEvent[], batches: VisitEvent[][]];

it("events in any order and in any batches give the same visits as sorted events in one batch", () => {
  fc.assert(
    fc.property(
      eventsOfOneVisitor.chain((events) => fc.tuple(fc.constant(events), anyDelivery(events))),
      ([events, batches]) => {
        expect(factsAfter(batches)).toEqual(factsAfter([events]));
      },
    ),
    { numRuns: Number(process.env.VISIT_RUNS ?? 100), reporter: reportShortly },
  );
}, 600_000);
