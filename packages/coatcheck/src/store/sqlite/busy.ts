import { setTimeout as pause } from "node:timers/promises";

/**
 * Delay between two attempts to get a lock, in milliseconds: three times the time for which one attempt may block the
 * event loop.
 */
const RETRY_DELAY = 15;

/** Whether `error` reports another process's lock: SQLITE_BUSY, SQLITE_LOCKED, or one of their extended codes. */
export function isBusy(error: unknown): boolean {
  const { errcode } = error as { errcode?: number };
  const primary = (errcode ?? 0) & 0xff;
  return primary === 5 || primary === 6;
}

/** Waits before the next attempt without blocking the event loop, so that the process with the lock can finish. */
export async function waitBeforeRetry(): Promise<void> {
  await pause(RETRY_DELAY);
}
