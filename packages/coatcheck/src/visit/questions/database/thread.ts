import { Worker } from "node:worker_threads";
import { type Statement, timeBudgetError } from "./read.ts";

/** The thread's reply to a statement: rows, or the message and code of SQLite's error. */
type ThreadReply =
  | { readonly rows: Record<string, unknown>[] }
  | { readonly message: string; readonly errcode: number | undefined; readonly isTooSlow: boolean };

interface WaitingStatement {
  resolve(rows: Record<string, unknown>[]): void;
  reject(error: unknown): void;
}

/**
 * The program of the thread. It is a string, so that bundlers need no second file. Its connection is read-only.
 *
 * Node cannot interrupt SQLite from another thread. Therefore each query calls `within_budget()` while it scans rows.
 * After the deadline, `within_budget()` throws and thereby ends the query.
 */
const THREAD_PROGRAM = `
const { parentPort, workerData } = require("node:worker_threads");
const { DatabaseSync } = require("node:sqlite");
let database;
let deadline = Infinity;
let isTooSlow = false;
function open() {
  database = new DatabaseSync(workerData.path, { readOnly: true, timeout: 1000 });
  database.exec("PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536; PRAGMA mmap_size = 1073741824");
  database.function("within_budget", () => {
    if (performance.now() < deadline) return 1;
    isTooSlow = true;
    throw new Error("The query exceeded its deadline.");
  });
}
parentPort.on("message", ({ sql, parameters, budget }) => {
  isTooSlow = false;
  deadline = performance.now() + budget;
  try {
    if (!database) open();
    const statement = database.prepare(sql);
    parentPort.postMessage({ rows: statement.all(...parameters).map((row) => ({ ...row })) });
  } catch (error) {
    parentPort.postMessage({ message: error.message, errcode: error.errcode, isTooSlow });
  }
});
`;

/** A thread that has not responded this many milliseconds after the deadline is terminated. */
const THREAD_GRACE = 100;
/** Longest duration of a rollback, in milliseconds. There are no changes to undo. */
const ROLLBACK_TIME = 1000;

/**
 * A database connection in a separate thread, which runs one statement at a time. The thread starts with the first
 * statement, and again after it has failed.
 */
export class QueryThread {
  readonly #path: string;
  #worker: Worker | null = null;
  #waitingStatements: WaitingStatement[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Runs a statement and returns its rows. Keeps the process alive while the statement runs.
   *
   * @param deadline - by `performance.now()`. A thread that exceeds the deadline by {@link THREAD_GRACE} is replaced.
   * @throws CoatcheckError `VALIDATION_FAILED` after the deadline; otherwise SQLite's error or the error that ended the
   *   thread.
   */
  run({ sql, parameters }: Statement, deadline: number): Promise<Record<string, unknown>[]> {
    const budget = deadline - performance.now();
    if (budget <= 0) return Promise.reject(timeBudgetError());
    this.#worker ??= this.#start();
    const worker = this.#worker;
    worker.ref();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.stop(timeBudgetError()), budget + THREAD_GRACE);
      this.#waitingStatements.push({
        resolve(rows) {
          clearTimeout(timer);
          resolve(rows);
        },
        reject(error) {
          clearTimeout(timer);
          reject(error);
        },
      });
      worker.postMessage({ sql, parameters, budget });
    });
  }

  /** Rolls back the transaction of a failed question, if it is still open. */
  async rollBack(): Promise<void> {
    if (this.#worker === null) return;
    await this.run({ sql: "ROLLBACK", parameters: [] }, performance.now() + ROLLBACK_TIME).catch(() => {});
  }

  /**
   * Ends the thread: immediately if its query calls `within_budget()`, otherwise after its statement. Rejects the
   * waiting statements.
   */
  async stop(error: unknown): Promise<void> {
    const worker = this.#worker;
    this.#rejectAll(error);
    await worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(THREAD_PROGRAM, {
      eval: true,
      execArgv: ["--no-warnings"],
      workerData: { path: this.#path },
    });
    worker.on("message", (reply: ThreadReply) => {
      if (this.#worker !== worker) return;
      const waiting = this.#waitingStatements.shift();
      if (this.#waitingStatements.length === 0) worker.unref();
      if ("rows" in reply) waiting?.resolve(reply.rows);
      else if (reply.isTooSlow) waiting?.reject(timeBudgetError());
      else waiting?.reject(Object.assign(new Error(reply.message), { errcode: reply.errcode }));
    });
    worker.on("error", (error) => {
      if (this.#worker === worker) this.#rejectAll(error);
    });
    worker.on("exit", () => {
      if (this.#worker === worker) this.#rejectAll(new Error("The thread that reads visits has ended."));
    });
    return worker;
  }

  #rejectAll(error: unknown): void {
    this.#worker = null;
    for (const { reject } of this.#waitingStatements.splice(0)) reject(error);
  }
}
