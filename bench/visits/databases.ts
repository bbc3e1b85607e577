/** The databases that are measured, with temporary data. */
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createQuestions, type Questions } from "coatcheck/visit/questions";
import { sqliteEvents } from "coatcheck/visit/sqlite";
import type { EventSink } from "../../packages/coatcheck/src/visit/sink.ts";
import { type PlainTable, plainSqlite } from "./plain-table.ts";

/** A sink whose rollups a job recomputes. */
export interface RollupSink extends EventSink {
  recompute(limit: number): Promise<number>;
}

/** An empty database with a sink and questions. */
export interface VisitDatabase {
  readonly sink: RollupSink;
  readonly questions: Questions;
  /** Does what the database would do by itself within minutes, such as collecting statistics. */
  settle(): Promise<void>;
  /** Bytes on the disk. */
  size(): Promise<number>;
  /** Closes it and deletes its data. */
  remove(): Promise<void>;
}

/** A kind of database whose server is running. */
export interface DatabaseKind {
  open(): Promise<VisitDatabase>;
  /** An empty table without facts. */
  openPlain(): Promise<PlainTable & { remove(): Promise<void> }>;
  stop(): Promise<void>;
}

/** The kinds of databases by their names on the command line. */
export const DATABASES: Readonly<
  Record<string, { readonly title: string; readonly start: () => Promise<DatabaseKind> }>
> = {
  sqlite: { title: "SQLite", start: startSqlite },
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
        async settle() {},
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
