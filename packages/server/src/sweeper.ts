import type { Schedule, SessionManager } from "coatcheck";
import type { FastifyBaseLogger } from "fastify";

const MINUTE = 60_000;
/** How often. */
const EVERY = 5 * MINUTE;
/** How long what has ended is kept, for those who ask why, milliseconds. */
const RETENTION = 24 * 60 * MINUTE;
/** Rows in one statement, so that no writer waits long. */
const BATCH = 1000;

/** Deletes, every few minutes, what is past its retention. Safe on every node at once. */
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

  /** Sweeps from now on. */
  start(): void {
    this.#cancel = this.#schedule(EVERY, () => {
      this.#sweeping = this.#sweep();
    });
  }

  /** Sweeps no more; resolves when the batch under way is done. */
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
      this.#log.info({ deleted: total }, "swept");
    } catch (error) {
      this.#log.error({ err: error }, "could not sweep; will try again");
    }
    if (!this.#isStopped) this.start();
  }
}
