/** A mutex: runs asynchronous actions one at a time, in the order of their calls. */
export class Mutex {
  #last: Promise<unknown> | null = null;

  /** Resolves when every action so far has ended; null when none is running. Never rejects. */
  get pending(): Promise<unknown> | null {
    return this.#last;
  }

  /** Runs `act` after the earlier actions have ended, whether they failed or not; synchronously when there are none. */
  async run<Value>(act: () => Promise<Value>): Promise<Value> {
    const turn = this.#last === null ? act() : this.#last.then(act);
    const ended = turn.then(ignore, ignore);
    this.#last = ended;
    try {
      return await turn;
    } finally {
      if (this.#last === ended) this.#last = null;
    }
  }
}

function ignore(): void {}
