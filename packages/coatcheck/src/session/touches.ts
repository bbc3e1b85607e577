import type { Schedule } from "./clock.ts";
import { touchThreshold } from "./policy.ts";
import type { SessionStore } from "./store.ts";

const LONGEST_WAIT = 5_000;

/** Collects activity and tells the store of it in batches: never a write per request. */
export class TouchQueue {
  readonly #store: SessionStore;
  readonly #schedule: Schedule;
  readonly #onFailure: (error: unknown) => void;
  readonly #waiting = new Map<string, number>();
  #cancel: (() => void) | null = null;

  constructor(store: SessionStore, schedule: Schedule, onFailure: (error: unknown) => void) {
    this.#store = store;
    this.#schedule = schedule;
    this.#onFailure = onFailure;
  }

  /** Records activity at `lastSeenAt`, to be written within five seconds, or sooner for a short idle timeout. */
  add(id: string, lastSeenAt: number, idleTimeout: number): void {
    this.#waiting.set(id, lastSeenAt);
    this.#cancel ??= this.#schedule(Math.min(LONGEST_WAIT, touchThreshold(idleTimeout)), () => this.flush());
  }

  /** Activity that the store has not been told of, epoch milliseconds; 0 when there is none. */
  waiting(id: string): number {
    return this.#waiting.get(id) ?? 0;
  }

  /** Writes what waits. A failure is reported and forgotten: the next request of a live session touches it again. */
  async flush(): Promise<void> {
    this.#cancel?.();
    this.#cancel = null;
    if (this.#waiting.size === 0) return;
    const touches = Array.from(this.#waiting, ([id, lastSeenAt]) => ({ id, lastSeenAt }));
    try {
      await this.#store.touch(touches);
    } catch (error) {
      this.#onFailure(error);
    }
    // Not before: what is read of the store meanwhile knows nothing of it yet.
    for (const { id, lastSeenAt } of touches) {
      if (this.#waiting.get(id) === lastSeenAt) this.#waiting.delete(id);
    }
  }
}
