import type { DatabaseSync, StatementSync } from "node:sqlite";
import { CoatcheckError, storeUnavailable } from "../session/errors.ts";

interface Write {
  readonly run: () => void;
  readonly settle: () => void;
  readonly reject: (error: unknown) => void;
}

/** How many writes share a commit at most, so that no batch holds the event loop, or the file, for long. */
const MOST = 1000;

/**
 * Group commit: writes that wait anyway share one transaction and one fsync, and each is acknowledged after it.
 * A batch runs without a break, so no read of this process ever sees half of it.
 */
export class GroupCommit {
  readonly #database: DatabaseSync;
  readonly #savepoint: StatementSync;
  readonly #release: StatementSync;
  #waiting: Write[] = [];
  #isScheduled = false;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#savepoint = database.prepare("SAVEPOINT one");
    this.#release = database.prepare("RELEASE one");
  }

  /**
   * Runs `write` in the next transaction; resolves once that is on the disk. A write that throws takes only itself
   * back, not the others that share its transaction.
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
      });
      if (this.#isScheduled) return;
      this.#isScheduled = true;
      // After this turn's callbacks, so that everything that arrived with it is in.
      setImmediate(() => this.flush());
    });
  }

  /** Commits everything that waits, now. */
  flush(): void {
    this.#isScheduled = false;
    while (this.#waiting.length > 0) this.#commit(this.#waiting.splice(0, MOST));
  }

  #commit(batch: readonly Write[]): void {
    const done: Write[] = [];
    const failed: [Write, unknown][] = [];
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      for (const write of batch) {
        this.#savepoint.run();
        try {
          write.run();
          done.push(write);
        } catch (error) {
          // A full disk or a failing one ends the whole transaction by itself.
          if (!this.#database.isTransaction) throw error;
          this.#database.exec("ROLLBACK TO one");
          failed.push([write, error]);
        }
        this.#release.run();
      }
      this.#database.exec("COMMIT");
    } catch (error) {
      if (this.#database.isOpen && this.#database.isTransaction) this.#database.exec("ROLLBACK");
      for (const write of batch) write.reject(error);
      return;
    }
    for (const write of done) write.settle();
    for (const [write, error] of failed) write.reject(error);
  }
}

/** What every call says after `close`. */
export function closedStore(): CoatcheckError {
  return new CoatcheckError("STORE_UNAVAILABLE", "The session store has been closed.");
}
