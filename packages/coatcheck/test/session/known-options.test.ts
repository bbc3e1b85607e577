import { expect, it } from "vitest";
import { createCache } from "../../src/cache/cache.ts";
import { redisShared } from "../../src/cache/shared/redis.ts";
import { createUpstream } from "../../src/gateway/index.ts";
import { HttpSessions } from "../../src/http/http-sessions.ts";
import { SessionRoutes } from "../../src/http/routes/index.ts";
import { cookieSet } from "../../src/legacy/cookie-set.ts";
import { expressSession, ironSession, jwtCookie, migrate } from "../../src/legacy/index.ts";
import { SessionManager } from "../../src/session/manager.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { postgresHints, postgresStore } from "../../src/store/postgres/store.ts";
import { connectRedis, nodeRedisTransport, redisStore } from "../../src/store/redis/store.ts";
import { connectUpstash, upstashTransport } from "../../src/store/redis/upstash.ts";
import { sqliteStore } from "../../src/store/sqlite/store.ts";

/** Removes the parameter types of a function, so that the test can call it as JavaScript code can. */
const untyped = (call: unknown) => call as (...args: unknown[]) => unknown;

const secrets = ["a secret for these tests"];
const store = memoryStore();
const manager = new SessionManager({ store, secrets });
const { record } = await manager.create({ subject: "ada" });
const session = manager.begin();
const http = new HttpSessions(manager, {});
const request = { method: "GET", url: "/", address: undefined, encrypted: true, header: () => undefined };

const createManager = (options: object) =>
  Reflect.construct(SessionManager, [{ store, secrets, ...options }]);
const createHttp = (options: object) => Reflect.construct(HttpSessions, [manager, options]);
const createRoutes = (options: object) =>
  Reflect.construct(SessionRoutes, [manager, { authenticate: () => null, ...options }]);
const upstream = { baseUrl: "http://127.0.0.1:1", csrf: null, secrets };
const csrf = { path: "/", source: { json: "a" }, sendAs: { header: "a" } };
const jwt = { name: "sid", jwtVerify: () => {}, key: "k" };

/**
 * For each options object, a call with a misspelt option. `path` is the path of that option, `suggestion` its correct
 * name.
 */
const MISTAKES: readonly [path: string, suggestion: string, call: () => unknown][] = [
  ["polcy", "policy", () => createManager({ polcy: {} })],
  ["idleTimout", "idleTimeout", () => createManager({ policy: { idleTimout: 1 } })],
  [
    "rememberMe.idleTimeOut",
    "rememberMe.idleTimeout",
    () => createManager({ policy: { rememberMe: { idleTimeOut: 1, absoluteTimeout: 1 } } }),
  ],
  ["sessionLimit.maximum", "", () => createManager({ policy: { sessionLimit: { maximum: 1 } } })],
  ["onUnreadible", "onUnreadable", () => createManager({ data: { onUnreadible: "end" } })],
  ["subjct", "subject", () => untyped(manager.create.bind(manager))({ subjct: "ada" })],
  ["secret", "", () => untyped(manager.create.bind(manager))({ secret: "chosen" })],
  ["client.useragent", "client.userAgent", () => manager.create({ client: { useragent: "x" } as never })],
  ["subjct", "subject", () => untyped(manager.createDerived.bind(manager))("key", { subjct: "ada" })],
  ["rememberme", "rememberMe", () => manager.authenticate(record.id, "ada", { rememberme: true } as never)],
  ["rememberme", "rememberMe", () => session.authenticate("ada", { rememberme: true } as never)],
  ["ifversion", "ifVersion", () => manager.patch(record.id, {}, { ifversion: 1 } as never)],
  ["wiat", "wait", () => manager.revoke({ tenant: "x" }, "admin", { wiat: "everywhere" } as never)],
  ["subjct", "subject", () => manager.revoke({ subjct: "ada" } as never)],
  ["subjct", "subject", () => manager.list({ subjct: "ada" } as never, { limit: 1 })],
  ["curser", "cursor", () => manager.list({}, { limit: 1, curser: "x" } as never)],
  ["clok", "clock", () => untyped(memoryStore)({ clok: 1 })],
  ["busyTimout", "busyTimeout", () => untyped(sqliteStore)({ path: ":memory:", busyTimout: 1 })],
  ["connectionstring", "connectionString", () => untyped(postgresStore)({ connectionstring: "" })],
  ["connection", "", () => untyped(postgresHints)({ connection: "" })],
  ["prefx", "prefix", () => untyped(redisStore)({}, { prefx: "a" })],
  ["dedline", "deadline", () => untyped(nodeRedisTransport)({}, { dedline: 1 })],
  ["connectTimeOut", "connectTimeout", () => untyped(connectRedis)("redis://x", { connectTimeOut: 1 })],
  ["dedline", "deadline", () => untyped(upstashTransport)({}, { dedline: 1 })],
  ["tokn", "token", () => untyped(connectUpstash)({ url: "https://x", tokn: "" })],
  ["maxStalenes", "maxStaleness", () => createCache({ store, maxStalenes: 1 } as never)],
  ["local.maxEntrys", "local.maxEntries", () => createCache({ store, local: { maxEntrys: 1 } as never })],
  ["deadlines.stor", "deadlines.store", () => createCache({ store, deadlines: { stor: 1 } as never })],
  ["tll", "ttl", () => redisShared({} as never, { tll: 1 } as never)],
  ["trustproxy", "trustProxy", () => createHttp({ trustproxy: 1 })],
  ["resave", "", () => createHttp({ resave: false })],
  ["maxAge", "", () => createHttp({ cookie: { maxAge: 1 } })],
  ["csrf.trustedOrigin", "csrf.trustedOrigins", () => createHttp({ csrf: { trustedOrigin: [] } })],
  ["outage.degrade", "outage.degraded", () => createHttp({ outage: { degrade: {} } })],
  [
    "outage.degraded.maxage",
    "outage.degraded.maxAge",
    () => createHttp({ outage: { degraded: { maxage: 1 } } }),
  ],
  ["activty", "activity", () => http.open(request).load({ activty: "none" } as never)],
  ["authenticat", "authenticate", () => createRoutes({ authenticat: () => null })],
  ["recent", "", () => createRoutes({ recent: 1 })],
  ["events.checkinterval", "events.checkInterval", () => createRoutes({ events: { checkinterval: 1 } })],
  ["timeOut", "timeout", () => createUpstream({ ...upstream, timeOut: 1 } as never)],
  [
    "breaker.failure",
    "breaker.failures",
    () => createUpstream({ ...upstream, breaker: { failure: 1 } as never }),
  ],
  [
    "csrf.sendas",
    "csrf.sendAs",
    () => createUpstream({ ...upstream, csrf: { ...csrf, sendas: 1 } as never }),
  ],
  [
    "csrf.source.jsn",
    "csrf.source.json",
    () => createUpstream({ ...upstream, csrf: { ...csrf, source: { jsn: "a" } as never } }),
  ],
  [
    "boddy",
    "body",
    () => createUpstream(upstream).requestWithoutSession({ method: "GET", path: "/", boddy: 1 } as never),
  ],
  ["nam", "name", () => expressSession({ store: {}, secrets, nam: "x" } as never)],
  ["passwords", "password", () => ironSession({ passwords: [] } as never)],
  ["algorithm", "algorithms", () => jwtCookie({ ...jwt, algorithm: "HS256" } as never)],
  ["other", "others", () => cookieSet({ name: "x", other: [] } as never)],
  ["keeplegacy", "keepLegacy", () => migrate({ manager, readers: [], keeplegacy: true } as never)],
  [
    "clear.domain",
    "clear.domains",
    () => migrate({ manager, readers: [], validate: () => null, clear: { domain: "x" } as never }),
  ],
];

async function catchError(call: () => unknown): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    return error;
  }
}

for (const [path, suggestion, call] of MISTAKES) {
  const advice = suggestion ? `the suggestion ${suggestion}` : "a list of the known options";
  it(`the unknown option ${path} is refused with ${advice}`, async () => {
    const error = await catchError(call);
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ code: "VALIDATION_FAILED", faults: [{ path }] });
    const message = suggestion ? `"${path}"; did you mean "${suggestion}"?` : `"${path}"; the options are `;
    expect((error as Error).message).toContain(`: unknown option ${message}`);
  });
}

it("the error for an unknown option names the options object, the option and the most similar known option", async () => {
  expect(await catchError(() => createManager({ policy: { idleTimout: 1 } }))).toMatchObject({
    message: 'Invalid session policy: unknown option "idleTimout"; did you mean "idleTimeout"?',
  });
});

/**
 * For each type of option, a call with a value of another type. `path` is the path of that option, `requirement` says
 * what its value must be.
 */
const WRONG_TYPES: readonly [path: string, requirement: string, call: () => unknown][] = [
  ["secure", 'true or false (got "false")', () => createHttp({ cookie: { secure: "false" } })],
  ["secure", "true or false (got null)", () => createHttp({ cookie: { secure: null } })],
  ["serverTiming", 'true or false (got "false")', () => createHttp({ serverTiming: "false" })],
  [
    "singleProcess",
    'true or false (got "false")',
    () => createCache({ store, singleProcess: "false" } as never),
  ],
  ["persistentCookie", 'true or false (got "0")', () => createManager({ policy: { persistentCookie: "0" } })],
  [
    "rememberMe",
    'true or false (got "on")',
    () => session.authenticate("ada", { rememberMe: "on" } as never),
  ],
  ["rememberMe", 'true or false (got "on")', () => manager.create({ rememberMe: "on" } as never)],
  ["activity", 'a function (got "background")', () => createHttp({ activity: "background" })],
  ["newSession", "a function (got object)", () => createHttp({ newSession: { tenant: "acme" } })],
  ["onCommitFailure", 'a function (got "log")', () => createHttp({ onCommitFailure: "log" })],
  ["merge", "a function (got boolean)", () => createManager({ merge: true })],
  ["initial", "a function (got object)", () => createManager({ data: { initial: {} } })],
  ["dataVersion", "a function (got 3)", () => createCache({ store, dataVersion: 3 } as never)],
  ["version", 'a number (got "2")', () => createManager({ data: { version: "2" } })],
  ["maxStaleness", 'a number (got "2000")', () => createCache({ store, maxStaleness: "2000" } as never)],
  ["local.ttl", 'a number (got "10")', () => createCache({ store, local: { ttl: "10" } } as never)],
  ["ifVersion", 'a number (got "1")', () => manager.patch(record.id, {}, { ifVersion: "1" } as never)],
  [
    "deadlines.store",
    "a positive number of milliseconds (got -1)",
    () => createCache({ store, deadlines: { store: -1 } }),
  ],
  [
    "outage.degraded.maxAge",
    "a positive number of milliseconds (got NaN)",
    () => createHttp({ outage: { degraded: { maxAge: Number.NaN } } }),
  ],
  [
    "deadline",
    'a positive number of milliseconds (got "50")',
    () => untyped(nodeRedisTransport)({}, { deadline: "50" }),
  ],
  ["path", "a string (got undefined)", () => untyped(sqliteStore)({})],
];

for (const [path, requirement, call] of WRONG_TYPES) {
  it(`the option ${path} must be ${requirement}`, async () => {
    const error = await catchError(call);
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({
      code: "VALIDATION_FAILED",
      faults: [{ path, message: `must be ${requirement}` }],
    });
  });
}

it("an object without the required methods is rejected; if it is a promise, the error says to await it", async () => {
  const promise = Promise.resolve(store);
  const calls: [string, () => unknown][] = [
    [
      "store must be a session store (got a promise; await it first)",
      () => createManager({ store: promise }),
    ],
    [
      "store must be a session store (got a promise; await it first)",
      () => createCache({ store: promise } as never),
    ],
    ["store must be a session store (got undefined)", () => createCache({} as never)],
    ["cache must be a cache (got a promise; await it first)", () => createManager({ cache: promise })],
    [
      "shared must be a shared tier, from redisShared() (got object)",
      () => createCache({ store, shared: {} } as never),
    ],
    ["hints must be a channel of hints (got object)", () => createCache({ store, hints: {} } as never)],
    [
      "transport must be a transport, from connectRedis() (got a promise; await it first)",
      () => untyped(redisStore)(promise),
    ],
    [
      "transport must be a transport, from connectRedis() (got string)",
      () => untyped(redisShared)("redis://localhost:6379"),
    ],
    [
      "pool must be a pool, unless connectionString is a URL (got undefined)",
      () => untyped(postgresStore)({}),
    ],
    ["schema must be a Standard Schema (got undefined)", () => createManager({ data: { schema: {} } })],
    ["visits must be createVisits(…) (got boolean)", () => createHttp({ visits: true })],
    [
      'csrf.initPath must begin with "/" (got "session")',
      () => createHttp({ csrf: { initPath: "session" } }),
    ],
    ["Invalid Redis URL", () => untyped(connectRedis)(undefined)],
  ];
  for (const [message, call] of calls) {
    expect(await catchError(call)).toMatchObject({ message: expect.stringContaining(message) });
  }
});

it("an options argument that is not an object is rejected", async () => {
  const calls: (() => unknown)[] = [
    () => Reflect.construct(SessionManager, []),
    () => createManager({ policy: null }),
    () => createHttp([]),
    () => untyped(manager.create.bind(manager))("ada"),
    () => untyped(sqliteStore)(),
  ];
  for (const call of calls) {
    expect(await catchError(call)).toMatchObject({
      message: expect.stringMatching(/must be an object \(got /),
    });
  }
});

it("a misspelt value of an option with fixed values is rejected", async () => {
  const calls: [string, () => unknown][] = [
    ["csrf.token", () => createHttp({ csrf: { token: "require" } })],
    ["forwardingHeaders", () => createHttp({ forwardingHeaders: "x-forwarded-for" })],
    ["clearSiteData.0", () => createHttp({ clearSiteData: ["caches"] })],
    ["outage", () => createHttp({ outage: "degraded" })],
    ["outage", () => http.open(request).load({ outage: "open" as never })],
    ["activity", () => http.open(request).load({ activity: "backgroud" as never })],
    ["onUnreadable", () => createManager({ data: { onUnreadable: "delete" } })],
    ["wait", () => manager.revoke({ tenant: "x" }, "admin", { wait: "all" as never })],
    ["reason", () => manager.revoke({ tenant: "x" }, { wait: "everywhere" } as never)],
    [
      "reason",
      () =>
        session
          .revoke("logged out" as never)
          .then(() => manager.revoke({ tenant: "x" }, "logged out" as never)),
    ],
  ];
  for (const [path, call] of calls) {
    const error = await catchError(call);
    expect(error).toMatchObject({ faults: [{ path }] });
    expect((error as Error).message).toMatch(/must be one of .+ \(got /);
  }
});

it("a single value is rejected where a list is required", async () => {
  const calls: (() => unknown)[] = [
    () => Reflect.construct(SessionManager, [{ store, secrets: "a secret for these tests" }]),
    () => createUpstream({ ...upstream, secrets: "a secret for these tests" as never }),
    () => expressSession({ store: {} as never, secrets: "a secret" as never }),
    () => jwtCookie({ ...jwt, algorithms: "none" } as never),
    () => createHttp({ clearSiteData: "cache" }),
    () => createHttp({ csrf: { trustedOrigins: "https://pay.example" } }),
  ];
  for (const call of calls) {
    expect(await catchError(call)).toMatchObject({
      message: expect.stringMatching(/ must be a list, such as \[value\]/),
    });
  }
});
