import type { Locks } from "./scope.ts";

/**
 * Runs `task` while it holds a lock, so that no other tab of this origin runs a task with the same lock name. Rejects
 * with the error that `task` throws. `waited` is true if another tab held the lock before; the task may then use that
 * tab's result.
 */
export type Exclusive = (task: (waited: boolean) => Promise<void>) => Promise<void>;

/**
 * Creates an {@link Exclusive} that uses the Web Lock `name`. Hold the lock for one request only: a page that holds a
 * lock cannot enter the back/forward cache.
 *
 * Without Web Locks, or if the holder does not release the lock within `patience` milliseconds (a frozen tab), the task
 * runs without the lock: two requests are better than none.
 */
export function createExclusive(locks: Locks | undefined, name: string, patience: number): Exclusive {
  return async (task) => {
    let started = false;
    const run = (waited: boolean) => {
      started = true;
      return task(waited);
    };
    try {
      await locks?.request(name, { ifAvailable: true }, (lock) =>
        lock ? run(false) : locks.request(name, { signal: AbortSignal.timeout(patience) }, () => run(true)),
      );
    } catch (error) {
      if (started) throw error;
    }
    if (!started) await run(false);
  };
}
