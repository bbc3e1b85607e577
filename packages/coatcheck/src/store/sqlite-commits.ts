import type { DatabaseSync, StatementSync } from "node:sqlite";
import { CoatcheckError, storeUnavailable } from "../session/errors.ts";
import { isBusy, untilNextTry } from "./sqlite-busy.ts";

interface Write {
  readonly run: () => void;
  readonly settle: () => void;
  readonly reject: (error: unknown) => void;
  /** When it gives up waiting for another process's lock, by `performance.now()`. */
  readonly until: number;
  /** Whether it was in a batch that failed: it may be the one, and is kept apart from the others. */
  isSuspect: boolean;
}

/** How many writes share a commit at most, so that no batch holds the event loop, or the file, for long. */
const MOST = 1000;

/**
 * Group commit: writes that wait anyway share one transaction and one fsync, and each is acknowledged after it.
 * A batch runs without a break, so no read of this process ever sees half of it. Another process's lock is waited for
 * up to `patience` milliseconds, without holding up the event loop.
 */
export class GroupCommit {
  readonly #database: DatabaseSync;
  readonly #patience: number;
  readonly #begin: StatementSync;
  readonly #end: StatementSync;
  #waiting: Write[] = [];
  #isUnderWay = false;

  constructor(database: DatabaseSync, patience: number) {
    this.#database = database;
    this.#patience = patience;
    this.#begin = database.prepare("BEGIN IMMEDIATE");
    this.#end = database.prepare("COMMIT");
  }

  /**
   * Runs `write` in the next transaction; resolves once that is on the disk. A write that throws takes only itself
   * back, not the others that share its transaction. It may run more than once; what stays is one run's effect.
   */
  run<Result>(write: () => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      let result: Result;
      this.#waiting.push({
        run: () => {
          result = write();
        },
        settle: () => resolve(result),
        reject: (error) => reject(storeUnavailable(error)),
        until: performance.now() + this.#patience,
        isSuspect: false,
      });
      if (this.#isUnderWay) return;
      this.#isUnderWay = true;
      // After this turn's callbacks, so that everything that arrived with it is in.
      setImmediate(() => this.#commitAll());
    });
  }

  /** Resolves once everything that was accepted before has been committed, or has failed. */
  async drain(): Promise<void> {
    if (this.#isUnderWay) await this.run(() => {}).catch(() => {});
  }

  async #commitAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      try {
        this.#begin.run();
      } catch (error) {
        this.#rejectWaiting(error);
        await untilNextTry();
        continue;
      }
      this.#commit(this.#waiting.splice(0, MOST));
    }
    this.#isUnderWay = false;
  }

  /** Those that wait for a lock may go on doing so until their time is up. */
  #rejectWaiting(error: unknown): void {
    const now = isBusy(error) ? performance.now() : Number.POSITIVE_INFINITY;
    const late = this.#waiting.filter(({ until }) => until <= now);
    this.#waiting = this.#waiting.filter(({ until }) => until > now);
    for (const write of late) write.reject(error);
  }

  #commit(batch: readonly Write[]): void {
    const failed = new Map<Write, unknown>();
    try {
      for (const write of batch) {
        if (write.isSuspect) this.#runApart(write, failed);
        else write.run();
      }
      this.#end.run();
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      this.#tryApart(batch, error);
      return;
    }
    for (const write of batch) {
      if (failed.has(write)) write.reject(failed.get(write));
      else write.settle();
    }
  }

  /** Savepoints cost as much as a write, so only those of a batch that failed get one, when it is tried again. */
  #tryApart(batch: readonly Write[], error: unknown): void {
    const fresh = batch.filter(({ isSuspect }) => !isSuspect);
    if (fresh.length === 0) {
      for (const write of batch) write.reject(error);
      return;
    }
    for (const write of fresh) write.isSuspect = true;
    this.#waiting.unshift(...batch);
  }

  #runApart(write: Write, failed: Map<Write, unknown>): void {
    this.#database.exec("SAVEPOINT one");
    try {
      write.run();
    } catch (error) {
      // A full disk or a failing one ends the whole transaction by itself.
      if (!this.#database.isTransaction) throw error;
      this.#database.exec("ROLLBACK TO one");
      failed.set(write, error);
    }
    this.#database.exec("RELEASE one");
  }
}

/** What every call says after `close`. */
export function closedStore(): CoatcheckError {
  return new CoatcheckError("STORE_UNAVAILABLE", "The session store has been closed.");
}
