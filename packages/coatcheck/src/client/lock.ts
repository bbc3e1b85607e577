import type { Locks } from "./scope.ts";

/**
 * Runs `task` while it holds a lock, so that no other tab of this origin runs a task with the same lock name. Rejects
 * with the error that `task` throws. `waited` is true if the task had to wait for a task of another tab; it may then
 * use that tab's result.
 */
export type RunAlone = (task: (waited: boolean) => Promise<void>) => Promise<void>;

/**
 * Creates a {@link RunAlone} that uses the Web Lock `name`. Hold the lock for one request only: a page that holds a
 * lock cannot enter the back/forward cache.
 *
 * The task runs without a lock if the browser has no Web Locks. It also runs without the lock if another tab, such as a
 * frozen one, holds it for more than `patience` milliseconds: two requests are better than none.
 */
export function createExclusiveRunner(locks: Locks | undefined, name: string, patience: number): RunAlone {
  return async (task) => {
    let running: Promise<void> | undefined;
    const run = (waited: boolean) => {
      running = task(waited);
      return running;
    };
    await locks
      ?.request(name, { ifAvailable: true }, (lock) =>
        lock ? run(false) : locks.request(name, { signal: AbortSignal.timeout(patience) }, () => run(true)),
      )
      // A lock that was refused has not started the task. If the task failed, its promise below rejects.
      .catch(() => {});
    return running ?? run(false);
  };
}
