import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { QuestionDatabase } from "../../../src/visit/questions/index.ts";
import type { VisitMaintenance } from "../../../src/visit/sink/maintenance.ts";
import { postgresEvents } from "../../../src/visit/sink/postgres/sink.ts";
import { sqliteEvents } from "../../../src/visit/sink/sqlite/sink.ts";
import type { EventSink } from "../../../src/visit/sink.ts";
import { createTemporaryDatabase } from "../../servers/fixtures.ts";
import type { DeliveredBatch } from "../recount/delivery.ts";
import { TIME_ZONE } from "../recount/traffic.ts";

/** A database that contains the data of a test. */
export interface LoadedDatabase {
  readonly database: QuestionDatabase;
  remove(): Promise<void>;
}

/** More days than any test has. */
const MORE_THAN_ALL_DAYS = 10_000;
/**
 * The number of days whose rollups (precomputed statistics) are recomputed after the last batch. The rollups of the
 * other days stay out of date.
 */
const DAYS_RECOMPUTED_AT_END = 10;

/**
 * Writes batches. Recomputes all rollups (precomputed statistics) after half of the batches, and the rollups of a few
 * days at the end.
 */
async function writeBatches(
  sink: EventSink & VisitMaintenance,
  delivered: readonly Pick<DeliveredBatch, "batch">[],
): Promise<void> {
  const half = Math.ceil(delivered.length / 2);
  for (const { batch } of delivered.slice(0, half)) await sink.write(batch);
  await sink.recompute(MORE_THAN_ALL_DAYS);
  for (const { batch } of delivered.slice(half)) await sink.write(batch);
  await sink.recompute(DAYS_RECOMPUTED_AT_END);
  await sink.close();
}

/** Writes batches to a SQLite file through its sink. */
export async function fillSqlite(
  delivered: readonly Pick<DeliveredBatch, "batch">[],
): Promise<LoadedDatabase> {
  const folder = await mkdtemp(join(tmpdir(), "coatcheck-questions-"));
  const path = join(folder, "visits.db");
  const sink = sqliteEvents({ path, timeZone: TIME_ZONE });
  await writeBatches(sink, delivered);
  return {
    database: { dialect: "sqlite", path },
    remove: () => rm(folder, { recursive: true }),
  };
}

/** Writes batches to a PostgreSQL database through its sink. */
export async function fillPostgres(
  url: string,
  delivered: readonly Pick<DeliveredBatch, "batch">[],
): Promise<LoadedDatabase> {
  const own = await createTemporaryDatabase(url);
  const pool = new pg.Pool({ connectionString: own.url, max: 4 });
  const sink = await postgresEvents({ pool, timeZone: TIME_ZONE });
  await writeBatches(sink, delivered);
  return {
    database: { dialect: "postgres", pool },
    async remove() {
      await pool.end();
      await own.drop();
    },
  };
}
