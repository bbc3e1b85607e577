import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { sinkContract } from "../../../src/testing/index.ts";
import type { CountedKind } from "../../../src/visit/event.ts";
import { eventOf } from "../../../src/visit/facts/event-row.ts";
import type { DocumentCountRow, VisitEventRow } from "../../../src/visit/sink/schema.ts";
import { sqliteEvents } from "../../../src/visit/sink/sqlite/sink.ts";
import type { EventBatch } from "../../../src/visit/sink.ts";
import { MINUTE, createEvent as makeVisitEvent, START } from "../facts/events.ts";
import { testMaintenance } from "./maintenance-suite.ts";

sinkContract(
  { describe, it },
  {
    name: "SQLite, two connections to one file",
    open() {
      const folder = mkdtempSync(join(tmpdir(), "coatcheck-visits-"));
      const path = join(folder, "visits.db");
      return {
        sink: sqliteEvents({ path }),
        other: sqliteEvents({ path }),
        read: async () => readAll(path),
        cleanUp: () => rmSync(folder, { recursive: true }),
      };
    },
  },
);

describe("maintenance of the SQLite sink", () => {
  testMaintenance(async () => {
    const folder = mkdtempSync(join(tmpdir(), "coatcheck-visits-"));
    const path = join(folder, "visits.db");
    const sink = sqliteEvents({ path });
    const database = new DatabaseSync(path, { readOnly: true });
    return {
      sink,
      queryAll: async (sql) =>
        database
          .prepare(sql)
          .all()
          .map((row) => ({ ...row })),
      async close() {
        database.close();
        await sink.close();
        rmSync(folder, { recursive: true });
      },
    };
  });
});

it("two connections can take turns in extending the same visit", async () => {
  const folder = mkdtempSync(join(tmpdir(), "coatcheck-visits-"));
  const path = join(folder, "visits.db");
  const sinks = [sqliteEvents({ path }), sqliteEvents({ path })];
  for (let turn = 0; turn < 6; turn++) {
    await sinks[turn % 2]?.write({ events: [makeVisitEvent({ at: START + turn * MINUTE })], counts: [] });
  }
  const database = new DatabaseSync(path, { readOnly: true });
  expect(database.prepare("SELECT page_views, events FROM coatcheck_visit").all()).toMatchObject([
    { page_views: 6, events: 6 },
  ]);
  database.close();
  for (const sink of sinks) await sink.close();
  rmSync(folder, { recursive: true });
});

function readAll(path: string): EventBatch {
  const database = new DatabaseSync(path, { readOnly: true });
  const events = database
    .prepare(
      "SELECT e.*, v.id AS visitor_id FROM coatcheck_visit_event e LEFT JOIN coatcheck_visitor v ON v.number = e.visitor",
    )
    .all() as unknown as (VisitEventRow & { visitor_id: string | null })[];
  const counts = database
    .prepare("SELECT * FROM coatcheck_document_count")
    .all() as unknown as DocumentCountRow[];
  database.close();
  return {
    events: events.map((row) => eventOf(row, row.visitor_id)),
    counts: counts.map(({ id, kind, hour, tenant, documents }) => ({
      id,
      kind: kind as CountedKind,
      hour,
      tenant: tenant || null,
      documents,
    })),
  };
}
