/** The numbers that a job returns, such as `{ deleted: 12 }`. */
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
export interface JobNotice {
  /** Whether any node is running the job. */
  readonly isRunning: boolean;
  /** The last finished run. Null before the first run has finished. */
  readonly lastRun: JobRun | null;
}

/** The state of a job that has never run. */
export const NEVER_RUN: JobNotice = { isRunning: false, lastRun: null };

/**
 * Shares the state of jobs between the nodes of one database. A node must hold a job's lease, a lock with an expiry
 * time, to run the job. If the node crashes, the lease expires and another node can take it. A node that was only
 * paused may then run the job at the same time, so jobs must be correct when two nodes run them at once.
 */
export interface JobBoard {
  /**
   * Acquires or renews the lease of a job.
   *
   * @param duration - milliseconds until the lease ends.
   * @returns false while another holder has the lease.
   */
  take(name: string, holder: string, duration: number): Promise<boolean>;
  /** Stores the run. Releases the lease, unless another holder has acquired it. */
  finish(name: string, holder: string, run: JobRun): Promise<void>;
  /** Returns the state of a job. */
  read(name: string): Promise<JobNotice>;
  close(): Promise<void>;
}

/** A board for a single process. Stores the state in memory. */
export class LocalJobBoard implements JobBoard {
  readonly #holders = new Map<string, string>();
  readonly #runs = new Map<string, JobRun>();

  async take(name: string, holder: string): Promise<boolean> {
    if ((this.#holders.get(name) ?? holder) !== holder) return false;
    this.#holders.set(name, holder);
    return true;
  }

  async finish(name: string, _holder: string, run: JobRun): Promise<void> {
    this.#holders.delete(name);
    this.#runs.set(name, run);
  }

  async read(name: string): Promise<JobNotice> {
    return { isRunning: this.#holders.has(name), lastRun: this.#runs.get(name) ?? null };
  }

  async close(): Promise<void> {}
}
