import { Writable } from "node:stream";
import { SessionManager } from "coatcheck";
import { createCache } from "coatcheck/cache";
import { describeClient } from "coatcheck/device";
import { memoryStore } from "coatcheck/store/memory";
import { type FakeClock, fakeClock } from "coatcheck/testing";
import { pino } from "pino";
import { type App, type AppOptions, buildApp } from "../src/app.ts";
import { Credentials } from "../src/credentials.ts";
import { ADMIN_TOKEN, API_KEYS } from "./fixtures.ts";

/** One log line. */
export interface LogLine {
  readonly level: number;
  readonly msg: string;
}

/** A service in this process on a memory store, with its clock and its log. It does not listen on a port. */
export interface ObservedApp {
  readonly app: App;
  readonly manager: SessionManager;
  readonly clock: FakeClock;
  readonly logged: readonly LogLine[];
  close(): Promise<void>;
}

/** Builds the service with these options. Default: the options for an empty environment. */
export async function buildObservedApp(options: Partial<AppOptions> = {}): Promise<ObservedApp> {
  const clock = fakeClock(Date.UTC(2026, 0, 1));
  const store = memoryStore({ clock });
  const cache = createCache({ store, singleProcess: true, clock });
  const manager = new SessionManager({ store, cache, clock, secrets: ["a secret for these tests"] });
  const logged: LogLine[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      logged.push(JSON.parse(String(chunk)));
      done();
    },
  });
  const app = await buildApp({
    manager,
    cache,
    credentials: new Credentials(ADMIN_TOKEN, [
      { name: "slack", key: API_KEYS.slack },
      { name: "shop", key: API_KEYS.shop },
    ]),
    log: pino(stream),
    clock,
    trustProxy: null,
    secureCookie: "by-host",
    describeClient,
    servesMetrics: true,
    ...options,
  });
  return {
    app,
    manager,
    clock,
    logged,
    async close() {
      await app.close();
      await manager.close();
    },
  };
}
