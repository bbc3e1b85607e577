import { Worker } from "node:worker_threads";
import { closedSinkError } from "../../sink-error.ts";
import type { Statement } from "../maintenance-sql.ts";

/** A task of the thread: recompute up to `limit` days, or run a query. */
export type ThreadTask = { readonly limit: number } | Statement;

/** The thread's reply: the result, or the message and code of SQLite's error. */
type ThreadReply =
  | { readonly result: unknown }
  | { readonly message: string; readonly errcode: number | undefined };

interface WaitingCall {
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** The database file, and how the thread uses it. */
export interface RollupThreadOptions {
  readonly path: string;
  readonly timeZone: string;
  /** How long to wait for another connection's write lock, in milliseconds. */
  readonly timeout: number;
}

/**
 * Recomputes rollups (precomputed statistics) in a separate thread. The thread starts with the first call and is
 * reused.
 */
export class RollupThread {
  readonly #options: RollupThreadOptions;
  #worker: Worker | null = null;
  #waitingCalls: WaitingCall[] = [];
  #isOpen = true;

  constructor(options: RollupThreadOptions) {
    this.#options = options;
  }

  /**
   * Recomputes up to `limit` days and returns their number. Keeps the process alive until then.
   *
   * @throws CoatcheckError `STORE_UNAVAILABLE` after `close`; otherwise SQLite's error or the error that ended the
   *   thread. The next call starts a new thread.
   */
  async recompute(limit: number): Promise<number> {
    return (await this.#run({ limit })) as number;
  }

  /** Runs a query that reads whole tables. Throws the same errors as {@link RollupThread.recompute}. */
  async query({ sql, parameters }: Statement): Promise<Record<string, unknown>[]> {
    return (await this.#run({ sql, parameters })) as Record<string, unknown>[];
  }

  async #run(task: ThreadTask): Promise<unknown> {
    if (!this.#isOpen) throw closedSinkError();
    this.#worker ??= this.#start();
    const worker = this.#worker;
    worker.ref();
    return await new Promise((resolve, reject) => {
      this.#waitingCalls.push({ resolve, reject });
      worker.postMessage(task);
    });
  }

  /** Ends the thread after its current statement. Rejects waiting calls. */
  async close(): Promise<void> {
    this.#isOpen = false;
    const worker = this.#worker;
    this.#rejectAll(closedSinkError());
    await worker?.terminate();
  }

  #start(): Worker {
    const file = import.meta.url.endsWith(".ts") ? "./rollup-worker.ts" : "./rollup-worker.js";
    const worker = new Worker(new URL(file, import.meta.url), {
      execArgv: ["--no-warnings"],
      workerData: this.#options,
    });
    worker.on("message", (reply: ThreadReply) => {
      const waiting = this.#waitingCalls.shift();
      if ("result" in reply) waiting?.resolve(reply.result);
      else waiting?.reject(Object.assign(new Error(reply.message), { errcode: reply.errcode }));
      if (this.#waitingCalls.length === 0) worker.unref();
    });
    worker.on("error", (error) => {
      if (this.#worker === worker) this.#rejectAll(error);
    });
    worker.on("exit", () => {
      if (this.#worker === worker)
        this.#rejectAll(new Error("The thread that recomputes rollups has ended."));
    });
    return worker;
  }

  #rejectAll(error: unknown): void {
    this.#worker = null;
    for (const { reject } of this.#waitingCalls.splice(0)) reject(error);
  }
}
