/**
 * A FIFO queue per session: tasks of one session run one at a time, in the order of their arrival; tasks of different
 * sessions run concurrently. An upstream that locks its session, such as PHP, handles the requests of one session one
 * at a time anyway. Without the queue, each waiting request would block one of the upstream's workers.
 */
export class SessionQueue {
  readonly #tails = new Map<string, Promise<void>>();

  /**
   * Runs `task` after all earlier tasks of the session have settled, whether they succeeded or failed.
   *
   * @throws the abort reason of `signal` when it aborts before the task starts. The task then never runs.
   */
  async run<T>(sessionId: string, signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    const previous = this.#tails.get(sessionId);
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const tail = previous ? previous.then(() => ended) : ended;
    this.#tails.set(sessionId, tail);
    void tail.then(() => {
      if (this.#tails.get(sessionId) === tail) this.#tails.delete(sessionId);
    });
    try {
      if (previous) await waitUnlessAborted(previous, signal);
      return await task();
    } finally {
      end();
    }
  }

  /** The number of sessions that have a running or waiting task. */
  get size(): number {
    return this.#tails.size;
  }
}

async function waitUnlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
