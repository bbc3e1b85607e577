import { SessionManager, type SessionManagerOptions } from "../../src/session/manager.ts";
import { Session } from "../../src/session/session.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { FakeTime } from "../cache/fixtures.ts";

/** The options that make a manager use the fake time. */
export const managerTimeOptions = ({ clock, schedule }: FakeTime) => ({ clock, schedule });
/** The options that make a cache use the fake time. */
export const cacheTimeOptions = ({ clock, monotonic, schedule }: FakeTime) => ({
  clock,
  monotonic,
  schedule,
});

/** One hour, in milliseconds. */
export const HOUR = 3_600_000;
/** Milliseconds after which the next check has certainly run. Without a cache, sessions are checked every 500 ms. */
export const CHECK_INTERVAL = 600;

/**
 * Creates two managers with one store, like two nodes. Only `manager` has `options`, and `timers` counts its timers.
 */
export function createTwoNodes(options: Partial<SessionManagerOptions<object>> = {}, time = new FakeTime()) {
  const store = { ...memoryStore({ clock: time.clock }), reads: 0 };
  const get = store.get;
  store.get = (id) => {
    store.reads++;
    return get(id);
  };
  const common = { secrets: ["a secret for these tests"], clock: time.clock };
  const timers = { active: 0 };
  const schedule: typeof time.schedule = (delay, task) => {
    timers.active++;
    const cancel = time.schedule(delay, () => {
      timers.active--;
      task();
    });
    return () => {
      timers.active--;
      cancel();
    };
  };
  const manager = new SessionManager<object>({ ...common, store, schedule, ...options });
  const otherNode = new SessionManager<object>({ ...common, store, schedule: time.schedule });
  return { time, store, timers, manager, otherNode };
}

/** Opens the session of a token, without recording activity. */
export async function openSession(manager: SessionManager<object>, token: string): Promise<Session<object>> {
  const found = await manager.resume(token, "none");
  if (!(found instanceof Session)) throw new Error(`The token was refused: ${found.refusal}`);
  return found;
}

/** Returns the error code with which a signal was aborted, or null if it is not aborted. */
export const readAbortCode = (signal: AbortSignal): string | null =>
  signal.aborted ? signal.reason.code : null;
