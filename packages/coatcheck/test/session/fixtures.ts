import { SessionManager, type SessionManagerOptions } from "../../src/session/manager.ts";
import type { Refusal } from "../../src/session/resumer.ts";
import { Session } from "../../src/session/session.ts";
import type { SessionStore } from "../../src/session/store.ts";
import { memoryStore } from "../../src/store/memory.ts";

/** The type of the session data in these tests. */
export interface Data {
  theme?: string | null;
  views?: number;
  cart?: Record<string, number>;
  [name: string]: unknown;
}

/** Creates a manager with a memory store, and a clock and timers that the test controls. */
export function createFixture(options: Partial<SessionManagerOptions<Data>> = {}) {
  let time = Date.UTC(2026, 0, 1);
  const timers = new Set<() => unknown>();
  const store: SessionStore = options.store ?? memoryStore();
  const manager = new SessionManager<Data>({
    secrets: ["a secret for these tests"],
    clock: { now: () => time },
    schedule: (_delay, task) => {
      timers.add(task);
      return () => timers.delete(task);
    },
    ...options,
    store,
  });
  const emitted: string[] = [];
  for (const name of [
    "created",
    "authenticated",
    "elevated",
    "rotated",
    "revoked",
    "token-reuse",
    "failed",
  ] as const) {
    manager.events.on(name, () => emitted.push(name));
  }
  return {
    manager,
    store,
    /** The names of the events emitted so far. */
    emitted,
    now: () => time,
    advance: (milliseconds: number) => {
      time += milliseconds;
    },
    /** Runs every pending timer. */
    runTimers: async () => {
      const due = [...timers];
      timers.clear();
      await Promise.all(due.map((task) => task()));
    },
    /** Opens the session of a token. Throws if the token is refused. */
    open: async (token: string): Promise<Session<Data>> => {
      const found = await manager.resume(token);
      if (!(found instanceof Session)) throw new Error(`The token was refused: ${found.refusal}`);
      return found;
    },
    /** Returns the reason why a token is refused, or null if it is accepted. */
    findRefusal: async (token: string): Promise<Refusal["refusal"] | null> =>
      (await manager.resume(token)).refusal,
  };
}

/** Returns the code of the error with which a promise rejects, or null if it resolves. */
export async function catchErrorCode(promise: Promise<unknown>): Promise<string | null> {
  try {
    await promise;
    return null;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}
