import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readConfig, VARIABLES } from "../src/config.ts";
import { StartError } from "../src/start-error.ts";

const SECRET = "a-secret-that-is-long-enough";

const INVALID_VARIABLES: readonly (readonly [name: string, value: string, message: RegExp])[] = [
  ["HOST", "not a host", /an address or host name/],
  ["PORT", "eighty", /a whole number from 0 to 65535/],
  ["PORT", "70000", /a whole number from 0 to 65535/],
  ["DATABASE_URL", "mysql://localhost/x", /sqlite:<path of a file>, postgres:/],
  ["DATABASE_URL", "sqlite:", /sqlite:<path of a file>/],
  ["DATABASE_URL", "sqlite::memory:", /sqlite:<path of a file>/],
  ["DATABASE_URL", "upstash:x", /or upstash/],
  ["REDIS_URL", "localhost:6379", /redis:\/\//],
  ["UPSTASH_REDIS_REST_TOKEN", "two words", /without spaces/],
  ["UPSTASH_REDIS_REST_URL", "us1.upstash.io", /https:/],
  ["SESSION_SECRETS", "short", /secrets, newest first, with at least 16 characters/],
  ["SESSION_SECRETS", `${SECRET},short`, /secrets, newest first, with at least 16 characters/],
  ["SESSION_SECRETS", ",", /secrets, newest first, with at least 16 characters/],
  ["SESSION_DATA_SECRETS", "short", /secrets, newest first, with at least 16 characters/],
  ["SESSION_DATA_PLAINTEXT", "yes", /must be refuse or accept/],
  ["ADMIN_TOKEN", "short", /at least 16 ASCII characters/],
  ["ADMIN_TOKEN", "x".repeat(50), /not exactly 50/],
  ["ADMIN_TOKEN", `${SECRET} x`, /without spaces/],
  ["API_KEYS", "slack:short", /`key` or `name:key`/],
  ["API_KEYS", "x".repeat(50), /not exactly 50/],
  ["API_KEYS", `a b:${SECRET}`, /`key` or `name:key`/],
  ["API_KEYS", `slack:${SECRET},shop:${SECRET}`, /the same key twice/],
  ["API_KEYS", `admin:${SECRET}`, /`key` or `name:key`/],
  ["SESSION_IDLE_TIMEOUT_MS", "1h", /a whole number/],
  ["SESSION_ABSOLUTE_TIMEOUT_MS", "-1", /a whole number/],
  ["SESSION_CACHE_TTL", "0.5", /a whole number/],
  ["SESSION_MAX_AGE_MS", "1d", /a whole number/],
  ["SESSION_LIFETIME", "120 minutes", /a whole number from 1 to 525600/],
  ["SESSION_LIMIT", "0", /a whole number from 1 to 999/],
  ["SESSION_LIMIT_ACTION", "evict", /one of evict-oldest, evict-least-recently-used, reject/],
  ["SESSION_RETENTION_MS", "600000", /a whole number from 900000/],
  ["SESSION_SWEEP_INTERVAL_MS", "10", /a whole number from 1000/],
  ["LOCAL_CACHE_TTL_MS", "0", /a whole number from 1/],
  ["SHARED_CACHE_TTL_MS", "30m", /a whole number from 1000/],
  ["SESSION_RATE_LIMIT", "-1", /a whole number from 0/],
  ["ADDRESS_RATE_LIMIT", "many", /a whole number from 0/],
  ["REDIS_HOST", "redis://localhost", /an address or host name/],
  ["REDIS_PORT", "redis", /a port, such as 6379/],
  ["SHOP_URL", "localhost:3001", /http:/],
  ["VISITS_URL", "mysql://localhost/x", /sqlite:<path of a file>, postgres:/],
  ["VISITS_PRIVACY", "some", /one of full, exempt, cookieless/],
  ["VISITS_TIME_ZONE", "Mars/Olympus", /an IANA time zone/],
  ["VISITS_EVENT_DAYS", "6", /a whole number from 7/],
  ["VISITS_USER_AGENT_DAYS", "0", /a whole number from 1/],
  ["VISITS_ROLLUP_MONTHS", "2 years", /a whole number from 1 to 120/],
  ["VISITS_VISITOR_MONTHS", "-1", /a whole number from 1 to 120/],
  ["VISITS_EVENTS", "Quiz finished", /a comma-separated list of names/],
  ["SESSION_MAX_STALENESS_MS", "1", /a whole number from 100/],
  ["TRUST_PROXY", "everyone", /false, the number of proxies/],
  ["TRUST_PROXY", "true", /false, the number of proxies/],
  ["TRUST_PROXY", "10.0.0.0/64", /false, the number of proxies/],
  ["TRUST_PROXY", "0.0.0.0/0", /false, the number of proxies/],
  ["TRUST_PROXY", "::ffff:10.0.0.0/104", /false, the number of proxies/],
  ["COOKIE_SECURE", "perhaps", /true or false/],
  ["PRIVACY_MODE", "secret", /one of full, truncated, none/],
  ["GEOIP_DATABASE", "places.csv", /path of an \.mmdb file/],
  ["ENABLE_SESSION_METRICS", "yes", /true or false/],
  ["LOG_LEVEL", "loud", /one of trace/],
];

test.each(INVALID_VARIABLES)("readConfig rejects %s=%s", (name, value, message) => {
  const read = () => readConfig({ ...(name === "REDIS_PORT" && { REDIS_HOST: "localhost" }), [name]: value });
  expect(read).toThrow(StartError);
  expect(read).toThrow(message);
  expect(read).toThrow(new RegExp(`^${name} must`));
});

test("the README lists exactly the variables that readConfig reads", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const named = [...readme.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, name]) => name);
  expect(named.sort()).toEqual([...VARIABLES].sort());
  expect([...new Set(INVALID_VARIABLES.map(([name]) => name))].sort()).toEqual([...VARIABLES].sort());
});

test("readConfig rejects an admin token that is also an API key", () => {
  const read = () => readConfig({ ADMIN_TOKEN: SECRET, API_KEYS: `slack:${SECRET}` });
  expect(read).toThrow("ADMIN_TOKEN must not be one of the API_KEYS.");
});

test("readConfig reports all faults at once", () => {
  expect(() => readConfig({ PORT: "x", LOG_LEVEL: "y" })).toThrow(/^PORT .*\nLOG_LEVEL /);
});

test("readConfig treats an empty variable as absent", () => {
  expect(readConfig({ PORT: "", API_KEYS: " " })).toEqual(readConfig({}));
});

test("readConfig without variables returns the defaults", () => {
  expect(readConfig({})).toMatchObject({
    host: "127.0.0.1",
    port: 3000,
    database: { kind: "sqlite", path: "./data/coatcheck.db" },
    secrets: null,
    adminToken: null,
    apiKeys: [],
    idleTimeout: 86_400_000,
    retention: 86_400_000,
    sweepInterval: 300_000,
    sessionLimit: null,
    trustProxy: null,
    secureCookie: "by-host",
    privacyMode: "truncated",
    geoipDatabase: null,
    metrics: true,
  });
});

test("readConfig requires secrets and an admin token for a shared database", () => {
  const DATABASE_URL = "postgres://localhost/sessions";
  expect(() => readConfig({ DATABASE_URL })).toThrow(/^SESSION_SECRETS .*\nADMIN_TOKEN /);
  const config = readConfig({ DATABASE_URL, SESSION_SECRETS: SECRET, ADMIN_TOKEN: SECRET });
  expect(config.database).toEqual({ kind: "postgres", url: DATABASE_URL });
});

test("readConfig parses comma-separated lists", () => {
  const config = readConfig({
    API_KEYS: `slack:${SECRET}1, slack:${SECRET}2, ${SECRET}3`,
    SESSION_SECRETS: `${SECRET}2,${SECRET}1`,
    TRUST_PROXY: "10.0.0.0/8, ::1",
  });
  expect(config.apiKeys).toEqual([
    { name: "slack", key: `${SECRET}1` },
    { name: "slack", key: `${SECRET}2` },
    { name: null, key: `${SECRET}3` },
  ]);
  expect(config.secrets).toEqual([`${SECRET}2`, `${SECRET}1`]);
  expect(config.trustProxy).toEqual(["10.0.0.0/8", "::1"]);
});

test.each([
  [{}, "by-host"],
  [{ HOST: "localhost" }, "by-host"],
  [{ TRUST_PROXY: "false" }, "by-host"],
  [{ HOST: "0.0.0.0" }, true],
  [{ TRUST_PROXY: "1" }, true],
  [{ HOST: "0.0.0.0", COOKIE_SECURE: "false" }, false],
  [{ COOKIE_SECURE: "true" }, true],
])("readConfig with the variables %j returns secureCookie %j", (variables, secure) => {
  expect(readConfig(variables).secureCookie).toBe(secure);
});

test.each([
  [
    { SESSION_MAX_AGE_MS: "7200000" },
    7_200_000,
    ["SESSION_MAX_AGE_MS is read as the idle timeout in milliseconds"],
  ],
  [{ SESSION_LIFETIME: "120" }, 7_200_000, ["SESSION_LIFETIME is read as the idle timeout in minutes"]],
  [
    { SESSION_LIFETIME: "120", SESSION_IDLE_TIMEOUT_MS: "5000" },
    5000,
    ["SESSION_LIFETIME is ignored, because SESSION_IDLE_TIMEOUT_MS is set."],
  ],
  [
    { SESSION_LIFETIME: "120", SESSION_MAX_AGE_MS: "5000" },
    5000,
    ["SESSION_MAX_AGE_MS is read", "SESSION_LIFETIME is ignored, because SESSION_MAX_AGE_MS is set."],
  ],
])("readConfig with the variables %j returns an idle timeout of %d ms", (variables, idleTimeout, notices) => {
  const config = readConfig(variables);
  expect(config).toMatchObject({ idleTimeout, absoluteTimeout: 30 * 86_400_000 });
  expect(config.notices).toEqual(notices.map((notice) => expect.stringContaining(notice)));
});

test("readConfig shortens the default idle timeout to the absolute timeout, and rejects a longer idle timeout", () => {
  expect(readConfig({ SESSION_ABSOLUTE_TIMEOUT_MS: "3600000" }).idleTimeout).toBe(3_600_000);
  for (const name of ["SESSION_IDLE_TIMEOUT_MS", "SESSION_MAX_AGE_MS"])
    expect(() => readConfig({ SESSION_ABSOLUTE_TIMEOUT_MS: "3600000", [name]: "3600001" })).toThrow(
      "SESSION_IDLE_TIMEOUT_MS must be at most SESSION_ABSOLUTE_TIMEOUT_MS, 3600000 (got 3600001).",
    );
});

test("readConfig reads SESSION_CACHE_TTL as the lifetime of copies in Redis", () => {
  const config = readConfig({ SESSION_CACHE_TTL: "1800000" });
  expect(config).toMatchObject({ sharedCacheTtl: 1_800_000, localCacheTtl: null });
  expect(config.notices).toEqual([expect.stringContaining("SHARED_CACHE_TTL_MS")]);
  const own = { SESSION_CACHE_TTL: "1800000", SHARED_CACHE_TTL_MS: "60000", LOCAL_CACHE_TTL_MS: "500" };
  expect(readConfig(own)).toMatchObject({ sharedCacheTtl: 60_000, localCacheTtl: 500 });
});

test.each([
  [{ REDIS_HOST: "cache.internal" }, "redis://cache.internal:6379"],
  [{ REDIS_HOST: "::1", REDIS_PORT: "6380" }, "redis://[::1]:6380"],
  [{ REDIS_HOST: "redis", REDIS_PORT: "tcp://10.0.0.11:6381" }, "redis://redis:6381"],
  [{ REDIS_HOST: "redis", REDIS_URL: "redis://other:1" }, "redis://other:1"],
  // Kubernetes sets this variable if there is a service named redis.
  [{ REDIS_PORT: "tcp://10.0.0.11:6379" }, null],
])("readConfig with the variables %j returns the redisUrl %s", (variables, redisUrl) => {
  expect(readConfig(variables).redisUrl).toBe(redisUrl);
});

const UPSTASH = { UPSTASH_REDIS_REST_URL: "https://us1.upstash.io", UPSTASH_REDIS_REST_TOKEN: "a-token" };
const SHARED_CREDENTIALS = { SESSION_SECRETS: SECRET, ADMIN_TOKEN: `${SECRET}-of-the-admin` };

test("readConfig with both Upstash variables configures Upstash as the shared cache, unless REDIS_URL is set", () => {
  const upstash = { url: "https://us1.upstash.io", token: "a-token" };
  expect(readConfig(UPSTASH)).toMatchObject({ database: { kind: "sqlite" }, upstash });
  expect(readConfig({ ...UPSTASH, REDIS_URL: "redis://localhost" })).toMatchObject({ upstash: null });
});

test("readConfig with DATABASE_URL=upstash configures Upstash as the session store", () => {
  const config = readConfig({ ...UPSTASH, ...SHARED_CREDENTIALS, DATABASE_URL: "upstash" });
  expect(config.database).toEqual({ kind: "upstash", url: "https://us1.upstash.io", token: "a-token" });
  expect(config.upstash).toBeNull();
});

test("readConfig reports which Upstash variable is missing", () => {
  const { UPSTASH_REDIS_REST_URL, UPSTASH_REDIS_REST_TOKEN } = UPSTASH;
  expect(() => readConfig({ UPSTASH_REDIS_REST_URL })).toThrow(/UPSTASH_REDIS_REST_TOKEN must be set/);
  expect(() => readConfig({ UPSTASH_REDIS_REST_TOKEN })).toThrow(/UPSTASH_REDIS_REST_URL must be set/);
  expect(() => readConfig({ ...SHARED_CREDENTIALS, DATABASE_URL: "upstash" })).toThrow(
    /must be set with DATABASE_URL=upstash/,
  );
  expect(() => readConfig({ ...UPSTASH, DATABASE_URL: "upstash" })).toThrow(/SESSION_SECRETS must be set/);
});

test("readConfig configures the session database as the visit database too, unless VISITS_URL is set", () => {
  const postgres = { ...SHARED_CREDENTIALS, DATABASE_URL: "postgres://localhost/shop" };
  const redis = { ...SHARED_CREDENTIALS, DATABASE_URL: "redis://localhost" };
  expect(readConfig({}).visits?.database).toEqual({ kind: "sqlite", path: "./data/coatcheck-visits.db" });
  expect(readConfig(postgres).visits?.database).toEqual({
    kind: "postgres",
    url: "postgres://localhost/shop",
  });
  expect(readConfig(redis).visits?.database).toEqual({ kind: "sqlite", path: "./data/coatcheck-visits.db" });
  expect(readConfig({ VISITS_URL: "off" }).visits).toBeNull();
  expect(readConfig({ VISITS_EVENTS: "quiz_started, quiz_finished:key" }).visits?.events).toEqual([
    { name: "quiz_started", isKey: false },
    { name: "quiz_finished", isKey: true },
  ]);
});
