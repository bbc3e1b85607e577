import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { type Clock, CoatcheckError, type Schedule } from "coatcheck";
import type { FastifyBaseLogger } from "fastify";
import { type JobResult, type JobRun, type JobStore, MemoryJobStore } from "./store/store.ts";

/** A background task of the service. It must be correct when two nodes run it at once; see {@link JobStore}. */
export interface Job {
  readonly name: string;
  readonly description: string;
  /** Milliseconds from the end of a run to the start of the next run. Null: the job runs only on request. */
  readonly interval: number | null;
  /**
   * Runs the job in short steps.
   *
   * @param signal aborts when the service stops. The job then ends after its current step.
   */
  run(signal: AbortSignal): Promise<JobResult>;
  /** Returns the numbers that a run would return, without changing anything. */
  dryRun?(): Promise<JobResult>;
}

/** The state of a job and its last run on any node. */
export interface JobStatus extends Pick<Job, "name" | "description" | "interval"> {
  readonly isRunning: boolean;
  /** Null before the first run has finished. */
  readonly lastRun: JobRun | null;
  /** Epoch milliseconds of the next scheduled run. Null during a run, and for a job that runs only on request. */
  readonly nextRunAt: number | null;
}

/** Options of {@link Jobs}. */
export interface JobsOptions {
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly log: FastifyBaseLogger;
  /**
   * The job store that all nodes share. `stop` closes it. Default: a store in memory, so each process runs every job.
   */
  readonly store?: JobStore;
}

/** Milliseconds after which another node takes over the job of a node that has crashed. */
const LEASE_DURATION = 60_000;

interface ScheduledJob {
  readonly job: Job;
  running: Promise<JobRun> | null;
  /** Epoch milliseconds of this node's next check whether the job must run. Null while the job runs here. */
  dueAt: number | null;
  cancel: (() => void) | null;
}

/** Runs jobs on a schedule and on request. A job runs on one node at a time. */
export class Jobs {
  readonly #entries: readonly ScheduledJob[];
  readonly #options: JobsOptions;
  readonly #store: JobStore;
  /** The name of this process in {@link JobRun}. */
  readonly node = `${hostname()}:${process.pid}`;
  readonly #holder = randomUUID();
  readonly #stopping = new AbortController();

  constructor(jobs: readonly Job[], options: JobsOptions) {
    this.#entries = jobs.map((job) => ({ job, running: null, dueAt: null, cancel: null }));
    this.#options = options;
    this.#store = options.store ?? new MemoryJobStore();
  }

  /** Schedules the first run of each job. */
  start(): void {
    for (const entry of this.#entries) this.#scheduleNext(entry, entry.job.interval);
  }

  /** Stops all jobs. Resolves when their current steps have finished and the job store is closed. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const { cancel } of this.#entries) cancel?.();
    await Promise.allSettled(this.#entries.map(({ running }) => running));
    await this.#store.close();
  }

  /** Returns the state of all jobs and their last runs on any node. */
  async status(): Promise<readonly JobStatus[]> {
    return await Promise.all(
      this.#entries.map(async ({ job: { name, description, interval }, dueAt }) => {
        const { isRunning, lastRun } = await callStore(() => this.#store.read(name));
        const nextRunAt = isRunning || interval === null ? null : (nextDueAt(lastRun, interval) ?? dueAt);
        return { name, description, interval, isRunning, lastRun, nextRunAt };
      }),
    );
  }

  /**
   * Runs a job now, or waits for the run in progress on this node. Returns null if the job does not exist.
   *
   * @throws CoatcheckError `CONFLICT` while another node runs the job, `STORE_UNAVAILABLE` when the database does not
   *   respond.
   */
  async run(name: string): Promise<JobRun | null> {
    const entry = this.#entries.find(({ job }) => job.name === name);
    return entry ? await this.#start(entry) : null;
  }

  /**
   * Returns the numbers that a run would return, without changing anything. Null if the job does not exist or has no
   * dry run.
   */
  async dryRun(name: string): Promise<JobResult | null> {
    const entry = this.#entries.find(({ job }) => job.name === name);
    return (await entry?.job.dryRun?.()) ?? null;
  }

  #scheduleNext(entry: ScheduledJob, delay: number | null): void {
    if (delay === null || this.#stopping.signal.aborted) return;
    entry.cancel?.();
    entry.dueAt = this.#options.clock.now() + delay;
    entry.cancel = this.#options.schedule(delay, () => void this.#runIfDue(entry));
  }

  /** Runs a job, unless another node is running it or has run it within the interval. */
  async #runIfDue(entry: ScheduledJob): Promise<void> {
    const { clock, log } = this.#options;
    const { name, interval } = entry.job;
    try {
      const { isRunning, lastRun } = await callStore(() => this.#store.read(name));
      const dueAt = nextDueAt(lastRun, interval ?? 0) ?? 0;
      const delay = isRunning ? interval : dueAt - clock.now();
      if (delay !== null && delay > 0) this.#scheduleNext(entry, delay);
      else if (!this.#stopping.signal.aborted) await this.#start(entry);
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      if (!isConflict(error)) log.error({ err: error, job: name }, `${name} failed; will retry`);
      this.#scheduleNext(entry, interval);
    }
  }

  #start(entry: ScheduledJob): Promise<JobRun> {
    entry.running ??= this.#execute(entry).finally(() => {
      entry.running = null;
    });
    return entry.running;
  }

  async #execute(entry: ScheduledJob): Promise<JobRun> {
    const { name, interval } = entry.job;
    if (!(await callStore(() => this.#store.acquireLease(name, this.#holder, LEASE_DURATION)))) {
      throw new CoatcheckError(
        "CONFLICT",
        "Another node is running this job; try again when it has finished.",
      );
    }
    entry.cancel?.();
    entry.dueAt = null;
    const stopRenewal = this.#startRenewing(name);
    const run = await this.#runJob(entry.job).finally(stopRenewal);
    await this.#store.recordRun(name, this.#holder, run).catch((error) => {
      this.#options.log.error({ err: error, job: name }, `the run of ${name} cannot be stored`);
    });
    this.#scheduleNext(entry, interval);
    return run;
  }

  async #runJob(job: Job): Promise<JobRun> {
    const { clock, log } = this.#options;
    const began = performance.now();
    const started = { startedAt: clock.now(), node: this.node };
    const duration = () => Math.round(performance.now() - began);
    try {
      const result = await job.run(this.#stopping.signal);
      log.info({ job: job.name, ...result }, `${job.name} finished`);
      return { ...started, duration: duration(), result, error: null };
    } catch (error) {
      log.error({ err: error, job: job.name }, `${job.name} failed; will retry`);
      return { ...started, duration: duration(), result: null, error: messageOf(error) };
    }
  }

  /**
   * Renews the lease at an interval until the returned function is called. After a failed renewal, the next renewal may
   * still succeed before the lease expires.
   */
  #startRenewing(name: string): () => void {
    let cancel = () => {};
    const schedule = () => {
      cancel = this.#options.schedule(LEASE_DURATION / 3, () => {
        this.#store.acquireLease(name, this.#holder, LEASE_DURATION).catch(() => {});
        schedule();
      });
    };
    schedule();
    return () => cancel();
  }
}

function nextDueAt(lastRun: JobRun | null, interval: number): number | null {
  return lastRun && lastRun.startedAt + lastRun.duration + interval;
}

async function callStore<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (cause) {
    if (cause instanceof CoatcheckError) throw cause;
    throw new CoatcheckError(
      "STORE_UNAVAILABLE",
      "The database that stores the state of the jobs does not respond; try again later.",
      { cause },
    );
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof CoatcheckError && error.code === "CONFLICT";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
