import type { Schedule, SessionManager } from "coatcheck";
import type { FastifyBaseLogger } from "fastify";

const MINUTE = 60_000;

/** Rows per statement. Small enough that no writer waits long. */
const SLICE = 1000;

/** Options of a {@link Sweeper}, in milliseconds. */
export interface SweepOptions {
  /** How long ended sessions stay readable, so that the admin can see why they ended. Default: 1 day. */
  readonly retention?: number;
  /** The time between the end of a sweep and the start of the next one. Default: 5 minutes. */
  readonly sweepInterval?: number;
}

/**
 * Deletes in slices until nothing is left to delete.
 *
 * @param deleteSlice deletes up to `limit` sessions and returns the number deleted.
 * @param proceed called after each slice with the total so far. Returns whether to continue.
 * @returns the number of deleted sessions.
 */
export async function sweepSlices(
  deleteSlice: (limit: number) => Promise<number>,
  proceed: (total: number) => boolean,
): Promise<number> {
  let total = 0;
  let deleted: number;
  do {
    deleted = await deleteSlice(SLICE);
    total += deleted;
  } while (proceed(total) && deleted === SLICE);
  return total;
}

/** Deletes sessions past their retention, on a schedule. Several nodes may sweep at the same time. */
export class Sweeper {
  readonly #manager: SessionManager;
  readonly #schedule: Schedule;
  readonly #log: FastifyBaseLogger;
  readonly #retention: number;
  readonly #interval: number;
  #cancel: (() => void) | null = null;
  #sweeping: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(
    manager: SessionManager,
    schedule: Schedule,
    log: FastifyBaseLogger,
    { retention = 24 * 60 * MINUTE, sweepInterval = 5 * MINUTE }: SweepOptions = {},
  ) {
    this.#manager = manager;
    this.#schedule = schedule;
    this.#log = log;
    this.#retention = retention;
    this.#interval = sweepInterval;
  }

  /** Schedules the next sweep. */
  start(): void {
    this.#cancel = this.#schedule(this.#interval, () => {
      this.#sweeping = this.#sweep();
    });
  }

  /** Stops sweeping. Resolves when the current slice is done. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel?.();
    await this.#sweeping;
  }

  async #sweep(): Promise<void> {
    try {
      const deleted = await sweepSlices(
        (limit) => this.#manager.sweep(this.#retention, limit),
        () => !this.#isStopped,
      );
      this.#log.info({ deleted }, "sweep finished");
    } catch (error) {
      this.#log.error({ err: error }, "sweep failed; will retry");
    }
    if (!this.#isStopped) this.start();
  }
}
