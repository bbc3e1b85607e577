import type { Locks } from "./scope.ts";

/**
 * Runs `task` while no other tab of this origin runs one under the same name. `waited` says that another tab held the
 * lock before, so that its result may be adopted.
 *
 * The lock is held around one request only: a page that holds a lock cannot enter the back/forward cache. Without Web
 * Locks, or when the holder is frozen for longer than `patience` milliseconds, the task runs unguarded: two requests
 * instead of one. What `task` throws is the caller's.
 */
export async function exclusively(
  locks: Locks | undefined,
  name: string,
  patience: number,
  task: (waited: boolean) => Promise<void>,
): Promise<void> {
  let began = false;
  const run = (waited: boolean) => {
    began = true;
    return task(waited);
  };
  try {
    await locks?.request(name, { ifAvailable: true }, (lock) =>
      lock ? run(false) : locks.request(name, { signal: AbortSignal.timeout(patience) }, () => run(true)),
    );
  } catch (error) {
    if (began) throw error;
  }
  if (!began) await task(false);
}
