/** The counts that a run returns, such as `{ deleted: 12 }`. */
export type JobResult = Readonly<Record<string, number>>;

/** A finished run. */
export interface JobRun {
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** Milliseconds. */
  readonly duration: number;
  /** Null if the run failed. */
  readonly result: JobResult | null;
  readonly error: string | null;
  /** The host name and the process id of the node that ran the job. */
  readonly node: string;
}

/** The shared state of one job. */
export interface JobState {
  /** Whether any node is running the job. */
  readonly isRunning: boolean;
  /** The last finished run. Null before the first run has finished. */
  readonly lastRun: JobRun | null;
}

/** The state of a job that has never run. */
export const NEVER_RAN: JobState = { isRunning: false, lastRun: null };

/**
 * Stores the state of the jobs for the nodes that share a database. To run a job, a node must hold the job's lease,
 * which is a lock with an expiry time. If the node crashes, the lease expires and another node can take it. A node that
 * was only paused may then run the job at the same time, so jobs must be correct when two nodes run them at once.
 */
export interface JobStore {
  /**
   * Acquires or renews the lease of a job.
   *
   * @param duration milliseconds until the lease expires.
   * @returns false while another holder has the lease.
   */
  acquireLease(name: string, holder: string, duration: number): Promise<boolean>;
  /** Stores the run. Releases the lease, unless another holder has acquired it. */
  recordRun(name: string, holder: string, run: JobRun): Promise<void>;
  /** Returns the state of a job. */
  read(name: string): Promise<JobState>;
  close(): Promise<void>;
}

/** A job store in memory, for a single process. */
export class MemoryJobStore implements JobStore {
  readonly #holders = new Map<string, string>();
  readonly #runs = new Map<string, JobRun>();

  async acquireLease(name: string, holder: string): Promise<boolean> {
    if ((this.#holders.get(name) ?? holder) !== holder) return false;
    this.#holders.set(name, holder);
    return true;
  }

  async recordRun(name: string, _holder: string, run: JobRun): Promise<void> {
    this.#holders.delete(name);
    this.#runs.set(name, run);
  }

  async read(name: string): Promise<JobState> {
    return { isRunning: this.#holders.has(name), lastRun: this.#runs.get(name) ?? null };
  }

  async close(): Promise<void> {}
}
