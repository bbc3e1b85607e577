import type { RandomSource } from "../../session/token.ts";

/** Milliseconds before the first retry of a failed write. It doubles with each failure. */
const FIRST_RETRY = 200;
/** The longest time between two attempts, in milliseconds. */
const MAX_RETRY = 10_000;

/** The time before the next attempt: half to all of a time that doubles, so that nodes do not retry at the same moment. */
export class RetryDelay {
  readonly #random: RandomSource;
  readonly #byte = new Uint8Array(1);
  #failures = 0;

  constructor(random: RandomSource) {
    this.#random = random;
  }

  /** Counts a failure. Returns milliseconds. */
  next(): number {
    const longest = Math.min(MAX_RETRY, FIRST_RETRY * 2 ** this.#failures);
    this.#failures++;
    this.#random(this.#byte);
    return Math.round((longest * (1 + (this.#byte[0] ?? 0) / 255)) / 2);
  }

  reset(): void {
    this.#failures = 0;
  }
}
