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

/** A database with the rows of a test. */
export interface Loaded {
  readonly database: QuestionDatabase;
  remove(): Promise<void>;
}

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
