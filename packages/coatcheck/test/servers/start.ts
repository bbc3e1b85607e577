import { setTimeout as pause } from "node:timers/promises";
import type { SupervisedProcess } from "./supervise.ts";

/** A server that responds. */
export interface RunningServer extends SupervisedProcess {
  readonly url: string;
}

/** How carefully a server stores what it acknowledges. */
export interface Durability {
  /**
   * Whether it waits for the disk. Default: true. Without it, a killed server loses nothing, because the operating system
   * has what the server wrote; a machine that loses power does. Tests that share a server kill no machine.
   */
  readonly fsync?: boolean;
}

interface Attempt {
  readonly server: SupervisedProcess;
  readonly url: string;
  ping(url: string): Promise<void>;
}

const PATIENCE = 15_000;
const MAX_ATTEMPTS = 3;

/** Starts a server and waits until it responds. Retries, because another process may take its port first. */
export async function startServer(name: string, attempt: () => Promise<Attempt>): Promise<RunningServer> {
  for (let round = 0; round < MAX_ATTEMPTS; round++) {
    const { server, url, ping } = await attempt();
    if (await answers(server, () => ping(url))) return { ...server, url };
    await server.stop();
  }
  throw new Error(`${name} did not start; its output is above.`);
}

async function answers(server: SupervisedProcess, ping: () => Promise<void>): Promise<boolean> {
  let ended = false;
  void server.ended.then(() => {
    ended = true;
  });
  const giveUpAt = performance.now() + PATIENCE;
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
