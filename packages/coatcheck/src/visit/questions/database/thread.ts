import { Worker } from "node:worker_threads";
import { type Statement, tooSlow } from "./read.ts";

/** The thread's reply to a statement: rows, or the message and code of SQLite's error. */
type Reply =
  | { readonly rows: Record<string, unknown>[] }
  | { readonly message: string; readonly errcode: number | undefined; readonly isTooSlow: boolean };

interface Waiting {
  resolve(rows: Record<string, unknown>[]): void;
  reject(error: unknown): void;
}

/**
 * The program of the thread. It is text, so that no bundler has to find a second file. Its connection is read-only.
 *
 * SQLite cannot be interrupted from another thread of Node. The queries call `within_budget()` while they scan, and
 * that function throws after the deadline, which ends the query.
 */
const PROGRAM = `
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
    throw new Error("past the deadline");
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

/** Milliseconds after the deadline after which a thread that has not responded is given up. */
const THREAD_GRACE = 100;
/** Milliseconds that a rollback may take. It has nothing to write. */
const ROLLBACK_TIME = 1000;

/**
 * A connection in a thread of its own, which runs one statement after the other. The thread starts with the first
 * statement, and again after a failure of the thread.
 */
export class QueryThread {
  readonly #path: string;
  #worker: Worker | null = null;
  #waiting: Waiting[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Runs a statement and returns its rows. The process stays alive until then.
   *
   * @param deadline - by `performance.now()`. The thread is replaced if it misses the deadline by {@link THREAD_GRACE}.
   * @throws CoatcheckError `VALIDATION_FAILED` past the deadline; else SQLite's error, or the error that ended the
   *   thread.
   */
  run({ sql, parameters }: Statement, deadline: number): Promise<Record<string, unknown>[]> {
    const budget = deadline - performance.now();
    if (budget <= 0) return Promise.reject(tooSlow());
    this.#worker ??= this.#start();
    const worker = this.#worker;
    worker.ref();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.stop(tooSlow()), budget + THREAD_GRACE);
      this.#waiting.push({
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

  /** Ends the transaction of a failed question, if the thread still has one. */
  async rollBack(): Promise<void> {
    if (this.#worker === null) return;
    await this.run({ sql: "ROLLBACK", parameters: [] }, performance.now() + ROLLBACK_TIME).catch(() => {});
  }

  /** Ends the thread: at once if it calls `within_budget()`, else after its statement. Rejects what waits for it. */
  async stop(error: unknown): Promise<void> {
    const worker = this.#worker;
    this.#fail(error);
    await worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(PROGRAM, {
      eval: true,
      execArgv: ["--no-warnings"],
      workerData: { path: this.#path },
    });
    worker.on("message", (reply: Reply) => {
      if (this.#worker !== worker) return;
      const waiting = this.#waiting.shift();
      if (this.#waiting.length === 0) worker.unref();
      if ("rows" in reply) waiting?.resolve(reply.rows);
      else if (reply.isTooSlow) waiting?.reject(tooSlow());
      else waiting?.reject(Object.assign(new Error(reply.message), { errcode: reply.errcode }));
    });
    worker.on("error", (error) => {
      if (this.#worker === worker) this.#fail(error);
    });
    worker.on("exit", () => {
      if (this.#worker === worker) this.#fail(new Error("The thread that reads visits has ended."));
    });
    return worker;
  }

  #fail(error: unknown): void {
    this.#worker = null;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
