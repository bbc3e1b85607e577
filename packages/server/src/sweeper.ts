import type { Schedule, SessionManager } from "coatcheck";
import type { FastifyBaseLogger } from "fastify";

const MINUTE = 60_000;
/** Milliseconds between two sweeps. */
const INTERVAL = 5 * MINUTE;
/** Milliseconds for which ended sessions stay readable, so that the admin can see why they ended. */
const RETENTION = 24 * 60 * MINUTE;
/** Rows per statement. Small enough that no writer waits long. */
const BATCH = 1000;

/** Deletes sessions past their retention, every five minutes. Several nodes may sweep at the same time. */
export class Sweeper {
  readonly #manager: SessionManager;
  readonly #schedule: Schedule;
  readonly #log: FastifyBaseLogger;
  #cancel: (() => void) | null = null;
  #sweeping: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(manager: SessionManager, schedule: Schedule, log: FastifyBaseLogger) {
    this.#manager = manager;
    this.#schedule = schedule;
    this.#log = log;
  }

  /** Schedules the next sweep. */
  start(): void {
    this.#cancel = this.#schedule(INTERVAL, () => {
      this.#sweeping = this.#sweep();
    });
  }

  /** Stops sweeping. Resolves when the current batch is done. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel?.();
    await this.#sweeping;
  }

  async #sweep(): Promise<void> {
    try {
      let total = 0;
      let deleted = BATCH;
      while (deleted === BATCH && !this.#isStopped) {
        deleted = await this.#manager.sweep(RETENTION, BATCH);
        total += deleted;
      }
      this.#log.info({ deleted: total }, "sweep finished");
    } catch (error) {
      this.#log.error({ err: error }, "sweep failed; will retry");
    }
    if (!this.#isStopped) this.start();
  }
}
