import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { QuestionDatabase } from "../../../src/visit/questions/index.ts";
import { postgresEvents } from "../../../src/visit/sink/postgres/sink.ts";
import { sqliteEvents } from "../../../src/visit/sink/sqlite/sink.ts";
import { temporaryDatabase } from "../../servers/fixtures.ts";
import type { Delivered } from "../recount/delivery.ts";
import { TIME_ZONE } from "../recount/traffic.ts";
import type { Tables } from "./tables.ts";

/** A database with the rows of a test. */
export interface Loaded {
  readonly database: QuestionDatabase;
  remove(): Promise<void>;
}

type Table = readonly [name: string, rows: Tables[string]];

/** Days whose rollups are computed. Of a month of traffic, some days stay without, as between two runs of the job. */
const RECOMPUTED = 25;

/** Writes batches into a SQLite file, through its sink. */
export async function fillSqlite(delivered: readonly Delivered[]): Promise<Loaded> {
  const folder = await mkdtemp(join(tmpdir(), "coatcheck-questions-"));
  const path = join(folder, "visits.db");
  const sink = sqliteEvents({ path, timeZone: TIME_ZONE });
  for (const { batch } of delivered) await sink.write(batch);
  await sink.recompute(RECOMPUTED);
  await sink.close();
  return {
    database: { dialect: "sqlite", path },
    remove: () => rm(folder, { recursive: true }),
  };
}

/** Writes batches into a PostgreSQL database, through its sink. */
export async function fillPostgres(url: string, delivered: readonly Delivered[]): Promise<Loaded> {
  const own = await temporaryDatabase(url);
  const pool = new pg.Pool({ connectionString: own.url, max: 4 });
  const sink = await postgresEvents({ pool, timeZone: TIME_ZONE });
  for (const { batch } of delivered) await sink.write(batch);
  await sink.recompute(RECOMPUTED);
  await sink.close();
  return {
    database: { dialect: "postgres", pool },
    async remove() {
      await pool.end();
      await own.drop();
    },
  };
}

/** Creates a PostgreSQL database with the tables. */
export async function loadPostgres(url: string, tables: Tables): Promise<Loaded> {
  const own = await temporaryDatabase(url);
  const pool = new pg.Pool({ connectionString: own.url, max: 4 });
  for (const table of Object.entries(tables)) {
    const columns = columnsOf(table).map(
      ([name, type]) => `${name} ${type === "INTEGER" ? "bigint" : "text"}`,
    );
    await pool.query(`create table ${table[0]} (${columns.join(", ")})`);
    await pool.query(`insert into ${table[0]} select * from json_populate_recordset(null::${table[0]}, $1)`, [
      JSON.stringify(table[1]),
    ]);
  }
  for (const index of INDEXES) await pool.query(index);
  return {
    database: { dialect: "postgres", pool },
    async remove() {
      await pool.end();
      await own.drop();
    },
  };
}

const INDEXES = [
  "create index visit_by_id on coatcheck_visit (id)",
  "create index visit_by_visitor on coatcheck_visit (visitor, started_at)",
  "create index journey_by_visit on coatcheck_visit_journey (visit_id)",
];

/** The columns with their types: text where a value is one. Columns with nulls alone are text. */
function columnsOf([name, rows]: Table): [name: string, type: "INTEGER" | "TEXT"][] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  if (names.length === 0) throw new Error(`${name} has no rows, so its columns are unknown.`);
  return names.map((column) => [
    column,
    column === "first_visit_at" || rows.some((row) => typeof row[column] === "number") ? "INTEGER" : "TEXT",
  ]);
}
