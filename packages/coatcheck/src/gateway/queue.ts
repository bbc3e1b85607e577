/**
 * One line per session: tasks of the same session run one after the other, in the order they came; those of
 * different sessions do not wait for each other. A backend that locks its session would serialise them anyway, with a
 * worker held up for each one waiting.
 */
export class SessionQueue {
  readonly #tails = new Map<string, Promise<void>>();

  /**
   * Runs `task` when all earlier ones of the session have ended, however they ended.
   *
   * @throws the reason of `signal`, when it aborts while the task is still waiting; the task then never runs.
   */
  async run<T>(sessionId: string, signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(sessionId);
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const tail = before ? before.then(() => ended) : ended;
    this.#tails.set(sessionId, tail);
    void tail.then(() => {
      if (this.#tails.get(sessionId) === tail) this.#tails.delete(sessionId);
    });
    try {
      if (before) await unlessAborted(before, signal);
      return await task();
    } finally {
      end();
    }
  }

  /** How many sessions have a task running or waiting. */
  get size(): number {
    return this.#tails.size;
  }
}

async function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
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
