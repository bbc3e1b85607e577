/**
 * An event sink in one SQLite file, through Node's own `node:sqlite`. It stores the events and a row for each visit,
 * and needs no server.
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
import { type KnownOptions, requireKnownOptions } from "../../../session/known-options.ts";
import { warnOfShortDurations } from "../../../session/short-durations.ts";
import { openDatabase } from "../../../store/sqlite/open.ts";
import { LocalTime } from "../../facts/local-time.ts";
import type { EventSink, StoredOrder } from "../../sink.ts";
import type { VisitMaintenance } from "../maintenance.ts";
import { SqliteEventSink } from "./event-sink.ts";
import { migrateVisits } from "./migrations.ts";

export type {
  CustomerTotals,
  Expired,
  ExpireOptions,
  Person,
  PersonalData,
  RetentionPeriods,
  VisitMaintenance,
} from "../maintenance.ts";

/** Options of {@link sqliteEvents}. */
export interface SqliteEventsOptions {
  /** Path of the database file. Its folder must exist. A session store may use the same file. */
  readonly path: string;
  /** IANA time zone for the days, hours and weeks of statistics. Default: `UTC`. */
  readonly timeZone?: string;
  /** How long a call waits for another process's write lock, in milliseconds. Default: 2000. */
  readonly busyTimeout?: number;
}

const SINK_OPTIONS = {
  path: true,
  timeZone: true,
  busyTimeout: "interval",
} satisfies KnownOptions<SqliteEventsOptions>;

/** An event sink that can also find orders, and maintain the stored data. */
export interface SqliteEvents extends EventSink, VisitMaintenance {
  findOrder(tenant: string | null, orderId: string): Promise<StoredOrder | null>;
}

/**
 * Opens an event sink in one SQLite file and creates the file if it does not exist. When `write` resolves, the batch
 * is on disk. Several processes on one machine may open the same file.
 *
 * @throws UsageError for an unknown option or time zone.
 * @throws CoatcheckError `STORE_UNAVAILABLE` when the file cannot be opened, is damaged, or has the schema of a newer
 * Coatcheck.
 * @example
 * const sink = sqliteEvents({ path: "./visits.db", timeZone: "Europe/Berlin" });
 */
export function sqliteEvents(options: SqliteEventsOptions): SqliteEvents {
  requireKnownOptions("options of sqliteEvents()", options, SINK_OPTIONS);
  const { path, timeZone = "UTC", busyTimeout = 2000 } = options;
  warnOfShortDurations("options of sqliteEvents()", "wait", { busyTimeout });
  const time = new LocalTime(timeZone);
  const database = openDatabase(path, busyTimeout, migrateVisits);
  return new SqliteEventSink({ database, path, time, busyTimeout });
}
