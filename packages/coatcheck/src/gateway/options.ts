import type { Fault } from "../session/errors.ts";
import { type KnownOptions, requireKnownOptions, requireKnownPart } from "../session/known-options.ts";
import { invalid } from "./errors.ts";
import { headerFault, resolvePath } from "./url.ts";

/** Where a response carries the CSRF token. */
export type UpstreamCsrfSource =
  /** A member of the JSON body. Dots reach into nested objects: `data.csrfToken`. */
  | { readonly json: string }
  | { readonly header: string }
  /** A cookie (double-submit pattern). Its value is percent-decoded, as browser clients do. */
  | { readonly cookie: string }
  /** `<meta name="…" content="token">`. */
  | { readonly meta: string }
  /** `<input name="…" value="token">`. */
  | { readonly input: string };

/** How the upstream issues its CSRF token, and how unsafe requests return it. */
export interface UpstreamCsrfOptions {
  /** The path below `baseUrl` from which a `GET` request fetches the token. */
  readonly path: string;
  readonly source: UpstreamCsrfSource;
  /** A request header, or a member of the JSON object or form that the request sends. */
  readonly sendAs: { readonly header: string } | { readonly field: string };
}

/** Options of {@link createUpstream}. */
export interface UpstreamOptions {
  /** Origin and path prefix of all requests. The gateway never contacts another origin. */
  readonly baseUrl: string;
  /** Null when the upstream requires no token. */
  readonly csrf: UpstreamCsrfOptions | null;
  /** Secrets that encrypt the cookies and the token of each session, newest first. At least 16 characters each. */
  readonly secrets: readonly string[];
  /**
   * Deadline of a request in milliseconds. It includes the wait for earlier requests of the session, fetching the
   * token, redirects and retries. Default: 10,000.
   */
  readonly timeout?: number;
  /** Retries of a safe request when the upstream does not respond, or responds 502, 503 or 504. Default: 2. */
  readonly retries?: number;
  /** Largest response body in bytes, both compressed and decompressed. Default: 2 MiB. */
  readonly maxResponseBytes?: number;
  /** Maximum number of open connections. Further requests wait for a free one. Default: 64. */
  readonly connections?: number;
  /**
   * Circuit breaker: it opens after `failures` failures in a row, and lets one request through after `halfOpenAfter`
   * milliseconds. Default: 5 failures, 1,000 ms.
   */
  readonly breaker?: { readonly failures: number; readonly halfOpenAfter: number };
}

/** {@link UpstreamOptions} with the defaults filled in. */
export interface ResolvedUpstreamOptions extends Required<Omit<UpstreamOptions, "baseUrl">> {
  readonly baseUrl: URL;
}

const UPSTREAM_OPTIONS = {
  baseUrl: true,
  csrf: true,
  secrets: true,
  timeout: true,
  retries: true,
  maxResponseBytes: true,
  connections: true,
  breaker: true,
} satisfies KnownOptions<UpstreamOptions>;
const CSRF_OPTIONS = { path: true, source: true, sendAs: true } satisfies KnownOptions<UpstreamCsrfOptions>;
const SOURCES = {
  json: true,
  header: true,
  cookie: true,
  meta: true,
  input: true,
} satisfies KnownOptions<UpstreamCsrfSource>;
const SEND_AS = { header: true, field: true } satisfies KnownOptions<UpstreamCsrfOptions["sendAs"]>;
const BREAKER_OPTIONS = { failures: true, halfOpenAfter: true } satisfies KnownOptions<
  NonNullable<UpstreamOptions["breaker"]>
>;

function requireKnown(given: UpstreamOptions): void {
  requireKnownOptions("upstream options", given, UPSTREAM_OPTIONS);
  requireKnownPart("upstream options", given, "breaker", BREAKER_OPTIONS);
  if (given.csrf === null) return;
  requireKnownOptions("upstream options", given.csrf, CSRF_OPTIONS, "csrf");
  requireKnownOptions("upstream options", given.csrf.source, SOURCES, "csrf.source");
  requireKnownOptions("upstream options", given.csrf.sendAs, SEND_AS, "csrf.sendAs");
}

/**
 * Validates the options and fills in the defaults.
 *
 * @throws UsageError for an unknown option.
 * @throws CoatcheckError `VALIDATION_FAILED` with a fault for each invalid option.
 */
export function resolveOptions(given: UpstreamOptions): ResolvedUpstreamOptions {
  requireKnown(given);
  const options = {
    timeout: 10_000,
    retries: 2,
    maxResponseBytes: 2 * 1024 * 1024,
    connections: 64,
    breaker: { failures: 5, halfOpenAfter: 1000 },
    ...given,
  };
  const faults: Fault[] = [];
  const baseUrl = URL.parse(given.baseUrl);
  if (!baseUrl || !/^https?:$/.test(baseUrl.protocol)) {
    faults.push({ path: "baseUrl", message: "must be an http or https URL" });
  } else if (baseUrl.username || baseUrl.password || baseUrl.search || baseUrl.hash) {
    faults.push({ path: "baseUrl", message: "must not have a user name, password, query or fragment" });
  }
  const { csrf } = options;
  if (csrf && baseUrl && !resolvePath(csrf.path, baseUrl)) {
    faults.push({ path: "csrf.path", message: "must start with / and stay below the base URL" });
  }
  const tokenFault = csrf && "header" in csrf.sendAs ? headerFault(csrf.sendAs.header, "token") : null;
  if (tokenFault) faults.push({ path: "csrf.sendAs.header", message: tokenFault });
  const minimums: [string, number, number][] = [
    ["timeout", options.timeout, 1],
    ["retries", options.retries, 0],
    ["maxResponseBytes", options.maxResponseBytes, 1],
    ["connections", options.connections, 1],
    ["breaker.failures", options.breaker.failures, 1],
    ["breaker.halfOpenAfter", options.breaker.halfOpenAfter, 1],
  ];
  for (const [path, value, minimum] of minimums) {
    if (!Number.isSafeInteger(value) || value < minimum) {
      faults.push({ path, message: `must be an integer of at least ${minimum} (got ${value})` });
    }
  }
  if (!baseUrl || faults.length > 0) throw invalid("upstream options", faults);
  return { ...options, baseUrl };
}
