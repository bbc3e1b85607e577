import { DatabaseSync } from "node:sqlite";
import { type JobRun, type JobState, type JobStore, NEVER_RAN } from "./store.ts";

/** Milliseconds to wait for another process's write. */
const BUSY_TIMEOUT = 5000;

const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS coatcheck_job (
  name TEXT PRIMARY KEY NOT NULL,
  holder TEXT,
  lease_until INTEGER NOT NULL,
  last_run TEXT
) STRICT, WITHOUT ROWID`;

const ACQUIRE_LEASE = `INSERT INTO coatcheck_job (name, holder, lease_until) VALUES (?1, ?2, ?4 + ?3)
  ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, lease_until = excluded.lease_until
  WHERE holder IS NULL OR holder = excluded.holder OR lease_until <= ?4`;

const RECORD_RUN = `UPDATE coatcheck_job SET last_run = ?3, holder = CASE WHEN holder = ?2 THEN NULL ELSE holder END
  WHERE name = ?1`;

const READ_JOB = `SELECT holder IS NOT NULL AND lease_until > ?2 AS is_running, last_run FROM coatcheck_job WHERE name = ?1`;

/** A job store in a SQLite file, for the processes of one machine. */
export class SqliteJobStore implements JobStore {
  readonly #database: DatabaseSync;
  readonly #now: () => number;

  constructor(path: string, now: () => number = Date.now) {
    this.#database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT });
    this.#now = now;
    this.#database.exec(CREATE_TABLE);
  }

  async acquireLease(name: string, holder: string, duration: number): Promise<boolean> {
    const { changes } = this.#database.prepare(ACQUIRE_LEASE).run(name, holder, duration, this.#now());
    return changes === 1;
  }

  async recordRun(name: string, holder: string, run: JobRun): Promise<void> {
    this.#database.prepare(RECORD_RUN).run(name, holder, JSON.stringify(run));
  }

  async read(name: string): Promise<JobState> {
    const row = this.#database.prepare(READ_JOB).get(name, this.#now());
    if (!row) return NEVER_RAN;
    const { is_running, last_run } = row;
    return { isRunning: is_running === 1, lastRun: last_run === null ? null : JSON.parse(String(last_run)) };
  }

  async close(): Promise<void> {
    this.#database.close();
  }
}
