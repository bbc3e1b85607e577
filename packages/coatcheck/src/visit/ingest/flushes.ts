interface PendingFlush {
  readonly target: number;
  resolve(): void;
  reject(error: unknown): void;
}

/** The pending calls of `flush`. */
export class Flushes {
  #waiting: PendingFlush[] = [];

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** @param target how many entries must have left the queue before the promise resolves. */
  add(target: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ target, resolve, reject });
    });
  }

  /** @param finished how many entries have left the queue. */
  resolveUpTo(finished: number): void {
    const done = this.#waiting.filter(({ target }) => target <= finished);
    this.#waiting = this.#waiting.filter(({ target }) => target > finished);
    for (const { resolve } of done) resolve();
  }

  rejectAll(error: unknown): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
