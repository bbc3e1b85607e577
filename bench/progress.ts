/** Milliseconds between two progress lines. */
const PROGRESS_INTERVAL = 10_000;

/** Prints the progress of one long step to stderr every few seconds. */
export class Progress {
  readonly #step: string;
  readonly #total: number;
  readonly #startedAt = performance.now();
  #printedAt = this.#startedAt;

  constructor(step: string, total: number) {
    this.#step = step;
    this.#total = total;
  }

  report(done: number): void {
    const now = performance.now();
    if (now - this.#printedAt < PROGRESS_INTERVAL) return;
    this.#printedAt = now;
    const perSecond = Math.round((done / (now - this.#startedAt)) * 1000);
    const percent = Math.floor((done / this.#total) * 100);
    console.error(`    ${this.#step}: ${percent} % (${perSecond.toLocaleString("en")}/s)`);
  }
}
