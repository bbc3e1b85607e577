import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "vitest";
import { sinkContract } from "../../../src/testing/index.ts";
import type { CountedKind } from "../../../src/visit/event.ts";
import { eventOf } from "../../../src/visit/facts/event-row.ts";
import type { DocumentCountRow, VisitEventRow } from "../../../src/visit/sink/schema.ts";
import { sqliteEvents } from "../../../src/visit/sink/sqlite/sink.ts";
import type { EventBatch } from "../../../src/visit/sink.ts";

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
