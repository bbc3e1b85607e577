/**
 * A session store in PostgreSQL 14 or later, through the `pg` package, for applications on several machines. The
 * module also sends hints over `LISTEN` and `NOTIFY`, for caches without Redis.
 *
 * @example
 * import { SessionManager } from "coatcheck";
 * import { postgresStore } from "coatcheck/store/postgres";
 *
 * const store = await postgresStore({ connectionString: "postgres://coatcheck@localhost/coatcheck" });
 * const sessions = new SessionManager({ store, secrets: ["a long random secret"] });
 * const { token } = await sessions.create({ subject: "user-7" });
 * await sessions.close();
 *
 * @module
 */
import { type Clock, systemClock } from "../../session/clock.ts";
import { CoatcheckError } from "../../session/errors.ts";
import { type KnownOptions, requireKnownOptions } from "../../session/known-options.ts";
import { isSessionId, type RevokeReason, type SessionRecord } from "../../session/record.ts";
import { requireFilter, requireKey, requirePage, requireScope } from "../../session/scope.ts";
import { warnOfShortDurations } from "../../session/short-durations.ts";
import type {
  LogPage,
  LogPosition,
  Page,
  PageRequest,
  PutOptions,
  PutOutcome,
  RevocationScope,
  SessionFilter,
  SessionStore,
  Snapshot,
  StoreStats,
  Touch,
} from "../../session/store.ts";
import type { NoticeListener } from "../notice.ts";
import { Recount } from "../recount.ts";
import { listSessions } from "../sql-list.ts";
import { recordOf, rowOf, type SessionRow, scopeOfKey } from "../sql-row.ts";
import { openPostgres } from "./connect.ts";
import type { PostgresDatabase } from "./database.ts";
import type { PostgresPool } from "./driver.ts";
import { postgresUnavailableError } from "./errors.ts";
import { createListSource } from "./list.ts";
import { readLog } from "./log.ts";
import { DurablePosition, type LogHead, positionOf } from "./position.ts";
import { migratePostgres } from "./schema.ts";
import * as statements from "./statements.ts";
import { countSessions } from "./stats.ts";

export type { NoticeListener, ServerNotice } from "../notice.ts";
export type { PostgresClient, PostgresPool, PostgresQuery } from "./driver.ts";
export { type PostgresHintsOptions, postgresHints } from "./hints.ts";

/** Options of {@link postgresStore}: either `connectionString` or `pool`, and the deadline. */
export type PostgresStoreOptions = {
  /**
   * How long a call may take, in milliseconds, including the wait for a connection. Default: 5000. Startup and the
   * calls that may read all sessions (`stats`, `sweep`, the count after a mass revocation) may take 60 s.
   */
  readonly deadline?: number;
  /**
   * Supplies the time of each revocation. `sweep` uses these times to find the revoked sessions to delete. Default: the
   * system clock.
   */
  readonly clock?: Clock;
  /**
   * Receives a notice when the server rejects calls for a reason that an operator should know (it is a read-only
   * standby, is shutting down, and so on), when the server accepts calls again, and at startup if the connection leads
   * to a pooler. Default: a process warning.
   */
  readonly onNotice?: NoticeListener;
} & (
  | {
      /**
       * `postgres://user:password@host:port/database`. The store creates a pool of ten connections and ends it on
       * `close`.
       */
      readonly connectionString: string;
    }
  | {
      /** A `pg` pool of the application, which ends the pool itself. Its `synchronous_commit` must not be off. */
      readonly pool: PostgresPool;
    }
);

const STORE_OPTIONS = {
  connectionString: true,
  pool: true,
  deadline: "milliseconds",
  clock: true,
  onNotice: "function",
} satisfies KnownOptions<PostgresStoreOptions>;

/**
 * Deadline in milliseconds of calls that may read all sessions: `stats`, `sweep`, the count after a mass revocation,
 * and migrations.
 */
const LONG_DEADLINE = 60_000;

/**
 * Opens a session store in PostgreSQL 14 or later. Every change is one statement, so it is atomic and takes one round
 * trip.
 *
 * The store first creates or migrates its tables, functions and views, in the connection's schema. When several
 * processes start at once, one of them migrates and the others wait.
 *
 * - **Durability**: an acknowledged write is on the server's disk. Whether it survives a failover depends on the
 *   replication: use a synchronous standby. After a standby is promoted, caches read all sessions again.
 * - **Mass revocation** of a tenant or of everyone writes one row, however many sessions it ends. The store counts them
 *   after the commit, which may be slow. If counting fails, `revoke` throws, but the revocation is in force.
 * - **Long transactions**: while a transaction that has written stays open anywhere on the server, every call of
 *   `changes` returns all log items since the start of that transaction.
 * - **Poolers** such as PgBouncer may use transaction mode. The store notices a pooler, sends its statements unnamed
 *   and cannot set timeouts on the server; set `lock_timeout` and `statement_timeout` for the role instead.
 *   `postgresHints` needs a connection of its own.
 * - **A primary that becomes a standby**, or shuts down: the calls fail, and the store replaces its connections until
 *   they lead to a primary.
 *
 * @throws UsageError for an unknown option.
 * @throws CoatcheckError `STORE_UNAVAILABLE` when the server cannot be reached, rejects the password, is a read-only
 *   replica, has the schema of a newer Coatcheck, or acknowledges commits that are not durable. The message says which.
 *   Every method throws it too, within `deadline`.
 *
 * @example
 * const store = await postgresStore({ connectionString: "postgres://coatcheck@localhost/coatcheck" });
 */
export async function postgresStore(options: PostgresStoreOptions): Promise<SessionStore> {
  requireKnownOptions("PostgreSQL store options", options, STORE_OPTIONS);
  const { deadline = 5000, clock = systemClock, onNotice } = options;
  warnOfShortDurations("PostgreSQL store options", "wait", { deadline });
  const longDeadline = Math.max(deadline, LONG_DEADLINE);
  const { quickDatabase, slowDatabase, end } = await openPostgres({
    ...options,
    deadline,
    longDeadline,
    onNotice,
  });
  try {
    await migratePostgres(slowDatabase.kysely);
  } catch (error) {
    await end();
    throw postgresUnavailableError(error);
  }
  return new PostgresStore({ quick: quickDatabase, slow: slowDatabase, clock, end });
}

interface StoreDependencies {
  readonly quick: PostgresDatabase;
  /** The same database with a longer deadline, for calls that may read all sessions. */
  readonly slow: PostgresDatabase;
  readonly clock: Clock;
  end(): Promise<void>;
}

class PostgresStore implements SessionStore {
  readonly #deps: StoreDependencies;
  readonly #position = new DurablePosition();
  readonly #inFlight = new Set<Promise<unknown>>();
  readonly #recount = new Recount({
    count: (now) => this.#run(({ slow }) => countSessions(slow, now)),
  });
  #isOpen = true;

  constructor(deps: StoreDependencies) {
    this.#deps = deps;
  }

  async get(id: string): Promise<Snapshot | null> {
    if (!isSessionId(id)) return null;
    return await this.#run(async ({ quick }) => {
      const row = await quick.first<LogHead & { [Name in keyof SessionRow]: SessionRow[Name] | null }>(
        statements.GET_SESSION,
        [id],
      );
      if (!hasSession(row)) return null;
      return { record: recordOf(row), position: this.#position.at(row) };
    });
  }

  async put(
    record: SessionRecord,
    { expectedVersion, change, sessionLimit }: PutOptions,
  ): Promise<PutOutcome> {
    const statement = expectedVersion === 0 ? statements.INSERT_SESSION : statements.UPDATE_SESSION;
    const isLimited = sessionLimit !== undefined && record.subject !== null;
    return await this.#run(async ({ quick, clock }) => {
      const loggedAt = change === "privilege" ? clock.now() : null;
      const limitParameters = isLimited ? [sessionLimit.max, sessionLimit.now] : [null, null];
      const row = statements.valuesOf(rowOf(record));
      if (await quick.count(statement, [...row, loggedAt, ...limitParameters])) return "stored";
      if (!isLimited) return "conflict";
      const parameters = [record.id, expectedVersion];
      const { expected } = await quick.first<{ expected: boolean }>(
        statements.IS_EXPECTED_VERSION,
        parameters,
      );
      return expected ? "over-limit" : "conflict";
    });
  }

  async touch(touches: readonly Touch[]): Promise<void> {
    const newest = new Map<string, number>();
    for (const { id, lastSeenAt } of touches) {
      if (isSessionId(id)) newest.set(id, Math.max(lastSeenAt, newest.get(id) ?? 0));
    }
    await this.#run(async ({ quick }) => {
      if (newest.size > 0)
        await quick.rows(statements.TOUCH_SESSIONS, [[...newest.keys()], [...newest.values()]]);
    });
  }

  async revoke(scope: RevocationScope, reason: RevokeReason): Promise<number> {
    requireScope(scope);
    return await this.#run(async ({ quick, slow, clock }) => {
      if (Object.values(scope).some(statements.isUnstorable)) return 0;
      const now = clock.now();
      if ("session" in scope) {
        if (!isSessionId(scope.session)) return 0;
        return await quick.count(statements.REVOKE_SESSION, [scope.session, reason, now]);
      }
      const text = JSON.stringify(scope);
      if ("subject" in scope) {
        const { subject, except = null } = scope;
        return await quick.count(statements.REVOKE_SUBJECT, [subject, reason, now, except, text]);
      }
      const tenant = "tenant" in scope ? scope.tenant : null;
      const parameters = [tenant, reason, now, text];
      const { epoch } = await quick.first<{ epoch: number }>(statements.REVOKE_MANY, parameters);
      return await slow.count(statements.COUNT_SESSIONS_ENDED, [tenant, epoch]);
    });
  }

  async invalidate(key: string): Promise<LogPosition> {
    requireKey(key);
    return await this.#run(async ({ quick, clock }) => {
      const parameters = [scopeOfKey(key), clock.now()];
      const row = await quick.first<LogHead & { position: number }>(statements.INVALIDATE_KEY, parameters);
      return positionOf(row, row.position);
    });
  }

  async list(filter: SessionFilter, page: PageRequest): Promise<Page> {
    requireFilter(filter);
    requirePage(page);
    return await this.#run(({ quick }) => listSessions(createListSource(quick), filter, page));
  }

  async stats(now: number): Promise<StoreStats> {
    return await this.#run(() => this.#recount.read(now));
  }

  async changes(cursor: LogPosition | null): Promise<LogPage> {
    return await this.#run(({ quick }) => readLog(quick, cursor, this.#position));
  }

  async sweep(before: number, limit: number): Promise<number> {
    return await this.#run(async ({ slow }) => {
      let deleted = 0;
      for (const statement of [statements.SWEEP_ENDED, ...statements.SWEEP_MASS]) {
        if (deleted < limit) deleted += await slow.count(statement, [before, limit - deleted]);
      }
      await slow.rows(statements.SWEEP_MASS_REVOCATIONS, [before]);
      await slow.rows(statements.SWEEP_LOG, [before]);
      return deleted;
    });
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await Promise.allSettled(this.#inFlight);
    await this.#deps.end();
  }

  async #run<Result>(call: (deps: StoreDependencies) => Promise<Result>): Promise<Result> {
    if (!this.#isOpen) throw new CoatcheckError("STORE_UNAVAILABLE", "The session store is closed.");
    const result = call(this.#deps);
    this.#inFlight.add(result);
    try {
      return await result;
    } catch (error) {
      throw postgresUnavailableError(error);
    } finally {
      this.#inFlight.delete(result);
    }
  }
}

/** Whether the outer join found a session. `id` is null only if it did not. */
function hasSession<Rest>(
  row: Rest & { [Name in keyof SessionRow]: SessionRow[Name] | null },
): row is Rest & SessionRow {
  return row.id !== null;
}
