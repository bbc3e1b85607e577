import { type SessionManager, systemClock, systemSchedule } from "coatcheck";
import type { Logger } from "pino";
import { buildApp } from "./app.ts";
import type { Config } from "./config.ts";
import { type Job, Jobs } from "./jobs/jobs.ts";
import { reencryptJob } from "./jobs/reencrypt.ts";
import { openJobStore } from "./jobs/store/open.ts";
import { sweepJob } from "./jobs/sweep.ts";
import { visitJobs } from "./jobs/visit-jobs.ts";
import { listen } from "./listen.ts";
import { logNotice } from "./log-notice.ts";
import { openSessions } from "./open-sessions.ts";
import { type OpenVisits, openVisits } from "./visits/open-visits.ts";

const STORE_NAMES = { sqlite: "SQLite", postgres: "PostgreSQL", redis: "Redis", upstash: "Upstash" } as const;

/** A running service, which accepts requests. */
export interface RunningService {
  /** Base URL to open in a browser, such as `http://localhost:3000`. */
  readonly url: string;
  /** File that holds the generated admin token. Null if the environment sets the token. */
  readonly adminTokenFile: string | null;
  /** Stops accepting requests, finishes active requests, writes pending activity and closes the database. */
  stop(): Promise<void>;
}

/**
 * Starts the configured service. Resolves when it accepts requests.
 *
 * @throws StartError if the database, a secret file or the port is unavailable.
 */
export async function startService(config: Config, log: Logger): Promise<RunningService> {
  const { adminTokenFile, close, encrypted, ...sessions } = await openSessions(config, log);
  for (const notice of config.notices) log.info(notice);
  const { trustProxy, secureCookie, metrics, rateLimits } = config;
  const visits = config.visits && (await openVisits(config.visits, log));
  const encryptionJobs = encrypted ? [reencryptJob(encrypted)] : [];
  const jobs = new Jobs([...jobsOf(sessions.manager, visits, config), ...encryptionJobs], {
    clock: systemClock,
    schedule: systemSchedule,
    log,
    store: await openJobStore(config.database, logNotice(log)),
  });
  const app = await buildApp({
    jobs,
    ...sessions,
    ...(visits ? { visits } : {}),
    log,
    clock: systemClock,
    trustProxy,
    secureCookie,
    servesMetrics: metrics,
    rateLimits,
    installation: { store: STORE_NAMES[config.database.kind], shopUrl: config.shopUrl, adminTokenFile },
  });
  let url: string;
  try {
    url = await listen(app, config);
  } catch (error) {
    await jobs.stop();
    await visits?.close();
    await close();
    throw error;
  }
  jobs.start();
  return {
    url,
    adminTokenFile,
    async stop() {
      await app.close();
      await jobs.stop();
      await visits?.close();
      await close();
    },
  };
}

/**
 * Creates the jobs of the service. The sweep deletes sessions only after the events of their visits have been stored.
 */
function jobsOf(manager: SessionManager, visits: OpenVisits | null, config: Config): readonly Job[] {
  const { retention, sweepInterval } = config;
  const beforeSweep = visits ? { beforeSweep: () => visits.queue.flush() } : {};
  const sweep = sweepJob(manager, { retention, sweepInterval, ...beforeSweep });
  if (!visits?.maintenance) return [sweep];
  const options = { clock: systemClock, retention: config.visits?.retention ?? {} };
  return [sweep, ...visitJobs(visits.maintenance, options)];
}
