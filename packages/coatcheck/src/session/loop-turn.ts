import { setImmediate as nextTurn } from "node:timers/promises";

/** How long work may hold the event loop, in milliseconds. */
const MAX_TURN_DURATION = 5;

/** Splits long work into turns of the event loop, so that other requests run in between. */
export class LoopTurn {
  #began = performance.now();

  /** Whether the present turn has taken too long. If so, call {@link end} before the next step. */
  get isLong(): boolean {
    return performance.now() - this.#began > MAX_TURN_DURATION;
  }

  /** Waits for the next turn of the event loop. */
  async end(): Promise<void> {
    await nextTurn();
    this.#began = performance.now();
  }
}
