import type { Clock, Schedule } from "coatcheck";
import type { FastifyBaseLogger } from "fastify";

/** The result of a job: numbers by name, such as `{ deleted: 12 }`. */
export type JobResult = Readonly<Record<string, number>>;

/** Work that the service does on its own. Several nodes may run the same job at once. */
export interface Job {
  readonly name: string;
  readonly description: string;
  /** Milliseconds from the end of a run to the next one. Null: only on request. */
  readonly interval: number | null;
  /**
   * Does the work in short steps.
   *
   * @param signal aborts when the service stops. The job then ends after its current step.
   */
  run(signal: AbortSignal): Promise<JobResult>;
  /** Counts what a run would do, and does nothing. */
  dryRun?(): Promise<JobResult>;
}

/** A finished run. */
export interface JobRun {
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** Milliseconds. */
  readonly duration: number;
  /** Null if the run failed. */
  readonly result: JobResult | null;
  readonly error: string | null;
}

/** A job and its last run in this process. */
export interface JobStatus extends Pick<Job, "name" | "description" | "interval"> {
  readonly isRunning: boolean;
  /** Null before the first run has ended. */
  readonly lastRun: JobRun | null;
  /** Epoch milliseconds; null for a job that runs only on request, and during a run. */
  readonly nextRunAt: number | null;
}

/** Options of {@link Jobs}. */
export interface JobsOptions {
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly log: FastifyBaseLogger;
}

interface Entry {
  readonly job: Job;
  running: Promise<JobRun> | null;
  lastRun: JobRun | null;
  nextRunAt: number | null;
  cancel: (() => void) | null;
}

/** Runs jobs on a schedule and on request. A job never runs twice at once in one process. */
export class Jobs {
  readonly #entries: readonly Entry[];
  readonly #options: JobsOptions;
  readonly #stopping = new AbortController();

  constructor(jobs: readonly Job[], options: JobsOptions) {
    this.#entries = jobs.map((job) => ({ job, running: null, lastRun: null, nextRunAt: null, cancel: null }));
    this.#options = options;
  }

  /** Schedules the next run of each job. */
  start(): void {
    for (const entry of this.#entries) this.#scheduleNext(entry);
  }

  /** Stops all jobs. Resolves when their current steps are done. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const { cancel } of this.#entries) cancel?.();
    await Promise.all(this.#entries.map(({ running }) => running));
  }

  /** The jobs and their last runs in this process. */
  status(): readonly JobStatus[] {
    return this.#entries.map(({ job: { name, description, interval }, running, lastRun, nextRunAt }) => ({
      name,
      description,
      interval,
      isRunning: running !== null,
      lastRun,
      nextRunAt,
    }));
  }

  /** Runs a job now, or joins the run in progress. Returns null if there is no such job. */
  async run(name: string): Promise<JobRun | null> {
    const entry = this.#entries.find(({ job }) => job.name === name);
    return entry ? await this.#start(entry) : null;
  }

  /** Counts what a run would do. Returns null if there is no such job, or if it has no dry run. */
  async dryRun(name: string): Promise<JobResult | null> {
    const entry = this.#entries.find(({ job }) => job.name === name);
    return (await entry?.job.dryRun?.()) ?? null;
  }

  #scheduleNext(entry: Entry): void {
    const { interval } = entry.job;
    if (interval === null || this.#stopping.signal.aborted) return;
    entry.nextRunAt = this.#options.clock.now() + interval;
    entry.cancel = this.#options.schedule(interval, () => void this.#start(entry));
  }

  #start(entry: Entry): Promise<JobRun> {
    entry.running ??= this.#execute(entry);
    return entry.running;
  }

  async #execute(entry: Entry): Promise<JobRun> {
    const { clock, log } = this.#options;
    const { name } = entry.job;
    entry.cancel?.();
    entry.nextRunAt = null;
    const startedAt = clock.now();
    const began = performance.now();
    const finished = { startedAt, result: null, error: null };
    const duration = () => Math.round(performance.now() - began);
    try {
      const result = await entry.job.run(this.#stopping.signal);
      log.info({ job: name, ...result }, `${name} finished`);
      entry.lastRun = { ...finished, duration: duration(), result };
    } catch (error) {
      log.error({ err: error, job: name }, `${name} failed; will retry`);
      entry.lastRun = { ...finished, duration: duration(), error: messageOf(error) };
    }
    entry.running = null;
    this.#scheduleNext(entry);
    return entry.lastRun;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
