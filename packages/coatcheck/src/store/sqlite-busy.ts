import { setTimeout as pause } from "node:timers/promises";

/** Between two tries for a lock, milliseconds: three times as long as a try may hold this process up. */
const PAUSE = 15;

/** Whether `error` is SQLite's for another process's lock: SQLITE_BUSY or SQLITE_LOCKED, extended or not. */
export function isBusy(error: unknown): boolean {
  const { errcode } = error as { errcode?: number };
  const primary = (errcode ?? 0) & 0xff;
  return primary === 5 || primary === 6;
}

/** Lets the process that has the lock go on, and this one serve others. */
export async function untilNextTry(): Promise<void> {
  await pause(PAUSE);
}
