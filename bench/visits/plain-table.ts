/** Stores events in one table with two indexes and nothing else: the baseline for the cost of a sink. */
import { DatabaseSync } from "node:sqlite";
import pg from "pg";
import type { VisitEvent } from "../../packages/coatcheck/src/visit/event.ts";

/** A table into which events can be inserted one by one or in batches. */
export interface PlainTable {
  insert(events: readonly VisitEvent[]): Promise<void>;
  close(): Promise<void>;
}

const COLUMN_NAMES = "id, type, at, session_id, visitor_id, body";
const CREATE_INDEXES = [
  "create index event_session on event (session_id, at)",
  "create index event_visitor on event (visitor_id, at)",
];

function rowOf(event: VisitEvent): readonly (string | number | null)[] {
  return [event.id, event.type, event.at, event.sessionId, event.visitorId, JSON.stringify(event)];
}

/** Creates the table in a SQLite file, with the same settings as the sinks. */
export function plainSqlite(path: string): PlainTable {
  const database = new DatabaseSync(path);
  database.exec("pragma journal_mode = wal; pragma synchronous = full");
  database.exec(
    "create table event (id text primary key, type text, at integer, session_id text, visitor_id text, body text)",
  );
  for (const index of CREATE_INDEXES) database.exec(index);
  const statement = database.prepare(
    `insert into event (${COLUMN_NAMES}) values (?, ?, ?, ?, ?, ?) on conflict do nothing`,
  );
  return {
    async insert(events) {
      database.exec("begin immediate");
      for (const event of events) statement.run(...rowOf(event));
      database.exec("commit");
    },
    async close() {
      database.close();
    },
  };
}

/** Creates the table on a PostgreSQL server. */
export async function plainPostgres(url: string): Promise<PlainTable> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(
    "create table event (id uuid primary key, type text, at bigint, session_id uuid, visitor_id uuid, body text)",
  );
  for (const index of CREATE_INDEXES) await client.query(index);
  const types = ["uuid", "text", "bigint", "uuid", "uuid", "text"];
  const lists = types.map((type, index) => `$${index + 1}::${type}[]`).join(", ");
  const text = `insert into event (${COLUMN_NAMES}) select * from unnest(${lists}) on conflict do nothing`;
  return {
    async insert(events) {
      const rows = events.map(rowOf);
      await client.query({
        name: "insert",
        text,
        values: types.map((_, column) => rows.map((row) => row[column])),
      });
    },
    async close() {
      await client.end();
    },
  };
}
