/** Longest delay that Node's timers support, in milliseconds. */
const MAX_TIMER_DELAY = 2 ** 31 - 1;

/**
 * Prevents the process from exiting until the promise settles. The queue's timers are unreferenced, so a process that
 * shuts down would exit between two batches.
 */
export async function keepProcessAlive<Result>(promise: Promise<Result>): Promise<Result> {
  const timer = setInterval(() => {}, MAX_TIMER_DELAY);
  try {
    return await promise;
  } finally {
    clearInterval(timer);
  }
}
