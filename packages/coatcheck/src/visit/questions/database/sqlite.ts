import type { RawBuilder } from "kysely";
import {
  closedDatabaseError,
  compile,
  type ReadDatabase,
  type Reader,
  timeBudgetError,
  unavailableError,
} from "./read.ts";
import { QueryThread } from "./thread.ts";

/** Number of questions that run at the same time. Others wait; the wait is part of their time budget. */
const THREAD_COUNT = 2;

interface WaitingQuestion {
  onThread(thread: QueryThread): void;
  onError(error: unknown): void;
}

/**
 * Reads a SQLite file in separate threads, so that no query blocks the event loop. Each question uses one read
 * transaction on one connection.
 */
export class SqliteReadDatabase implements ReadDatabase {
  readonly #threads: readonly QueryThread[];
  readonly #idleThreads: QueryThread[];
  readonly #waitingQuestions: WaitingQuestion[] = [];
  #isOpen = true;

  constructor(path: string) {
    this.#threads = Array.from({ length: THREAD_COUNT }, () => new QueryThread(path));
    this.#idleThreads = [...this.#threads];
  }

  async read<Answer>(deadline: number, work: (reader: Reader) => Promise<Answer>): Promise<Answer> {
    if (!this.#isOpen) throw closedDatabaseError();
    const thread = await this.#takeThread(deadline);
    const run = (sql: string) => thread.run({ sql, parameters: [] }, deadline);
    const reader: Reader = {
      dialect: "sqlite",
      async rows<Row>(query: RawBuilder<Row>) {
        return (await thread.run(compile("sqlite", query), deadline)) as Row[];
      },
    };
    try {
      await run("BEGIN");
      const answer = await work(reader);
      await run("COMMIT");
      return answer;
    } catch (error) {
      await thread.rollBack();
      throw unavailableError(error);
    } finally {
      this.#returnThread(thread);
    }
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    for (const { onError } of this.#waitingQuestions.splice(0)) onError(closedDatabaseError());
    await Promise.all(this.#threads.map((thread) => thread.stop(closedDatabaseError())));
  }

  #takeThread(deadline: number): Promise<QueryThread> {
    const idle = this.#idleThreads.pop();
    if (idle) return Promise.resolve(idle);
    return new Promise((resolve, reject) => {
      const waiting: WaitingQuestion = {
        onThread(thread) {
          clearTimeout(timer);
          resolve(thread);
        },
        onError(error) {
          clearTimeout(timer);
          reject(error);
        },
      };
      const timer = setTimeout(() => {
        this.#waitingQuestions.splice(this.#waitingQuestions.indexOf(waiting), 1);
        reject(timeBudgetError());
      }, deadline - performance.now());
      this.#waitingQuestions.push(waiting);
    });
  }

  #returnThread(thread: QueryThread): void {
    const next = this.#waitingQuestions.shift();
    if (next) next.onThread(thread);
    else this.#idleThreads.push(thread);
  }
}
