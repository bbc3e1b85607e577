/** The longest delay of a timer, in milliseconds. */
const MAX_DELAY = 2 ** 31 - 1;

/**
 * Keeps the process from exiting until the promise settles. The queue's timers do not: a process that stops would exit
 * between two batches.
 */
export async function keepProcessAlive<Result>(promise: Promise<Result>): Promise<Result> {
  const timer = setInterval(() => {}, MAX_DELAY);
  try {
    return await promise;
  } finally {
    clearInterval(timer);
  }
}
