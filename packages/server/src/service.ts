import { systemClock, systemSchedule } from "coatcheck";
import type { Logger } from "pino";
import { buildApp } from "./app.ts";
import type { Config } from "./config.ts";
import { listen } from "./listen.ts";
import { openSessions } from "./open-sessions.ts";
import { Sweeper } from "./sweeper.ts";

/** A service that answers. */
export interface RunningService {
  /** Where, as one would type it: `http://localhost:3000`. */
  readonly url: string;
  /** The file that the admin token was kept in; null where the environment gave it. */
  readonly adminTokenFile: string | null;
  /** Takes no more requests, finishes those under way, writes the activity that waits, closes the database. */
  stop(): Promise<void>;
}

/**
 * Starts the service as configured; resolves when it answers.
 *
 * @throws StartError when the database, the kept secrets or the port cannot be had.
 */
export async function startService(config: Config, log: Logger): Promise<RunningService> {
  const { adminTokenFile, close, ...sessions } = await openSessions(config, log);
  const { trustProxy, secureCookie, metrics } = config;
  const app = await buildApp({ ...sessions, log, clock: systemClock, trustProxy, secureCookie, metrics });
  const sweeper = new Sweeper(sessions.manager, systemSchedule, log);
  let url: string;
  try {
    url = await listen(app, config);
  } catch (error) {
    await close();
    throw error;
  }
  sweeper.start();
  return {
    url,
    adminTokenFile,
    async stop() {
      await app.close();
      await sweeper.stop();
      await close();
    },
  };
}
