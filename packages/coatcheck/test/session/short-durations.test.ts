import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createCache } from "../../src/cache/index.ts";
import { redisShared } from "../../src/cache/shared/redis.ts";
import { defineContext } from "../../src/context/define-context.ts";
import { loader } from "../../src/context/loader.ts";
import { resolveUpstreamOptions } from "../../src/gateway/options.ts";
import { HttpSessions } from "../../src/http/http-sessions.ts";
import { SessionRoutes } from "../../src/http/routes/index.ts";
import { resolveJwtOptions } from "../../src/jwt/options.ts";
import { SessionManager } from "../../src/session/manager.ts";
import type { SessionPolicy } from "../../src/session/policy.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { nodeRedisTransport } from "../../src/store/redis/transport.ts";
import { upstashTransport } from "../../src/store/redis/upstash.ts";
import { sqliteStore } from "../../src/store/sqlite/store.ts";
import { readQueueOptions } from "../../src/visit/ingest/options.ts";
import { resolveOptions } from "../../src/visit/options.ts";
import { sqliteEvents } from "../../src/visit/sink/sqlite/sink.ts";

const warn = vi.spyOn(process, "emitWarning");
beforeEach(() => {
  warn.mockReset().mockImplementation(() => {});
  vi.stubEnv("NODE_ENV", "development");
});
afterEach(() => vi.unstubAllEnvs());

/** Lets incomplete options compile. The checks at run time accept them. */
const untyped = (value: unknown) => value as never;

const newManager = (policy: Partial<SessionPolicy> = {}) =>
  new SessionManager({ store: memoryStore(), secrets: ["a secret for these tests"], policy });
const http = (options: object) => new HttpSessions(newManager(), options);
const transport = untyped({ exec: () => null });
const createRoutes = (options: object) =>
  new SessionRoutes(newManager(), { authenticate: () => null, ...options });

/** Functions that pass a duration to one option. The key is the name of the option in the warning. */
const OPTIONS: Record<string, (duration: number) => unknown> = {
  "session policy: idleTimeout": (idleTimeout) => newManager({ idleTimeout }),
  "session policy: absoluteTimeout": (absoluteTimeout) => newManager({ absoluteTimeout }),
  "session policy: rotateEvery": (rotateEvery) => newManager({ rotateEvery }),
  "session policy: tokenOverlap": (tokenOverlap) => newManager({ tokenOverlap }),
  "session policy: rememberMe.idleTimeout": (idleTimeout) =>
    newManager({ rememberMe: { idleTimeout, absoluteTimeout: 3_600_000 } }),
  "session policy: rememberMe.absoluteTimeout": (absoluteTimeout) =>
    newManager({ rememberMe: { idleTimeout: absoluteTimeout, absoluteTimeout } }),
  "options of create(): idleTimeout": (idleTimeout) => newManager().create({ idleTimeout }),
  "options of create(): absoluteTimeout": (absoluteTimeout) => newManager().create({ absoluteTimeout }),
  "fields of a new session: idleTimeout": (idleTimeout) =>
    newManager()
      .begin(() => ({ idleTimeout }))
      .patch({}),
  "call of elevate(): maxAge": async (maxAge) => {
    const manager = newManager();
    const { record } = await manager.create({ subject: "ada" });
    await manager.elevate(record.id, "pay", maxAge);
  },
  "options of impersonate(): maxAge": async (maxAge) => {
    const session = newManager().begin();
    await session.authenticate("clerk");
    await session.impersonate("ada", { reason: "ticket 4711", maxAge });
  },
  "call of sweep(): retention": (retention) => newManager().sweep(retention),
  "options of coatcheck(): outage.degraded.maxAge": (maxAge) => http({ outage: { degraded: { maxAge } } }),
  "options of sessionRoutes(): recentAuthentication": (recentAuthentication) =>
    createRoutes({ recentAuthentication }),
  "options of sessionRoutes(): events.warnBefore": (warnBefore) => createRoutes({ events: { warnBefore } }),
  "options of sessionRoutes(): events.checkInterval": (checkInterval) =>
    createRoutes({ events: { checkInterval } }),
  "options of createJwts(): clockTolerance": (clockTolerance) =>
    resolveJwtOptions(untyped({ manager: newManager(), issuer: "a", audience: "b", clockTolerance })),
  "cache options: local.ttl": (ttl) => createCache({ store: memoryStore(), local: { ttl } }),
  "cache options: deadlines.shared": (shared) => createCache({ store: memoryStore(), deadlines: { shared } }),
  "cache options: deadlines.store": (store) => createCache({ store: memoryStore(), deadlines: { store } }),
  "options of redisShared(): ttl": (ttl) => redisShared(transport, { ttl }),
  "Redis transport options: deadline": (deadline) =>
    nodeRedisTransport(untyped({ on: () => undefined, options: {} }), { deadline }),
  "Upstash transport options: deadline": (deadline) => upstashTransport(transport, { deadline }),
  "SQLite store options: busyTimeout": (busyTimeout) =>
    sqliteStore({ path: ":memory:", busyTimeout }).close(),
  "options of sqliteEvents(): busyTimeout": (busyTimeout) =>
    sqliteEvents({ path: ":memory:", busyTimeout }).close(),
  "options of createEventQueue(): writeTimeout": (writeTimeout) =>
    readQueueOptions(untyped({ sink: { write: () => undefined }, writeTimeout })),
  "options of createVisits(): suspicion.window": (window) =>
    resolveOptions(untyped({ queue: { track: () => true }, privacy: "full", suspicion: { window } })),
  "upstream options: timeout": (timeout) =>
    resolveUpstreamOptions(untyped({ baseUrl: "http://localhost", csrf: null, timeout })),
};

it.each(Object.entries(OPTIONS))(
  "%s that is probably a number of seconds causes a warning",
  async (place, pass) => {
    await pass(9);
    expect(warn.mock.calls).toContainEqual([
      `Probable mistake in the ${place} is 9 milliseconds, which is very short. Durations are in milliseconds: for 9 seconds, write 9000.`,
      { code: "COATCHECK_SHORT_DURATION" },
    ]);
  },
);

it("a short duration of a JWT, a loader or the shared cache of a context causes a warning", () => {
  resolveJwtOptions(untyped({ manager: newManager(), issuer: "a", audience: "b", lifetime: 3600 }));
  loader(untyped({ reference: () => null, from: {}, load: () => null, ttl: 300, timeout: 2 }));
  defineContext(untyped({}), untyped({ cache: createCache({ store: memoryStore() }), sharedDeadline: 2 }));
  expect(warn.mock.calls.map(([message]) => String(message).split(", which")[0])).toEqual([
    "Probable mistake in the options of createJwts(): lifetime is 3600 milliseconds",
    "Probable mistake in the loader options: ttl is 300 milliseconds",
    "Probable mistake in the loader options: timeout is 2 milliseconds",
    "Probable mistake in the context options: sharedDeadline is 2 milliseconds",
  ]);
});

it("a short duration causes one warning per process, and none in production or in tests", () => {
  for (let round = 0; round < 2; round++) newManager({ rotateEvery: 3601 });
  expect(warn).toHaveBeenCalledTimes(1);
  for (const environment of ["production", "test"]) {
    vi.stubEnv("NODE_ENV", environment);
    newManager({ rotateEvery: 3602 });
  }
  expect(warn).toHaveBeenCalledTimes(1);
});

it("usual durations, 0 and Infinity cause no warning", async () => {
  newManager({ idleTimeout: 60_000, absoluteTimeout: 60_000, rotateEvery: null, tokenOverlap: 1000 });
  createCache({ store: memoryStore(), local: { ttl: 0 }, deadlines: { shared: 10, store: Infinity } });
  await newManager().sweep(0);
  await sqliteStore({ path: ":memory:", busyTimeout: 0 }).close();
  expect(warn).not.toHaveBeenCalled();
});
