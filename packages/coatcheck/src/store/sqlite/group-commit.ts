import type { DatabaseSync, StatementSync } from "node:sqlite";
import { setImmediate as nextTurn } from "node:timers/promises";
import { CoatcheckError, storeUnavailableError } from "../../session/errors.ts";
import { isBusy, waitBeforeRetry } from "./busy.ts";

interface QueuedWrite {
  readonly run: () => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  /** When to stop waiting for another process's lock, by `performance.now()`. */
  readonly deadline: number;
  /** Whether a batch with this write has failed. The write may have been the cause, so it runs in its own savepoint. */
  needsSavepoint: boolean;
}

/** Maximum number of writes in one commit. */
const MAX_BATCH = 1000;

/**
 * Time after which a batch takes no further write, in milliseconds. The commit then takes about the same time, because
 * each row changes pages of several indexes.
 */
const MAX_BATCH_TIME = 6;

/**
 * Group commit: concurrent writes share one transaction and one fsync. Each write is acknowledged after the commit.
 *
 * A batch runs synchronously, so no read of this process returns half of its writes. Between two batches, other tasks
 * run. A write that would take longer than a few milliseconds must be divided by its caller. The queue waits up to
 * `timeout` milliseconds for another process's lock, without blocking the event loop.
 */
export class GroupCommit {
  readonly #database: DatabaseSync;
  readonly #timeout: number;
  readonly #begin: StatementSync;
  readonly #end: StatementSync;
  #queue: QueuedWrite[] = [];
  #isRunning = false;

  constructor(database: DatabaseSync, timeout: number) {
    this.#database = database;
    this.#timeout = timeout;
    this.#begin = database.prepare("BEGIN IMMEDIATE");
    this.#end = database.prepare("COMMIT");
  }

  /**
   * Runs `write` in the next transaction and resolves once the transaction is on the disk. If a write throws, only that
   * write is rolled back; the other writes of the transaction are committed. `write` may be called more than once, but
   * only one call takes effect.
   *
   * @throws CoatcheckError `STORE_UNAVAILABLE` with the error of `write` or of SQLite as `cause`.
   */
  run<Result>(write: () => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      let result: Result;
      this.#queue.push({
        run: () => {
          result = write();
        },
        resolve: () => resolve(result),
        reject: (error) => reject(storeUnavailableError(error)),
        deadline: performance.now() + this.#timeout,
        needsSavepoint: false,
      });
      if (this.#isRunning) return;
      this.#isRunning = true;
      // Wait for the other callbacks of this turn, so that their writes join the batch.
      setImmediate(() => this.#commitAll());
    });
  }

  /** Resolves once every write that was queued before has been committed or has failed. */
  async drain(): Promise<void> {
    if (this.#isRunning) await this.run(() => {}).catch(() => {});
  }

  async #commitAll(): Promise<void> {
    while (this.#queue.length > 0) {
      try {
        this.#begin.run();
      } catch (error) {
        this.#rejectExpired(error);
        await waitBeforeRetry();
        continue;
      }
      this.#commitBatch();
      await nextTurn();
    }
    this.#isRunning = false;
  }

  /**
   * Rejects queued writes after BEGIN has failed. If another process has the lock, rejects only the writes past their
   * deadline. After any other error, rejects all queued writes.
   */
  #rejectExpired(error: unknown): void {
    const now = isBusy(error) ? performance.now() : Number.POSITIVE_INFINITY;
    const expired = this.#queue.filter(({ deadline }) => deadline <= now);
    this.#queue = this.#queue.filter(({ deadline }) => deadline > now);
    for (const write of expired) write.reject(error);
  }

  /** Runs queued writes until one of the limits is reached, and commits them. */
  #commitBatch(): void {
    const batch: QueuedWrite[] = [];
    const failed = new Map<QueuedWrite, unknown>();
    const endsAt = performance.now() + MAX_BATCH_TIME;
    try {
      do {
        const write = this.#queue[batch.length];
        if (write === undefined) break;
        batch.push(write);
        if (write.needsSavepoint) this.#runInSavepoint(write, failed);
        else write.run();
      } while (batch.length < MAX_BATCH && performance.now() < endsAt);
      this.#end.run();
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      this.#retryWithSavepoints(batch, error);
      return;
    }
    this.#queue.splice(0, batch.length);
    for (const write of batch) {
      if (failed.has(write)) write.reject(failed.get(write));
      else write.resolve();
    }
  }

  /**
   * Leaves a failed batch in the queue. The next attempt runs each of its writes in a savepoint. The first attempt uses
   * none, because a savepoint takes as long as a write. Rejects the batch if its writes already had savepoints.
   */
  #retryWithSavepoints(batch: readonly QueuedWrite[], error: unknown): void {
    const untried = batch.filter(({ needsSavepoint }) => !needsSavepoint);
    for (const write of untried) write.needsSavepoint = true;
    if (untried.length > 0) return;
    this.#queue.splice(0, batch.length);
    for (const write of batch) write.reject(error);
  }

  #runInSavepoint(write: QueuedWrite, failed: Map<QueuedWrite, unknown>): void {
    this.#database.exec("SAVEPOINT single_write");
    try {
      write.run();
    } catch (error) {
      // After an I/O error or on a full disk, SQLite has rolled back the whole transaction.
      if (!this.#database.isTransaction) throw error;
      this.#database.exec("ROLLBACK TO single_write");
      failed.set(write, error);
    }
    this.#database.exec("RELEASE single_write");
  }
}

/** Creates the error that every call throws after `close`. */
export function createClosedError(): CoatcheckError {
  return new CoatcheckError("STORE_UNAVAILABLE", "The session store is closed.");
}
