import { SessionManager, type SessionManagerOptions } from "../../src/session/manager.ts";
import type { Refusal } from "../../src/session/resumer.ts";
import { Session } from "../../src/session/session.ts";
import type { SessionStore } from "../../src/session/store.ts";
import { memoryStore } from "../../src/store/memory.ts";

/** Data of the application in these tests. */
export interface Data {
  theme?: string | null;
  views?: number;
  cart?: Record<string, number>;
  [name: string]: unknown;
}

/** A manager on a memory store, whose time and timers the test moves. */
export function harness(options: Partial<SessionManagerOptions<Data>> = {}) {
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
  const told: string[] = [];
  for (const name of [
    "created",
    "authenticated",
    "elevated",
    "rotated",
    "revoked",
    "theft",
    "failed",
  ] as const) {
    manager.events.on(name, () => told.push(name));
  }
  return {
    manager,
    store,
    /** Names of the events so far. */
    told,
    now: () => time,
    pass: (milliseconds: number) => {
      time += milliseconds;
    },
    /** Runs every timer that is set. */
    fire: async () => {
      const due = [...timers];
      timers.clear();
      await Promise.all(due.map((task) => task()));
    },
    /** The session that a token opens; fails the test when it opens none. */
    open: async (token: string): Promise<Session<Data>> => {
      const found = await manager.resume(token);
      if (!(found instanceof Session)) throw new Error(`The token was refused: ${found.refusal}`);
      return found;
    },
    /** Why a token opens nothing; null when it does. */
    refusal: async (token: string): Promise<Refusal["refusal"] | null> =>
      (await manager.resume(token)).refusal,
  };
}

/** What a promise was rejected with, as far as a caller may rely on it. */
export async function codeOf(promise: Promise<unknown>): Promise<string | null> {
  try {
    await promise;
    return null;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}
