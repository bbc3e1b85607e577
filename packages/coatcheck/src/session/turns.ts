/** Lets what is asked for at once happen one after the other. */
export class Turns {
  #last: Promise<unknown> | null = null;

  /** The last that was asked for, while it or one before it is under way. Never rejects. */
  get underWay(): Promise<unknown> | null {
    return this.#last;
  }

  /** Runs `act` when all before it are done, however they ended; at once when there are none. */
  async take<Value>(act: () => Promise<Value>): Promise<Value> {
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
