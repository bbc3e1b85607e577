import type { RandomSource } from "../../session/token.ts";

/** Milliseconds before the first retry of a failed write. It doubles with each failure. */
const FIRST_RETRY_DELAY = 200;
/** Longest time between two attempts, in milliseconds. */
const MAX_RETRY_DELAY = 10_000;

/**
 * Computes the delay before the next attempt. The delay doubles, and a random part of up to half of it is subtracted,
 * so that nodes do not retry at the same moment.
 */
export class RetryDelay {
  readonly #random: RandomSource;
  readonly #byte = new Uint8Array(1);
  #failures = 0;

  constructor(random: RandomSource) {
    this.#random = random;
  }

  /** Records a failure. Returns the delay in milliseconds. */
  next(): number {
    const longest = Math.min(MAX_RETRY_DELAY, FIRST_RETRY_DELAY * 2 ** this.#failures);
    this.#failures++;
    this.#random(this.#byte);
    return Math.round((longest * (1 + (this.#byte[0] ?? 0) / 255)) / 2);
  }

  reset(): void {
    this.#failures = 0;
  }
}
