interface PendingFlush {
  readonly targetCount: number;
  resolve(): void;
  reject(error: unknown): void;
}

/** The pending calls of `flush`. */
export class PendingFlushes {
  #flushes: PendingFlush[] = [];

  get isEmpty(): boolean {
    return this.#flushes.length === 0;
  }

  /** @param target how many entries must have left the queue before the promise resolves. */
  add(target: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#flushes.push({ targetCount: target, resolve, reject });
    });
  }

  /** @param finished how many entries have left the queue. */
  resolveUpTo(finished: number): void {
    const done = this.#flushes.filter(({ targetCount }) => targetCount <= finished);
    this.#flushes = this.#flushes.filter(({ targetCount }) => targetCount > finished);
    for (const { resolve } of done) resolve();
  }

  rejectAll(error: unknown): void {
    for (const { reject } of this.#flushes.splice(0)) reject(error);
  }
}
