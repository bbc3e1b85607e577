/** The result of a job: numbers by name, such as `{ deleted: 12 }`. */
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

/** The state of one job, as all nodes know it. */
export interface JobNotice {
  /** Whether a node runs the job now. */
  readonly isRunning: boolean;
  /** Null before the first run has ended. */
  readonly lastRun: JobRun | null;
}

/** The state of a job that has never run. */
export const NEVER_RUN: JobNotice = { isRunning: false, lastRun: null };

/**
 * Shares the state of jobs between the nodes of one database. A lease keeps a job on one node at a time. It ends by
 * itself, so that another node takes over when the holder has crashed; a holder that was paused for that long may then
 * run beside it. Jobs must therefore be correct when two nodes run them at once.
 */
export interface JobBoard {
  /**
   * Takes or renews the lease of a job.
   *
   * @param duration - milliseconds until the lease ends.
   * @returns false while another holder has it.
   */
  take(name: string, holder: string, duration: number): Promise<boolean>;
  /** Stores the run and ends the lease, unless another holder has taken it. */
  finish(name: string, holder: string, run: JobRun): Promise<void>;
  /** Returns the state of a job. */
  read(name: string): Promise<JobNotice>;
  close(): Promise<void>;
}

/** The board of one process alone. */
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
