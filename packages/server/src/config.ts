import type { AddressPrivacy } from "coatcheck/device";
import { ClientAddress } from "coatcheck/http";
import { z } from "zod";
import { type DataEncryptionConfig, encryptionConfigOf, encryptionVariables } from "./data-encryption.ts";
import {
  type Database,
  databaseOf,
  databaseVariable,
  type Upstash,
  upstashOf,
  upstashVariables,
} from "./database-variable.ts";
import type { SecureCookie, TrustedProxies } from "./proxy-options.ts";
import { DEFAULT_LIMITS, type RequestLimits } from "./rate-limiter.ts";
import { listOf, MIN_SECRET_LENGTH, secretList } from "./secret-list.ts";
import { limitActionVariable, sessionLimitOf } from "./session-limit.ts";
import { StartError } from "./start-error.ts";
import { noticesOf, redisUrlOf } from "./variable-names.ts";
import { type VisitsConfig, visitsConfigOf, visitsVariables } from "./visits/variables.ts";
import { wholeNumber } from "./whole-number.ts";

/**
 * An API key. A session belongs to the name of the key that created it. Several keys may have the same name, so that a
 * new key can replace an old one without losing its sessions.
 */
export interface ApiKey {
  /** Null if the variable contains only the key. The service then uses the key's fingerprint as the name. */
  readonly name: string | null;
  readonly key: string;
}

/** The service's configuration, as read from environment variables. Times are milliseconds. */
export interface Config {
  readonly host: string;
  readonly port: number;
  readonly database: Database;
  readonly redisUrl: string | null;
  /** The Upstash database for the shared cache, used instead of `redisUrl`. Null: Upstash is not used for the cache. */
  readonly upstash: Upstash | null;
  /** The secrets that sign tokens, newest first. Null: a secret is generated and stored next to the database. */
  readonly secrets: readonly string[] | null;
  /** Encryption of the stored session data. Null: the data is stored as readable JSON. */
  readonly encryption: DataEncryptionConfig | null;
  /** The admin token. Null: a token is generated and stored next to the database. */
  readonly adminToken: string | null;
  readonly apiKeys: readonly ApiKey[];
  readonly idleTimeout: number;
  readonly absoluteTimeout: number;
  /** Milliseconds for which ended sessions stay readable. */
  readonly retention: number;
  readonly sweepInterval: number;
  /** Maximum number of live sessions per subject. Null: no limit. */
  readonly sessionLimit: ReturnType<typeof sessionLimitOf>;
  /** Null: the cache's default. */
  readonly localCacheTtl: number | null;
  /** Null: the cache's default. */
  readonly sharedCacheTtl: number | null;
  readonly maxStaleness: number;
  /**
   * The trusted proxies. Null: not configured, so no proxy is trusted, and the first request through a proxy logs a
   * warning.
   */
  readonly trustProxy: TrustedProxies;
  readonly secureCookie: SecureCookie;
  readonly rateLimits: RequestLimits;
  /** How much of the client's address a session stores. */
  readonly privacyMode: AddressPrivacy;
  /** Path of an `.mmdb` file that maps addresses to locations. Null: no locations. */
  readonly geoipDatabase: string | null;
  /** Whether to serve `/metrics`. */
  readonly metrics: boolean;
  readonly logLevel: string;
  /** The visit tracking. Null: no visits are collected. */
  readonly visits: VisitsConfig | null;
  /** URL of the shop that uses the service, for a link on the landing page. Null: no shop. */
  readonly shopUrl: string | null;
  /** Notices about the variables, one sentence each. The service logs them at the start. */
  readonly notices: readonly string[];
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const YEAR = 365 * DAY;
/**
 * Length of a session token, in characters. No key may have this length, because the service distinguishes tokens from
 * keys in the Authorization header by their length.
 */
export const TOKEN_LENGTH = 50;
const KEY_FORMAT = `at least ${MIN_SECRET_LENGTH} ASCII characters without spaces, but not exactly ${TOKEN_LENGTH}`;
const PRIVACY_MODES = ["full", "truncated", "none"] as const satisfies AddressPrivacy[];
const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

const apiKeys = z
  .string()
  .transform((text) => listOf(text).map(apiKeyOf))
  .refine(
    (keys) => keys.every(({ name, key }) => isKey(key) && (name === null || isConsumerName(name))),
    `must be a comma-separated list of \`key\` or \`name:key\`; a key has ${KEY_FORMAT}; a name consists of letters, digits, - and _, and is not "admin"`,
  );

function isKey(text: string): boolean {
  return text.length >= MIN_SECRET_LENGTH && text.length !== TOKEN_LENGTH && /^[\x21-\x7e]+$/.test(text);
}

function apiKeyOf(entry: string): ApiKey {
  const colon = entry.indexOf(":");
  return colon === -1
    ? { name: null, key: entry }
    : { name: entry.slice(0, colon), key: entry.slice(colon + 1) };
}

/**
 * Returns whether a name is valid for an API key. Rejects `admin`, because the service stores `consumer:admin` as the
 * owner of the sessions that the admin creates.
 */
function isConsumerName(name: string): boolean {
  return /^[\w-]{1,64}$/.test(name) && name !== "admin";
}

const trustProxy = z.string().transform((text, context): TrustedProxies => {
  if (text === "false") return false;
  if (/^\d{1,2}$/.test(text)) return Number(text) || false;
  const entries = listOf(text);
  if (entries.length > 0 && areProxies(entries)) return entries;
  context.addIssue(
    "must be false, the number of proxies, or a comma-separated list of their addresses and CIDR ranges, such as 10.0.0.0/8",
  );
  return z.NEVER;
});

function areProxies(entries: readonly string[]): boolean {
  try {
    new ClientAddress(entries);
    return true;
  } catch {
    return false;
  }
}

const trueOrFalse = z.enum(["true", "false"], "must be true or false").transform((text) => text === "true");

const environment = z.object({
  HOST: z
    .string()
    .regex(/^[\w.:-]+$/, "must be an address or host name to listen on, such as 0.0.0.0")
    .default("127.0.0.1"),
  PORT: wholeNumber(0, 65_535, 3000).default(3000),
  DATABASE_URL: databaseVariable.default({ kind: "sqlite", path: "./data/coatcheck.db" }),
  REDIS_URL: z
    .string()
    .refine((text) => /^rediss?:\/\//.test(text) && URL.canParse(text), "must be redis://… or rediss://…")
    .nullable()
    .default(null),
  ...upstashVariables,
  SESSION_SECRETS: secretList.nullable().default(null),
  ...encryptionVariables,
  ADMIN_TOKEN: z.string().refine(isKey, `must have ${KEY_FORMAT}`).nullable().default(null),
  API_KEYS: apiKeys.default([]),
  REDIS_HOST: z
    .string()
    .regex(/^[\w.:-]+$/, "must be an address or host name, such as localhost")
    .nullable()
    .default(null),
  REDIS_PORT: z
    .string()
    // Kubernetes and Docker links set this variable to a URL.
    .regex(/^(tcp:\/\/.+:)?\d{1,5}$/, "must be a port, such as 6379")
    .default("6379"),
  SESSION_IDLE_TIMEOUT_MS: wholeNumber(1000, YEAR, DAY).nullable().default(null),
  SESSION_MAX_AGE_MS: wholeNumber(1000, YEAR, DAY).nullable().default(null),
  SESSION_LIFETIME: wholeNumber(1, YEAR / MINUTE, 120)
    .nullable()
    .default(null),
  SESSION_ABSOLUTE_TIMEOUT_MS: wholeNumber(1000, YEAR, 30 * DAY).default(30 * DAY),
  // At least 15 minutes: caches read the revocation log of the last ten minutes, and a sweep deletes log items after
  // the retention.
  SESSION_RETENTION_MS: wholeNumber(15 * MINUTE, YEAR, DAY).default(DAY),
  SESSION_SWEEP_INTERVAL_MS: wholeNumber(1000, DAY, 5 * MINUTE).default(5 * MINUTE),
  SESSION_LIMIT: wholeNumber(1, 999, 5).nullable().default(null),
  SESSION_LIMIT_ACTION: limitActionVariable.default("evict-oldest"),
  LOCAL_CACHE_TTL_MS: wholeNumber(1, DAY, 30_000).nullable().default(null),
  SHARED_CACHE_TTL_MS: wholeNumber(1000, DAY, 30 * MINUTE)
    .nullable()
    .default(null),
  SESSION_CACHE_TTL: wholeNumber(1000, DAY, 30 * MINUTE)
    .nullable()
    .default(null),
  SESSION_MAX_STALENESS_MS: wholeNumber(100, 60_000, 2000).default(2000),
  SESSION_RATE_LIMIT: wholeNumber(0, 1_000_000, DEFAULT_LIMITS.session).default(DEFAULT_LIMITS.session),
  ADDRESS_RATE_LIMIT: wholeNumber(0, 1_000_000, DEFAULT_LIMITS.address).default(DEFAULT_LIMITS.address),
  TRUST_PROXY: trustProxy.default(null),
  COOKIE_SECURE: trueOrFalse.nullable().default(null),
  PRIVACY_MODE: z.enum(PRIVACY_MODES, `must be one of ${PRIVACY_MODES.join(", ")}`).default("truncated"),
  GEOIP_DATABASE: z
    .string()
    .regex(/\.mmdb$/, "must be the path of an .mmdb file")
    .nullable()
    .default(null),
  ENABLE_SESSION_METRICS: trueOrFalse.default(true),
  LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(", ")}`).default("info"),
  ...visitsVariables,
  SHOP_URL: z
    .string()
    .refine((text) => /^https?:\/\//.test(text) && URL.canParse(text), "must be http://… or https://…")
    .nullable()
    .default(null),
});

/** The names of all environment variables that the service reads. */
export const VARIABLES: readonly string[] = Object.keys(environment.shape);

/**
 * Reads the configuration from environment variables. Empty variables are ignored.
 *
 * @throws StartError with one line per invalid variable. Each line describes the valid values.
 */
export function readConfig(variables: Readonly<Record<string, string | undefined>>): Config {
  const isSet = (name: string) => (variables[name] ?? "").trim() !== "";
  // Ignore REDIS_PORT without REDIS_HOST, because orchestrators set REDIS_PORT for other services.
  const present = VARIABLES.filter((name) => isSet(name) && (name !== "REDIS_PORT" || isSet("REDIS_HOST")));
  const result = environment.safeParse(Object.fromEntries(present.map((name) => [name, variables[name]])));
  if (!result.success) {
    throw new StartError(result.error.issues.map(({ path, message }) => `${path.join(".")} ${message}.`));
  }
  const { data } = result;
  requireDistinctKeys(data);
  requireTimeoutOrder(data);
  const upstash = upstashOf(data);
  const database = databaseOf(data.DATABASE_URL, upstash);
  if (database.kind !== "sqlite") requireConfiguredSecrets(data);
  const redisUrl = data.REDIS_URL ?? redisUrlOf(data);
  return {
    host: data.HOST,
    port: data.PORT,
    database,
    redisUrl,
    upstash: redisUrl === null && database.kind !== "upstash" ? upstash : null,
    secrets: data.SESSION_SECRETS,
    encryption: encryptionConfigOf(data),
    adminToken: data.ADMIN_TOKEN,
    apiKeys: data.API_KEYS,
    idleTimeout: idleTimeoutOf(data),
    absoluteTimeout: data.SESSION_ABSOLUTE_TIMEOUT_MS,
    retention: data.SESSION_RETENTION_MS,
    sweepInterval: data.SESSION_SWEEP_INTERVAL_MS,
    sessionLimit: sessionLimitOf(data),
    localCacheTtl: data.LOCAL_CACHE_TTL_MS,
    sharedCacheTtl: data.SHARED_CACHE_TTL_MS ?? data.SESSION_CACHE_TTL,
    maxStaleness: data.SESSION_MAX_STALENESS_MS,
    trustProxy: data.TRUST_PROXY,
    secureCookie: data.COOKIE_SECURE ?? (isLoopback(data.HOST) && !data.TRUST_PROXY ? "by-host" : true),
    rateLimits: { session: data.SESSION_RATE_LIMIT, address: data.ADDRESS_RATE_LIMIT },
    privacyMode: data.PRIVACY_MODE,
    geoipDatabase: data.GEOIP_DATABASE,
    metrics: data.ENABLE_SESSION_METRICS,
    logLevel: data.LOG_LEVEL,
    visits: visitsConfigOf(data, database),
    shopUrl: data.SHOP_URL,
    notices: noticesOf(present),
  };
}

function idleTimeoutOf(data: z.output<typeof environment>): number {
  const { SESSION_IDLE_TIMEOUT_MS, SESSION_MAX_AGE_MS, SESSION_LIFETIME } = data;
  const lifetime = SESSION_LIFETIME === null ? null : SESSION_LIFETIME * MINUTE;
  const given = SESSION_IDLE_TIMEOUT_MS ?? SESSION_MAX_AGE_MS ?? lifetime;
  return given ?? Math.min(DAY, data.SESSION_ABSOLUTE_TIMEOUT_MS);
}

/** Rejects an idle timeout that never applies, because the absolute timeout ends every session first. */
function requireTimeoutOrder(data: z.output<typeof environment>): void {
  if (idleTimeoutOf(data) <= data.SESSION_ABSOLUTE_TIMEOUT_MS) return;
  throw new StartError([
    `SESSION_IDLE_TIMEOUT_MS must be at most SESSION_ABSOLUTE_TIMEOUT_MS, ${data.SESSION_ABSOLUTE_TIMEOUT_MS} (got ${idleTimeoutOf(data)}).`,
  ]);
}

/** Rejects duplicate keys, because the sender of a request with such a key would be ambiguous. */
function requireDistinctKeys({ ADMIN_TOKEN, API_KEYS }: z.output<typeof environment>): void {
  const keys = API_KEYS.map(({ key }) => key);
  const lines = [];
  if (new Set(keys).size < keys.length) lines.push("API_KEYS must not contain the same key twice.");
  if (ADMIN_TOKEN !== null && keys.includes(ADMIN_TOKEN)) {
    lines.push("ADMIN_TOKEN must not be one of the API_KEYS.");
  }
  if (lines.length > 0) throw new StartError(lines);
}

/**
 * Requires configured secrets for a shared database. If each machine generated its own secret, it could not verify the
 * tokens of the other machines.
 */
function requireConfiguredSecrets(data: z.output<typeof environment>): void {
  const missing = (["SESSION_SECRETS", "ADMIN_TOKEN"] as const).filter((name) => data[name] === null);
  if (missing.length === 0) return;
  throw new StartError(
    missing.map((name) => `${name} must be set with this DATABASE_URL, to the same value on every machine.`),
  );
}

/** Whether only this machine can reach the address. Requests from other machines then come through a proxy. */
function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\./.test(host);
}
