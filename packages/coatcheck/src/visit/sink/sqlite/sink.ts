/**
 * An event sink in one SQLite file, through Node's own `node:sqlite`. It stores events, keeps the facts of each visit, and
 * needs no server.
 *
 * @example
 * import { sqliteEvents } from "coatcheck/visit/sqlite";
 *
 * const sink = sqliteEvents({ path: "./visits.db", timeZone: "Europe/Berlin" });
 * const order = await sink.findOrder(null, "order-7");
 * await sink.close();
 *
 * @module
 */
import { CoatcheckError, storeUnavailable } from "../../../session/errors.ts";
import { type KnownOptions, requireKnownOptions } from "../../../session/known-options.ts";
import { isBusy, waitBeforeRetry } from "../../../store/sqlite/busy.ts";
import { GroupCommit } from "../../../store/sqlite/group-commit.ts";
import { openDatabase } from "../../../store/sqlite/open.ts";
import type { DocumentCount } from "../../event.ts";
import { LocalTime } from "../../facts/local-time.ts";
import type { EventBatch, EventSink, StoredOrder } from "../../sink.ts";
import { groupByVisitor, sliceGroups } from "../group-events.ts";
import type { VisitMaintenance } from "../maintenance.ts";
import { SqliteIngest } from "./ingest.ts";
import { migrateVisits } from "./migrations.ts";
import { RollupThread } from "./rollup-thread.ts";
import { VisitStatements } from "./statements.ts";

/** Options of {@link sqliteEvents}. */
export interface SqliteEventsOptions {
  /** Path of the database file. Its folder must exist. It may be the file of a session store. */
  readonly path: string;
  /** IANA time zone of days, hours and weeks in figures. Default: `UTC`. */
  readonly timeZone?: string;
  /** How long a call waits for another process's write lock, in milliseconds. Default: 2000. */
  readonly busyTimeout?: number;
}

const SINK_OPTIONS = {
  path: true,
  timeZone: true,
  busyTimeout: true,
} satisfies KnownOptions<SqliteEventsOptions>;

/** How long the thread of the rollups waits for the write lock, in milliseconds. */
const ROLLUP_TIMEOUT = 10_000;

/** Events of one write. The event loop turns between two writes. */
const SLICE = 32;

/** An event sink that can be asked for orders, and its jobs. */
export interface SqliteEvents extends EventSink, VisitMaintenance {
  findOrder(tenant: string | null, orderId: string): Promise<StoredOrder | null>;
}

/**
 * Opens an event sink in one SQLite file and creates the file if it does not exist. An acknowledged batch is on the disk.
 * Several processes on one machine may open the same file.
 *
 * @throws UsageError for an unknown option or time zone.
 * @throws CoatcheckError `STORE_UNAVAILABLE` when the file cannot be opened, is damaged, or has the schema of a newer
 * Coatcheck.
 * @example
 * const sink = sqliteEvents({ path: "./visits.db", timeZone: "Europe/Berlin" });
 */
export function sqliteEvents(options: SqliteEventsOptions): SqliteEvents {
  requireKnownOptions("SQLite event sink options", options, SINK_OPTIONS);
  const { path, timeZone = "UTC", busyTimeout = 2000 } = options;
  const time = new LocalTime(timeZone);
  const database = openDatabase(path, busyTimeout, migrateVisits);
  const statements = new VisitStatements(database);
  const ingest = new SqliteIngest(statements, time);
  const commits = new GroupCommit(database, busyTimeout);
  const rollups = new RollupThread({ path, timeZone, timeout: ROLLUP_TIMEOUT });
  let isOpen = true;

  function requireOpen(): void {
    if (!isOpen) throw new CoatcheckError("STORE_UNAVAILABLE", "The event sink is closed.");
  }

  async function read<Result>(run: () => Result): Promise<Result> {
    const since = performance.now();
    for (;;) {
      requireOpen();
      try {
        return run();
      } catch (error) {
        if (!isBusy(error) || performance.now() - since >= busyTimeout) throw storeUnavailable(error);
        await waitBeforeRetry();
      }
    }
  }

  function addCounts(counts: readonly DocumentCount[]): void {
    for (const { id, kind, hour, tenant, documents } of counts) {
      const local_day = time.dayOf(hour);
      statements.insertCount({ id, tenant: tenant ?? "", kind, hour, local_day, documents });
    }
  }

  return {
    async write({ events, counts }: EventBatch) {
      requireOpen();
      const slices = sliceGroups(groupByVisitor(events), SLICE);
      const writes = slices.map((slice) => commits.run(() => ingest.add(slice)));
      if (counts.length > 0) writes.push(commits.run(() => addCounts(counts)));
      const outcomes = await Promise.allSettled(writes);
      const failed = outcomes.find((outcome) => outcome.status === "rejected");
      if (failed) throw failed.reason;
    },
    findOrder: (tenant, orderId) => read(() => statements.findOrder(tenant ?? "", orderId)),
    async recompute(limit) {
      requireOpen();
      return await rollups.recompute(limit).catch((error) => {
        throw storeUnavailable(error);
      });
    },
    async markAllChanged() {
      requireOpen();
      return await commits.run(() => statements.markAllChanged());
    },
    async close() {
      if (!isOpen) return;
      isOpen = false;
      await rollups.close();
      await commits.drain();
      database.close();
    },
  };
}
