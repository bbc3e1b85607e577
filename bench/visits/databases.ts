/** Opens the measured databases, with temporary data. */
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { postgresEvents } from "coatcheck/visit/postgres";
import { createQuestions, type Questions } from "coatcheck/visit/questions";
import { sqliteEvents } from "coatcheck/visit/sqlite";
import pg from "pg";
import type { EventSink } from "../../packages/coatcheck/src/visit/sink.ts";
import {
  createTemporarySchema,
  query,
  startPostgres,
} from "../../packages/coatcheck/test/servers/postgres.ts";
import { type PlainTable, plainPostgres, plainSqlite } from "./plain-table.ts";

/** An event sink with daily totals (rollups), which `recompute` updates. */
export interface RollupSink extends EventSink {
  recompute(limit: number): Promise<number>;
}

/** An empty database: its sink stores events, and `questions` runs analytics queries. */
export interface VisitDatabase {
  readonly sink: RollupSink;
  readonly questions: Questions;
  /** Runs the maintenance that a database does by itself within minutes, such as collecting statistics. */
  finishLoading(): Promise<void>;
  /** Returns the size of the database on the disk, in bytes. */
  size(): Promise<number>;
  /** Closes the database and deletes its data. */
  remove(): Promise<void>;
}

/** A running database server, on which databases can be opened. */
export interface DatabaseKind {
  open(): Promise<VisitDatabase>;
  /** Creates an empty table that contains events only, without the derived tables of a sink. */
  openPlain(): Promise<PlainTable & { remove(): Promise<void> }>;
  stop(): Promise<void>;
}

/** The title and the start function of each database, by its name on the command line. */
export const DATABASES: Readonly<
  Record<string, { readonly title: string; readonly start: () => Promise<DatabaseKind> }>
> = {
  sqlite: { title: "SQLite", start: startSqlite },
  postgres: { title: "PostgreSQL", start: startPostgresServer },
};

async function startSqlite(): Promise<DatabaseKind> {
  const newFolder = () => mkdtemp(join(tmpdir(), "coatcheck-visits-"));
  return {
    async open() {
      const folder = await newFolder();
      const path = join(folder, "visits.db");
      const sink = sqliteEvents({ path });
      const questions = createQuestions({ dialect: "sqlite", path });
      return {
        sink,
        questions,
        async finishLoading() {},
        async size() {
          return (await stat(path)).size;
        },
        async remove() {
          await questions.close();
          await sink.close();
          await rm(folder, { recursive: true });
        },
      };
    },
    async openPlain() {
      const folder = await newFolder();
      const table = plainSqlite(join(folder, "events.db"));
      return {
        ...table,
        async remove() {
          await table.close();
          await rm(folder, { recursive: true });
        },
      };
    },
    async stop() {},
  };
}

/** Timeout of a batch, in milliseconds. It is long, so that batches too slow for production are still measured. */
const DEADLINE = 120_000;

async function startPostgresServer(): Promise<DatabaseKind> {
  const server = await startPostgres();
  return {
    async open() {
      const schema = await createTemporarySchema(server.url);
      const pool = new pg.Pool({ connectionString: schema.url });
      const sink = await postgresEvents({ pool, deadline: DEADLINE });
      const questions = createQuestions({ dialect: "postgres", pool });
      return {
        sink,
        questions,
        async finishLoading() {
          await query(schema.url, "vacuum (analyze)");
          await query(schema.url, "checkpoint");
        },
        async size() {
          const [row] = await query(schema.url, "select pg_database_size(current_database())::text as bytes");
          return Number(row?.bytes);
        },
        async remove() {
          await questions.close();
          await sink.close();
          await pool.end();
          await schema.drop();
        },
      };
    },
    async openPlain() {
      const schema = await createTemporarySchema(server.url);
      const table = await plainPostgres(schema.url);
      return {
        ...table,
        async remove() {
          await table.close();
          await schema.drop();
        },
      };
    },
    stop: () => server.stop(),
  };
}
