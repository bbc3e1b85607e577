import type { AddressPrivacy } from "coatcheck/device";
import { ClientAddress } from "coatcheck/http";
import { z } from "zod";
import { StartError } from "./start-error.ts";

/** Where the sessions are kept. */
export type Database =
  | { readonly kind: "sqlite"; readonly path: string }
  | { readonly kind: "postgres" | "redis"; readonly url: string };

/** One key of an API consumer. Several keys may share a name, so that a key can be replaced; the name owns. */
export interface ApiKey {
  /** Null where only the key was given; its owner is then named after the key's fingerprint. */
  readonly name: string | null;
  readonly key: string;
}

/** Everything that the environment may say of the service. Times in milliseconds. */
export interface Config {
  readonly host: string;
  readonly port: number;
  readonly database: Database;
  readonly redisUrl: string | null;
  /** Newest first; null: made and kept beside the database. */
  readonly secrets: readonly string[] | null;
  /** Null: made and kept beside the database. */
  readonly adminToken: string | null;
  readonly apiKeys: readonly ApiKey[];
  readonly idleTimeout: number;
  readonly absoluteTimeout: number;
  readonly cacheTtl: number | null;
  readonly stalenessBound: number;
  readonly trustProxy: false | number | string[];
  readonly secureCookie: boolean;
  /** How much of a client's address its session keeps. */
  readonly privacyMode: AddressPrivacy;
  /** The operator's own `.mmdb` file, which says where an address is. */
  readonly geoipDatabase: string | null;
  /** Whether `/metrics` is there. */
  readonly metrics: boolean;
  readonly logLevel: string;
}

const DAY = 24 * 60 * 60 * 1000;
const YEAR = 365 * DAY;
/** Characters that a secret or key has at least. */
export const SHORTEST_SECRET = 16;
/** Characters that a session token has. No key may: what the Authorization header carries is told apart by it. */
export const TOKEN_LENGTH = 50;
const KEY = `${SHORTEST_SECRET} characters at least and not ${TOKEN_LENGTH}, without spaces`;
const PRIVACY_MODES = ["full", "truncated", "none"] as const satisfies AddressPrivacy[];
const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

function wholeNumber(least: number, most: number, example: number) {
  const message = `must be a whole number from ${least} to ${most}, such as ${example}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, message)
    .transform(Number)
    .refine((value) => value >= least && value <= most, message);
}

function listOf(text: string): string[] {
  return text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}

const secrets = z
  .string()
  .transform(listOf)
  .refine(
    (list) => list.length > 0 && list.every((secret) => secret.length >= SHORTEST_SECRET),
    `must be secrets of ${SHORTEST_SECRET} characters at least, newest first, with commas between`,
  );

const apiKeys = z
  .string()
  .transform((text) => listOf(text).map(apiKeyOf))
  .refine(
    (keys) => keys.every(({ name, key }) => isKey(key) && (name === null || isConsumerName(name))),
    `must be \`key\` or \`name:key\` with commas between; a key is ${KEY}; a name has letters, digits, - and _, and is not "admin"`,
  );

function isKey(text: string): boolean {
  return text.length >= SHORTEST_SECRET && text.length !== TOKEN_LENGTH && /^[\x21-\x7e]+$/.test(text);
}

function apiKeyOf(entry: string): ApiKey {
  const colon = entry.indexOf(":");
  return colon === -1
    ? { name: null, key: entry }
    : { name: entry.slice(0, colon), key: entry.slice(colon + 1) };
}

/** `consumer:admin` owns what was made with the admin token. */
function isConsumerName(name: string): boolean {
  return /^[\w-]{1,64}$/.test(name) && name !== "admin";
}

const database = z.string().transform((text, context): Database => {
  const file = /^sqlite:(?!:memory:$)(.+)$/.exec(text)?.[1];
  if (file !== undefined) return { kind: "sqlite", path: file };
  if (/^postgres(ql)?:\/\//.test(text) && URL.canParse(text)) return { kind: "postgres", url: text };
  if (/^rediss?:\/\//.test(text) && URL.canParse(text)) return { kind: "redis", url: text };
  context.addIssue("must be sqlite:<path of a file>, postgres://… or redis://…");
  return z.NEVER;
});

const trustProxy = z.string().transform((text, context): Config["trustProxy"] => {
  if (text === "false") return false;
  if (/^\d{1,2}$/.test(text)) return Number(text) || false;
  const entries = listOf(text);
  if (entries.length > 0 && areTrustable(entries)) return entries;
  context.addIssue(
    "must be false, a number of proxies, or their addresses and CIDR ranges with commas between, such as 10.0.0.0/8",
  );
  return z.NEVER;
});

function areTrustable(entries: readonly string[]): boolean {
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
  DATABASE_URL: database.default({ kind: "sqlite", path: "./data/coatcheck.db" }),
  REDIS_URL: z
    .string()
    .refine((text) => /^rediss?:\/\//.test(text) && URL.canParse(text), "must be redis://… or rediss://…")
    .nullable()
    .default(null),
  SESSION_SECRETS: secrets.nullable().default(null),
  ADMIN_TOKEN: z.string().refine(isKey, `must be ${KEY}`).nullable().default(null),
  API_KEYS: apiKeys.default([]),
  SESSION_IDLE_TIMEOUT_MS: wholeNumber(1000, YEAR, DAY).default(DAY),
  SESSION_MAX_AGE_MS: wholeNumber(1000, YEAR, 30 * DAY).default(30 * DAY),
  SESSION_CACHE_TTL: wholeNumber(1, DAY, 30_000).nullable().default(null),
  SESSION_STALENESS_MS: wholeNumber(100, 60_000, 2000).default(2000),
  TRUST_PROXY: trustProxy.default(false),
  COOKIE_SECURE: trueOrFalse.nullable().default(null),
  PRIVACY_MODE: z.enum(PRIVACY_MODES, `must be one of ${PRIVACY_MODES.join(", ")}`).default("truncated"),
  GEOIP_DATABASE: z
    .string()
    .regex(/\.mmdb$/, "must be the path of an .mmdb file")
    .nullable()
    .default(null),
  ENABLE_SESSION_METRICS: trueOrFalse.default(true),
  LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(", ")}`).default("info"),
});

/** The names of all variables that are read. */
export const VARIABLES: readonly string[] = Object.keys(environment.shape);

/**
 * Reads the configuration. A variable that is empty counts as not given.
 *
 * @throws StartError with one line for each variable that will not do, and what would.
 */
export function readConfig(variables: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.entries(variables).filter(([, value]) => value !== undefined && value.trim() !== "");
  const result = environment.safeParse(Object.fromEntries(given));
  if (!result.success) {
    throw new StartError(result.error.issues.map(({ path, message }) => `${path.join(".")} ${message}.`));
  }
  const { data } = result;
  requireDistinct(data);
  if (data.DATABASE_URL.kind !== "sqlite") requireShared(data);
  return {
    host: data.HOST,
    port: data.PORT,
    database: data.DATABASE_URL,
    redisUrl: data.REDIS_URL,
    secrets: data.SESSION_SECRETS,
    adminToken: data.ADMIN_TOKEN,
    apiKeys: data.API_KEYS,
    idleTimeout: data.SESSION_IDLE_TIMEOUT_MS,
    absoluteTimeout: data.SESSION_MAX_AGE_MS,
    cacheTtl: data.SESSION_CACHE_TTL,
    stalenessBound: data.SESSION_STALENESS_MS,
    trustProxy: data.TRUST_PROXY,
    secureCookie: data.COOKIE_SECURE ?? !(isLoopback(data.HOST) && data.TRUST_PROXY === false),
    privacyMode: data.PRIVACY_MODE,
    geoipDatabase: data.GEOIP_DATABASE,
    metrics: data.ENABLE_SESSION_METRICS,
    logLevel: data.LOG_LEVEL,
  };
}

/** A key that stands twice would name its first owner alone; the admin token among the keys, the admin. */
function requireDistinct({ ADMIN_TOKEN, API_KEYS }: z.output<typeof environment>): void {
  const keys = API_KEYS.map(({ key }) => key);
  const lines = [];
  if (new Set(keys).size < keys.length) lines.push("API_KEYS must not hold the same key twice.");
  if (ADMIN_TOKEN !== null && keys.includes(ADMIN_TOKEN)) {
    lines.push("ADMIN_TOKEN must not be one of the API_KEYS.");
  }
  if (lines.length > 0) throw new StartError(lines);
}

/** What several machines use has no "beside": each would make secrets of its own, and none open the others' tokens. */
function requireShared(data: z.output<typeof environment>): void {
  const missing = (["SESSION_SECRETS", "ADMIN_TOKEN"] as const).filter((name) => data[name] === null);
  if (missing.length === 0) return;
  throw new StartError(
    missing.map((name) => `${name} must be given with this DATABASE_URL, the same on every machine.`),
  );
}

/** Only what comes over this machine's own interface is certainly not https, unless a proxy stands before it. */
function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\./.test(host);
}
