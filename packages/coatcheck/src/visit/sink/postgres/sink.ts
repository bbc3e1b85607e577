/**
 * An event sink in PostgreSQL 14 or later, through the `pg` package, for applications on several machines. It stores
 * the events, in one partition per day, and a row for each visit.
 *
 * @example
 * import { postgresEvents } from "coatcheck/visit/postgres";
 *
 * const sink = await postgresEvents({ connectionString: "postgres://coatcheck@localhost/coatcheck", timeZone: "Europe/Berlin" });
 * const order = await sink.findOrder(null, "order-7");
 * await sink.close();
 *
 * @module
 */
import { type KnownOptions, requireKnownOptions } from "../../../session/known-options.ts";
import { warnOfShortDurations } from "../../../session/short-durations.ts";
import type { NoticeListener } from "../../../store/notice.ts";
import { openPostgres } from "../../../store/postgres/connect.ts";
import type { PostgresPool } from "../../../store/postgres/driver.ts";
import { postgresUnavailableError } from "../../../store/postgres/errors.ts";
import { LocalTime } from "../../facts/local-time.ts";
import type { EventSink, StoredOrder } from "../../sink.ts";
import type { VisitMaintenance } from "../maintenance.ts";
import { PostgresEventSink } from "./event-sink.ts";
import { migrateVisits } from "./migrations.ts";

export type { NoticeListener, ServerNotice } from "../../../store/notice.ts";
export type { PostgresClient, PostgresPool, PostgresQuery } from "../../../store/postgres/driver.ts";
export type {
  CustomerTotals,
  Expired,
  ExpireOptions,
  Person,
  PersonalData,
  RetentionPeriods,
  VisitMaintenance,
} from "../maintenance.ts";

/** Options of {@link postgresEvents}: either `connectionString` or `pool`, plus the other options. */
export type PostgresEventsOptions = {
  /** IANA time zone for the days, hours and weeks of statistics. Default: `UTC`. */
  readonly timeZone?: string;
  /** Longest duration of a batch in milliseconds, including the wait for a connection. Default: 10,000. */
  readonly deadline?: number;
  /**
   * Called when the server starts or stops rejecting calls, and when it is behind a connection pooler. Default: a
   * process warning.
   */
  readonly onNotice?: NoticeListener;
} & (
  | {
      /** `postgres://user:password@host:port/database`. The sink creates a pool and ends it on `close`. */
      readonly connectionString: string;
    }
  | {
      /** A `pg` pool whose `synchronous_commit` is not off. `close` does not end it. */
      readonly pool: PostgresPool;
    }
);

const SINK_OPTIONS = {
  connectionString: true,
  pool: true,
  timeZone: true,
  deadline: "milliseconds",
  onNotice: "function",
} satisfies KnownOptions<PostgresEventsOptions>;

/** Deadline for migrations, rollups and retention, in milliseconds. */
const LONG_DEADLINE = 300_000;

/** An event sink that can also find orders, and maintain the stored data. */
export interface PostgresEvents extends EventSink, VisitMaintenance {
  findOrder(tenant: string | null, orderId: string): Promise<StoredOrder | null>;
}

/**
 * Opens an event sink in PostgreSQL 14 or later. A batch is one transaction. The sink first creates or migrates its
 * tables in the connection's schema. The database may be shared with a session store.
 *
 * @throws UsageError for an unknown option or time zone.
 * @throws CoatcheckError `STORE_UNAVAILABLE` when the server cannot be reached, rejects the password, or has the schema of
 * a newer Coatcheck.
 * @example
 * const sink = await postgresEvents({ connectionString: "postgres://coatcheck@localhost/coatcheck" });
 */
export async function postgresEvents(options: PostgresEventsOptions): Promise<PostgresEvents> {
  requireKnownOptions("options of postgresEvents()", options, SINK_OPTIONS);
  const { timeZone = "UTC", deadline = 10_000, onNotice } = options;
  warnOfShortDurations("options of postgresEvents()", "wait", { deadline });
  const time = new LocalTime(timeZone);
  const longDeadline = Math.max(deadline, LONG_DEADLINE);
  const { quickDatabase, slowDatabase, end } = await openPostgres({
    ...options,
    deadline,
    longDeadline,
    onNotice,
  });
  try {
    await migrateVisits(slowDatabase.kysely);
  } catch (error) {
    await end();
    throw postgresUnavailableError(error);
  }
  return new PostgresEventSink({ quick: quickDatabase, slow: slowDatabase, time, end });
}
