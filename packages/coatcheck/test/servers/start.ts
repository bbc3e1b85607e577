import { setTimeout as pause } from "node:timers/promises";
import type { SupervisedProcess } from "./supervise.ts";

/** A server that responds. */
export interface RunningServer extends SupervisedProcess {
  readonly url: string;
}

/** Whether an acknowledged write survives a power failure. */
export interface Durability {
  /**
   * Whether the server waits for the disk before it acknowledges a write. Default: true. If false, a power failure can
   * lose writes, but killing the server cannot, because the operating system has already received them. That is enough
   * for tests that share a server.
   */
  readonly fsync?: boolean;
}

interface StartAttempt {
  readonly server: SupervisedProcess;
  readonly url: string;
  ping(url: string): Promise<void>;
}

const START_TIMEOUT = 15_000;
const MAX_ATTEMPTS = 3;

/** Starts a server and waits until it responds. Tries again if it does not, because another process may have taken the
 * server's port. */
export async function startServer(
  name: string,
  attempt: () => Promise<StartAttempt>,
): Promise<RunningServer> {
  for (let round = 0; round < MAX_ATTEMPTS; round++) {
    const { server, url, ping } = await attempt();
    if (await waitUntilResponding(server, () => ping(url))) return { ...server, url };
    await server.stop();
  }
  throw new Error(`${name} did not start; its output is above.`);
}

async function waitUntilResponding(server: SupervisedProcess, ping: () => Promise<void>): Promise<boolean> {
  let ended = false;
  void server.ended.then(() => {
    ended = true;
  });
  const giveUpAt = performance.now() + START_TIMEOUT;
  while (!ended && performance.now() < giveUpAt) {
    try {
      await ping();
      return true;
    } catch {
      await pause(20);
    }
  }
  return false;
}
