import type { Schedule } from "./clock.ts";
import { touchThreshold } from "./policy.ts";
import type { SessionStore } from "./store.ts";

/** The longest delay before a touch is written, in milliseconds. */
const MAX_TOUCH_DELAY = 5_000;

/**
 * Collects touches (the latest activity of each session) in memory and writes them to the store in batches, so that a
 * request needs no write.
 */
export class TouchQueue {
  readonly #store: SessionStore;
  readonly #schedule: Schedule;
  readonly #onFailure: (error: unknown) => void;
  readonly #pending = new Map<string, number>();
  #cancelTimer: (() => void) | null = null;

  constructor(store: SessionStore, schedule: Schedule, onFailure: (error: unknown) => void) {
    this.#store = store;
    this.#schedule = schedule;
    this.#onFailure = onFailure;
  }

  /**
   * Queues a touch. The touch is written within 5 s, or within 5 % of the idle timeout if that is shorter.
   *
   * @param lastSeenAt epoch milliseconds.
   * @param idleTimeout milliseconds.
   */
  add(id: string, lastSeenAt: number, idleTimeout: number): void {
    this.#pending.set(id, lastSeenAt);
    this.#cancelTimer ??= this.#schedule(Math.min(MAX_TOUCH_DELAY, touchThreshold(idleTimeout)), () =>
      this.flush(),
    );
  }

  /** Returns the time of a session's queued touch, epoch milliseconds; 0 when none is queued. */
  queuedAt(id: string): number {
    return this.#pending.get(id) ?? 0;
  }

  /**
   * Writes the queued touches. A failed batch is reported and dropped: the next request of each session queues a new
   * touch.
   */
  async flush(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    if (this.#pending.size === 0) return;
    const touches = Array.from(this.#pending, ([id, lastSeenAt]) => ({ id, lastSeenAt }));
    try {
      await this.#store.touch(touches);
    } catch (error) {
      this.#onFailure(error);
    }
    // Remove the touches only after the write: a record that is read during the write does not contain them yet.
    for (const { id, lastSeenAt } of touches) {
      if (this.#pending.get(id) === lastSeenAt) this.#pending.delete(id);
    }
  }
}
