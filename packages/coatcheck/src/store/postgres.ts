import { type Clock, systemClock } from "../session/clock.ts";
import { CoatcheckError } from "../session/errors.ts";
import { isSessionId, type RevokeReason, type SessionRecord } from "../session/record.ts";
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
} from "../session/store.ts";
import { connectPostgres } from "./postgres-connect.ts";
import { PostgresDatabase } from "./postgres-database.ts";
import { postgresUnavailable } from "./postgres-errors.ts";
import { countSessions, isUnstorable, listSessions } from "./postgres-list.ts";
import { readLog } from "./postgres-log.ts";
import type { PostgresPool } from "./postgres-pool.ts";
import { DurablePosition, type Standing } from "./postgres-position.ts";
import { migratePostgres } from "./postgres-schema.ts";
import * as statements from "./postgres-statements.ts";
import { recordOf, rowOf, type SessionRow } from "./row.ts";

export { type PostgresHintsOptions, postgresHints } from "./postgres-hints.ts";
export type { PostgresClient, PostgresPool, PostgresQuery } from "./postgres-pool.ts";

/** Where the sessions are, and how long to wait for them. */
export type PostgresStoreOptions = {
  /**
   * The longest that a call may take, milliseconds, waiting for a connection included; 5000 unless given. What may read
   * all sessions (`stats`, `sweep`, counting after a mass revocation) and the start have a minute.
   */
  readonly deadline?: number;
  /** Dates revocations for the sweep. */
  readonly clock?: Clock;
} & (
  | {
      /** `postgres://user:password@host:port/database`; the store makes a pool of ten connections, and ends it. */
      readonly connectionString: string;
    }
  | {
      /** A pool of `pg`'s, ready to use, whose `synchronous_commit` is not off. It stays yours to end. */
      readonly pool: PostgresPool;
    }
);

/** Some calls may read all sessions: `stats`, `sweep`, the count of a mass revocation, migrations. */
const LONG_DEADLINE = 60_000;

/**
 * Sessions in PostgreSQL 14 or later. Every change is one statement, hence one atomic step and one round trip.
 *
 * Tables, functions and views are made or brought up to date first, in the connection's schema, by one of the processes
 * that start at once.
 *
 * - **Durable**: an acknowledged write is on the server's disk. Across a failover it is as durable as replication makes
 *   it: use a synchronous standby. Promoting one makes all cached copies be read again.
 * - **Mass revocation** of a tenant or everyone writes one row, however many sessions it ends; counting them comes
 *   after the commit and takes its time. If that fails, the revocation stands.
 * - **A transaction left open** anywhere on the server, if it has written, makes `changes` repeat what came since.
 * - **A pooler** such as PgBouncer must work in session mode: migrations hold a lock of the session, and statements are
 *   planned once for each connection.
 *
 * @throws CoatcheckError `STORE_UNAVAILABLE`, saying why: no server, wrong password, a read-only replica, a database that
 * is newer than the program, commits that are not durable. Every call throws it too, within `deadline`.
 *
 * @example
 * const store = await postgresStore({ connectionString: "postgres://coatcheck@localhost/coatcheck" });
 */
export async function postgresStore(options: PostgresStoreOptions): Promise<SessionStore> {
  const { deadline = 5000, clock = systemClock } = options;
  const longDeadline = Math.max(deadline, LONG_DEADLINE);
  const isOurs = "connectionString" in options;
  const pool = isOurs
    ? await connectPostgres(options.connectionString, deadline, longDeadline)
    : options.pool;
  // An idle connection that breaks is the pool's to replace; nobody waits for it.
  pool.on("error", () => {});
  const quick = new PostgresDatabase(pool, { deadline, planOnce: true });
  const slow = new PostgresDatabase(pool, { deadline: longDeadline, planOnce: false });
  const end = async () => {
    if (isOurs) await quick.end();
  };
  try {
    await migratePostgres(slow.kysely);
  } catch (error) {
    await end();
    throw postgresUnavailable(error);
  }
  return new PostgresStore({ quick, slow, clock, end });
}

interface StoreParts {
  readonly quick: PostgresDatabase;
  /** The same database, for calls that may read all sessions. */
  readonly slow: PostgresDatabase;
  readonly clock: Clock;
  end(): Promise<void>;
}

class PostgresStore implements SessionStore {
  readonly #parts: StoreParts;
  readonly #position = new DurablePosition();
  readonly #underWay = new Set<Promise<unknown>>();
  #isOpen = true;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  async get(id: string): Promise<Snapshot | null> {
    if (!isSessionId(id)) return null;
    return await this.#run(async ({ quick }) => {
      const row = await quick.first<Standing & { [Name in keyof SessionRow]: SessionRow[Name] | null }>(
        statements.GET,
        [id],
      );
      if (!isStored(row)) return null;
      return { record: recordOf(row), position: this.#position.at(row) };
    });
  }

  async put(record: SessionRecord, { expectedVersion, change, limit }: PutOptions): Promise<PutOutcome> {
    const statement = expectedVersion === 0 ? statements.INSERT : statements.UPDATE;
    const isLimited = limit !== undefined && record.subject !== null;
    return await this.#run(async ({ quick, clock }) => {
      const loggedAt = change === "privilege" ? clock.now() : null;
      const most = isLimited ? [limit.most, limit.now] : [null, null];
      const row = statements.valuesOf(rowOf(record));
      if (await quick.count(statement, [...row, loggedAt, ...most])) return "stored";
      if (!isLimited) return "conflict";
      const parameters = [record.id, expectedVersion];
      const { expected } = await quick.first<{ expected: boolean }>(statements.IS_EXPECTED, parameters);
      return expected ? "over-limit" : "conflict";
    });
  }

  async touch(touches: readonly Touch[]): Promise<void> {
    const newest = new Map<string, number>();
    for (const { id, lastSeenAt } of touches) {
      if (isSessionId(id)) newest.set(id, Math.max(lastSeenAt, newest.get(id) ?? 0));
    }
    await this.#run(async ({ quick }) => {
      if (newest.size > 0) await quick.rows(statements.TOUCH, [[...newest.keys()], [...newest.values()]]);
    });
  }

  async revoke(scope: RevocationScope, reason: RevokeReason): Promise<number> {
    return await this.#run(async ({ quick, slow, clock }) => {
      if (Object.values(scope).some(isUnstorable)) return 0;
      const now = clock.now();
      if ("session" in scope) {
        if (!isSessionId(scope.session)) return 0;
        return await quick.count(statements.REVOKE_SESSION, [scope.session, reason, now]);
      }
      const text = JSON.stringify(scope);
      if ("subject" in scope) {
        const spared = isSessionId(scope.except) ? scope.except : null;
        return await quick.count(statements.REVOKE_SUBJECT, [scope.subject, reason, now, spared, text]);
      }
      const tenant = "tenant" in scope ? scope.tenant : null;
      const parameters = [tenant, reason, now, text];
      const { epoch } = await quick.first<{ epoch: number }>(statements.REVOKE_MANY, parameters);
      return await slow.count(statements.COUNT_ENDED, [tenant, epoch]);
    });
  }

  async list(filter: SessionFilter, page: PageRequest): Promise<Page> {
    return await this.#run(({ quick }) => listSessions(quick.kysely, filter, page));
  }

  async stats(now: number): Promise<StoreStats> {
    return await this.#run(({ slow }) => countSessions(slow.kysely, now));
  }

  async changes(cursor: LogPosition | null): Promise<LogPage> {
    return await this.#run(({ quick }) => readLog(quick, cursor, this.#position));
  }

  async sweep(before: number, limit: number): Promise<number> {
    return await this.#run(async ({ slow }) => {
      let swept = 0;
      for (const statement of [statements.SWEEP_ENDED, ...statements.SWEEP_MASS]) {
        if (swept < limit) swept += await slow.count(statement, [before, limit - swept]);
      }
      await slow.rows(statements.SWEEP_MASS_REVOCATIONS, [before]);
      await slow.rows(statements.SWEEP_LOG, [before]);
      return swept;
    });
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await Promise.allSettled(this.#underWay);
    await this.#parts.end();
  }

  async #run<Result>(call: (parts: StoreParts) => Promise<Result>): Promise<Result> {
    if (!this.#isOpen) throw new CoatcheckError("STORE_UNAVAILABLE", "The session store has been closed.");
    const answer = call(this.#parts);
    this.#underWay.add(answer);
    try {
      return await answer;
    } catch (error) {
      throw postgresUnavailable(error);
    } finally {
      this.#underWay.delete(answer);
    }
  }
}

/** Whether the columns of a session are there: `id` is one that no row lacks. */
function isStored<Rest>(
  row: Rest & { [Name in keyof SessionRow]: SessionRow[Name] | null },
): row is Rest & SessionRow {
  return row.id !== null;
}
