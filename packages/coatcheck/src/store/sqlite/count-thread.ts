import { Worker } from "node:worker_threads";
import { createClosedError } from "./group-commit.ts";

/** The thread's reply: the row, or the message and code of SQLite's error. */
type ThreadReply =
  | { readonly row: Record<string, unknown> }
  | { readonly message: string; readonly errcode: number | undefined };

interface PendingCount {
  resolve(row: Record<string, unknown>): void;
  reject(error: unknown): void;
}

/**
 * The program of the thread. It is a string, because a bundler might not include a second file. Its connection is
 * read-only and waits for the locks of other processes.
 */
const THREAD_PROGRAM = `
const { parentPort, workerData } = require("node:worker_threads");
const { DatabaseSync } = require("node:sqlite");
let statement;
parentPort.on("message", (now) => {
  try {
    statement ??= new DatabaseSync(workerData.path, { readOnly: true, timeout: 2000 }).prepare(workerData.query);
    parentPort.postMessage({ row: { ...statement.get(now) } });
  } catch (error) {
    parentPort.postMessage({ message: error.message, errcode: error.errcode });
  }
});
`;

/** Runs one query in a separate thread. The first call starts the thread, and later calls reuse it. */
export class CountThread {
  readonly #workerData: { readonly path: string; readonly query: string };
  #worker: Worker | null = null;
  #pendingCounts: PendingCount[] = [];
  #isOpen = true;

  /** @param query - takes one parameter and returns one row. */
  constructor(path: string, query: string) {
    this.#workerData = { path, query };
  }

  /**
   * Runs the query and returns its row. The process stays alive until then.
   *
   * @throws CoatcheckError `STORE_UNAVAILABLE` after `close`; else SQLite's error, or the error that ended the thread.
   * The next call starts a new thread.
   */
  async count(now: number): Promise<Record<string, unknown>> {
    if (!this.#isOpen) throw createClosedError();
    this.#worker ??= this.#start();
    const worker = this.#worker;
    worker.ref();
    return await new Promise((resolve, reject) => {
      this.#pendingCounts.push({ resolve, reject });
      worker.postMessage(now);
    });
  }

  /** Ends the thread after the statement that it is running. Calls that wait are rejected. */
  async close(): Promise<void> {
    this.#isOpen = false;
    const worker = this.#worker;
    this.#rejectAll(createClosedError());
    await worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(THREAD_PROGRAM, {
      eval: true,
      execArgv: ["--no-warnings"],
      workerData: this.#workerData,
    });
    worker.on("message", (reply: ThreadReply) => {
      const waiting = this.#pendingCounts.shift();
      if ("row" in reply) waiting?.resolve(reply.row);
      else waiting?.reject(Object.assign(new Error(reply.message), { errcode: reply.errcode }));
      if (this.#pendingCounts.length === 0) worker.unref();
    });
    worker.on("error", (error) => {
      if (this.#worker === worker) this.#rejectAll(error);
    });
    worker.on("exit", () => {
      if (this.#worker === worker)
        this.#rejectAll(new Error("Cannot count the sessions: the thread that counts them has stopped."));
    });
    return worker;
  }

  #rejectAll(error: unknown): void {
    this.#worker = null;
    for (const { reject } of this.#pendingCounts.splice(0)) reject(error);
  }
}
