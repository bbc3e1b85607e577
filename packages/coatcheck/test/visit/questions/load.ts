import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import pg from "pg";
import type { QuestionDatabase } from "../../../src/visit/questions/index.ts";
import { temporaryDatabase } from "../../servers/fixtures.ts";
import type { Tables } from "./tables.ts";

/** A database with the rows of a test. */
export interface Loaded {
  readonly database: QuestionDatabase;
  remove(): Promise<void>;
}

type Table = readonly [name: string, rows: Tables[string]];

/** Creates a SQLite file with the tables. */
export async function loadSqlite(tables: Tables): Promise<Loaded> {
  const folder = await mkdtemp(join(tmpdir(), "coatcheck-questions-"));
  const path = join(folder, "visits.db");
  const database = new DatabaseSync(path);
  database.exec("PRAGMA journal_mode = WAL; BEGIN");
  for (const table of Object.entries(tables)) {
    const columns = columnsOf(table);
    database.exec(
      `CREATE TABLE ${table[0]} (${columns.map(([name, type]) => `${name} ${type}`).join(", ")}) STRICT`,
    );
    const insert = database.prepare(`INSERT INTO ${table[0]} VALUES (${columns.map(() => "?").join(", ")})`);
    for (const row of table[1]) insert.run(...columns.map(([name]) => row[name] ?? null));
  }
  for (const index of INDEXES) database.exec(index);
  database.exec("COMMIT");
  database.close();
  return {
    database: { dialect: "sqlite", path },
    remove: () => rm(folder, { recursive: true }),
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
