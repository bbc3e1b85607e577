import { Pool } from "pg";
import { type JobRun, type JobState, type JobStore, NEVER_RAN } from "./store.ts";

/** Timeout for connecting and for one statement, in milliseconds. */
const DEADLINE = 5000;

/** Key of the advisory lock that a node holds while it creates the table. Two nodes may start at once. */
const CREATE_LOCK = 1_668_243_831;

const CREATE_TABLE = `begin;
  select pg_advisory_xact_lock(${CREATE_LOCK});
  create table if not exists coatcheck_job (
    name text primary key,
    holder text,
    lease_until timestamptz not null,
    last_run text
  );
  commit`;

const LEASE_END = "clock_timestamp() + $3 * interval '1 millisecond'";

const ACQUIRE_LEASE = `insert into coatcheck_job (name, holder, lease_until) values ($1, $2, ${LEASE_END})
  on conflict (name) do update set holder = excluded.holder, lease_until = excluded.lease_until
  where coatcheck_job.holder is null or coatcheck_job.holder = excluded.holder
    or coatcheck_job.lease_until <= clock_timestamp()`;

const RECORD_RUN = `update coatcheck_job set last_run = $3, holder = case when holder = $2 then null else holder end
  where name = $1`;

const READ_JOB = `select holder is not null and lease_until > clock_timestamp() as is_running, last_run
  from coatcheck_job where name = $1`;

/** A job store in PostgreSQL. Leases expire by the clock of the database. */
export class PostgresJobStore implements JobStore {
  readonly #pool: Pool;

  private constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Creates the table if it does not exist. */
  static async open(connectionString: string): Promise<PostgresJobStore> {
    const pool = new Pool({
      connectionString,
      max: 1,
      connectionTimeoutMillis: DEADLINE,
      query_timeout: DEADLINE,
    });
    // The pool replaces broken idle connections. Without a listener, their error events would crash the process.
    pool.on("error", () => {});
    await pool.query(CREATE_TABLE);
    return new PostgresJobStore(pool);
  }

  async acquireLease(name: string, holder: string, duration: number): Promise<boolean> {
    const { rowCount } = await this.#pool.query(ACQUIRE_LEASE, [name, holder, duration]);
    return rowCount === 1;
  }

  async recordRun(name: string, holder: string, run: JobRun): Promise<void> {
    await this.#pool.query(RECORD_RUN, [name, holder, JSON.stringify(run)]);
  }

  async read(name: string): Promise<JobState> {
    const { rows } = await this.#pool.query<{ is_running: boolean; last_run: string | null }>(READ_JOB, [
      name,
    ]);
    const [row] = rows;
    if (!row) return NEVER_RAN;
    return { isRunning: row.is_running, lastRun: row.last_run === null ? null : JSON.parse(row.last_run) };
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}
