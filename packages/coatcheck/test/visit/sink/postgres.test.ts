import fc from "fast-check";
import { Client, type QueryResultRow } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeWithProgram } from "../../../../../scripts/test-programs/describe.ts";
import { sinkContract } from "../../../src/testing/index.ts";
import type { CountedKind, VisitEvent } from "../../../src/visit/event.ts";
import { eventOf as storedEventOf } from "../../../src/visit/facts/event-row.ts";
import { type PostgresEvents, postgresEvents } from "../../../src/visit/sink/postgres/sink.ts";
import type { DocumentCountRow, VisitEventRow } from "../../../src/visit/sink/schema.ts";
import type { EventBatch } from "../../../src/visit/sink.ts";
import { createTemporaryDatabase, describeWithServer } from "../../servers/fixtures.ts";
import { startPgBouncer } from "../../servers/pgbouncer.ts";
import { query } from "../../servers/postgres.ts";
import type { RunningServer } from "../../servers/start.ts";
import { createEvent, MINUTE, START } from "../facts/events.ts";
import { arbitraryDelivery, arbitraryEventsOfVisitor } from "./arbitrary-events.ts";
import { FACT_QUERIES, FactsDatabase, ROLLUP_QUERIES, reportFailingCase } from "./facts-database.ts";
import { testMaintenance } from "./maintenance-suite.ts";

await describeWithServer("postgresEvents", "postgres", (server) => {
  describe("as a sink", () => {
    let database: Awaited<ReturnType<typeof createTemporaryDatabase>>;

    beforeAll(async () => {
      database = await createTemporaryDatabase(server);
      await openSink().then((sink) => sink.close());
    });
    afterAll(() => database.drop());

    const openSink = () => postgresEvents({ connectionString: database.url });
    sinkContract(
      { describe, it },
      {
        name: "PostgreSQL, two pools on one database",
        async open() {
          const sink = await openSink();
          return {
            sink,
            other: await openSink(),
            read: () => readAll(database.url),
            cleanUp: () => deleteAll(database.url),
          };
        },
      },
    );
  });

  describeWithProgram("behind PgBouncer in transaction mode", "pgbouncer", () => {
    let database: Awaited<ReturnType<typeof createTemporaryDatabase>>;
    let pooler: RunningServer;

    beforeAll(async () => {
      database = await createTemporaryDatabase(server);
      pooler = await startPgBouncer(database.url);
    });
    afterAll(async () => {
      await pooler.stop();
      await database.drop();
    });

    sinkContract(
      { describe, it },
      {
        name: "PostgreSQL, two pools behind PgBouncer",
        async open() {
          const open = () => postgresEvents({ connectionString: pooler.url, onNotice: () => {} });
          const [sink, other] = await Promise.all([open(), open()]);
          return { sink, other, read: () => readAll(database.url), cleanUp: () => deleteAll(database.url) };
        },
      },
    );
  });

  describe("maintenance", () => {
    testMaintenance(async () => {
      const { url, drop } = await createTemporaryDatabase(server);
      const sink = await postgresEvents({ connectionString: url });
      return {
        sink,
        queryAll: (sql) => queryRows(url, sql),
        async close() {
          await sink.close();
          await drop();
        },
      };
    });
  });

  describe("the visits in PostgreSQL", () => {
    let database: Awaited<ReturnType<typeof createTemporaryDatabase>>;
    let sinks: [PostgresEvents, PostgresEvents];

    beforeAll(async () => {
      database = await createTemporaryDatabase(server);
      const open = () => postgresEvents({ connectionString: database.url, timeZone: "Europe/Berlin" });
      sinks = [await open(), await open()];
    });
    afterAll(async () => {
      for (const sink of sinks) await sink.close();
      await database.drop();
    });

    /**
     * Deletes all rows. Then each sink stores a page view of the same visitor, each a minute later than the one
     * before.
     */
    async function viewPages(order: readonly PostgresEvents[]): Promise<void> {
      await deleteAll(database.url);
      for (const [index, sink] of order.entries()) await sink.write(batchOf(index));
    }
    const batchOf = (index: number) => ({
      events: [createEvent({ at: START + index * MINUTE })],
      counts: [],
    });
    const countPageViews = () => queryRows(database.url, "select page_views, events from coatcheck_visit");

    it("contain the events that another node has written between two batches of this node", async () => {
      const [first, second] = sinks;
      await viewPages([first, first, second, first, second]);
      expect(await countPageViews()).toEqual([{ page_views: 5, events: 5 }]);
    });

    it("contain no event of a batch that was rolled back", async () => {
      const [sink] = sinks;
      await viewPages([sink, sink]);
      await query(database.url, "alter table coatcheck_dirty_bucket rename to hidden");
      await expect(sink.write(batchOf(2))).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      await query(database.url, "alter table hidden rename to coatcheck_dirty_bucket");
      await sink.write(batchOf(3));
      expect(await countPageViews()).toEqual([{ page_views: 3, events: 3 }]);
    });

    it("contain texts unchanged, even if they have characters that separate or quote values", async () => {
      await deleteAll(database.url);
      const text = '"quoted" \\ {a,b} NULL \u001e \u001f , \n';
      const events = [text, "NULL", "", "{}", '\\"'].map((path, index) =>
        createEvent({
          at: START + index,
          page: { id: null, host: null, path, title: path },
          properties: { path },
        }),
      );
      await sinks[0].write({ events, counts: [] });
      const stored = (await readAll(database.url)).events.toSorted((left, right) => left.at - right.at);
      const valuesOf = ({ page, properties }: VisitEvent) => [
        page?.path,
        page?.title || null,
        properties.path,
      ];
      expect(stored.map(valuesOf)).toEqual(events.map(valuesOf));
      const [row] = await queryRows<{ journey: string }>(
        database.url,
        "select journey from coatcheck_visit_journey",
      );
      expect(JSON.parse(row?.journey ?? "")).toContainEqual([0, "page_view", text]);
    });

    it("equal the visits in SQLite for any order of events and any batches, even if two nodes write concurrently", async () => {
      await fc.assert(
        fc.asyncProperty(
          arbitraryEventsOfVisitor.chain((events) =>
            fc.tuple(fc.constant(events), arbitraryDelivery(events)),
          ),
          async ([events, batches]) => {
            await query(database.url, TABLES.map((table) => `truncate ${table} restart identity`).join(";"));
            await Promise.all(
              batches.map((batch, index) =>
                sinks[index % 2 === 0 ? 0 : 1].write({ events: batch, counts: [] }),
              ),
            );
            const expected = new FactsDatabase();
            expected.addEvents(events);
            expect(withoutVisitorIds(await runQueries(database.url, FACT_QUERIES))).toEqual(
              withoutVisitorIds(expected.facts()),
            );
            await sinks[0].recompute(100);
            expected.recompute();
            expect(withoutVisitorIds(await runQueries(database.url, ROLLUP_QUERIES))).toEqual(
              withoutVisitorIds(expected.rollups()),
            );
            expected.close();
          },
        ),
        { numRuns: Number(process.env.VISIT_RUNS ?? 15), reporter: reportFailingCase },
      );
    }, 600_000);
  });
});

const TABLES = [
  "coatcheck_visitor",
  "coatcheck_visit",
  "coatcheck_visit_journey",
  "coatcheck_visit_session",
  "coatcheck_visit_order",
  "coatcheck_visit_event",
  "coatcheck_backend_event",
  "coatcheck_document_count",
  "coatcheck_visit_tenant",
  "coatcheck_dirty_bucket",
  "coatcheck_daily_metric",
  "coatcheck_daily_revenue",
  "coatcheck_daily_visitor",
  "coatcheck_daily_wait",
  "coatcheck_hourly_metric",
  "coatcheck_weekly_cohort",
];

/** Deletes all rows of all tables. */
async function deleteAll(url: string): Promise<void> {
  await query(url, TABLES.map((table) => `delete from ${table}`).join(";"));
}

async function queryRows<Row extends QueryResultRow>(url: string, sql: string): Promise<Row[]> {
  const integers = [20, 21, 23];
  const getTypeParser = (oid: number) => (text: string) => (integers.includes(oid) ? Number(text) : text);
  const client = new Client({ connectionString: url, types: { getTypeParser: getTypeParser as never } });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function runQueries(url: string, queries: Readonly<Record<string, string>>): Promise<unknown> {
  const results: Record<string, unknown> = {};
  for (const [name, sql] of Object.entries(queries)) results[name] = await queryRows(url, sql);
  return results;
}

/**
 * Replaces the number of the only visitor by a text, because PostgreSQL skips numbers if two nodes insert the visitor
 * at the same time.
 */
function withoutVisitorIds(results: unknown): unknown {
  return JSON.parse(
    JSON.stringify(results, (key, value) => (key === "visitor" && value !== null ? "the visitor" : value)),
  );
}

async function readAll(url: string): Promise<EventBatch> {
  const events = await queryRows<VisitEventRow & { visitor_id: string | null }>(
    url,
    "select e.*, v.id as visitor_id from coatcheck_visit_event e left join coatcheck_visitor v on v.number = e.visitor",
  );
  const counts = await queryRows<DocumentCountRow & QueryResultRow>(
    url,
    "select * from coatcheck_document_count",
  );
  return {
    events: events.map((row) => storedEventOf(row, row.visitor_id)),
    counts: counts.map(({ id, kind, hour, tenant, documents }) => ({
      id,
      kind: kind as CountedKind,
      hour,
      tenant: tenant || null,
      documents,
    })),
  };
}
