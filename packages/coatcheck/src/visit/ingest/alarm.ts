import type { Schedule } from "../../session/clock.ts";

/** A timer for one task. */
export class Alarm {
  readonly #schedule: Schedule;
  readonly #task: () => void;
  #cancelTimer: (() => void) | null = null;
  #delay = 0;

  constructor(schedule: Schedule, task: () => void) {
    this.#schedule = schedule;
    this.#task = task;
  }

  /**
   * Runs the task after `delay` milliseconds. If the timer is already set with the same or a shorter delay, does
   * nothing.
   */
  runWithin(delay: number): void {
    if (this.#cancelTimer && this.#delay <= delay) return;
    this.cancel();
    this.#delay = delay;
    this.#cancelTimer = this.#schedule(delay, () => {
      this.#cancelTimer = null;
      this.#task();
    });
  }

  cancel(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }
}
