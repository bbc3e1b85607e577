import { type Clock, systemClock } from "../session/clock.ts";
import type { Fault } from "../session/errors.ts";
import {
  type KnownOptions,
  requireKnownNestedOptions,
  requireKnownOptions,
  requireOneOf,
} from "../session/known-options.ts";
import { warnOfShortDurations } from "../session/short-durations.ts";
import { invalidInputError } from "./errors.ts";
import type { UpstreamResponse } from "./response.ts";
import type { UpstreamSessionLoss, UpstreamSessionOptions } from "./session-loss.ts";
import { headerFault, publicOriginOf, resolvePath } from "./url.ts";

/** Where a response carries the CSRF token. */
export type UpstreamCsrfSource =
  /** A member of the JSON body. Dots reach into nested objects: `data.csrfToken`. */
  | { readonly json: string }
  | { readonly header: string }
  /** A cookie (double-submit pattern). The token is the percent-decoded value, as for clients in a browser. */
  | { readonly cookie: string }
  /** `<meta name="…" content="token">`. */
  | { readonly meta: string }
  /** `<input name="…" value="token">`; with `form`, only in the form with this `id`, `name` or `action`. */
  | { readonly input: string; readonly form?: string };

/** Identifies responses with which the upstream refuses the token: a list of statuses, or a predicate. */
export type StaleTokenTest = readonly number[] | ((response: UpstreamResponse) => boolean);

/** How the upstream issues its CSRF token, and how unsafe requests return it. */
export interface UpstreamCsrfOptions {
  /** The path below `baseUrl` from which a `GET` request fetches the token, for sessions with and without a login. */
  readonly path: string;
  readonly source: UpstreamCsrfSource;
  /** Where requests send the token: in a header, or as a member of the JSON object or form in the body. */
  readonly sendAs: { readonly header: string } | { readonly field: string };
  /**
   * Which responses to an unsafe request mean that the upstream refused the token and did not carry out the request.
   * The gateway then gets a new token and repeats the request once. Default: `[403]`. See {@link upstreamPresets}.
   */
  readonly staleToken?: StaleTokenTest;
  /**
   * Which responses may bring a new token. `path`: only the response from `path`. `writes`: also responses to unsafe
   * requests, and the pages to which those responses redirect. `all`: every response. A new token in a response makes a
   * later token request unnecessary, but the gateway must write it to the session. Default: `writes`. If the token is
   * in JSON, the default is `path`, because in other JSON responses a member of that name may have another meaning.
   */
  readonly renewFrom?: "path" | "writes" | "all";
}

/** Options of {@link createUpstream}. */
export interface UpstreamOptions {
  /** Origin and path prefix of all requests. The gateway never contacts another origin. */
  readonly baseUrl: string;
  /** Null when the upstream requires no token. */
  readonly csrf: UpstreamCsrfOptions | null;
  /** Secrets that encrypt the cookies and the token of each session, newest first. Each has at least 16 characters. */
  readonly secrets: readonly string[];
  /**
   * Deadline of a request in milliseconds. It includes the wait for earlier requests of the session, fetching the
   * token, redirects and retries. Default: 10,000.
   */
  readonly timeout?: number;
  /** Retries of a safe request when the upstream does not respond, or responds 502, 503 or 504. Default: 2. */
  readonly retries?: number;
  /**
   * The largest accepted response body in bytes. Applies to the compressed and to the decompressed body. Default: 2
   * MiB.
   */
  readonly maxResponseBytes?: number;
  /** Maximum number of open connections. Further requests wait for a free one. Default: 64. */
  readonly connections?: number;
  /**
   * Circuit breaker: it opens after `failures` failures in a row, and lets one request through after `halfOpenAfter`
   * milliseconds. Default: 5 failures, 1,000 ms.
   */
  readonly breaker?: { readonly failures: number; readonly halfOpenAfter: number };
  /**
   * Headers of every request, including the token request. A request's own header replaces the header of the same name.
   * For an upstream at an internal address, set `host` (and `x-forwarded-proto`) to its public host and scheme, which
   * its cookies and redirects refer to.
   */
  readonly headers?: Readonly<Record<string, string>>;
  /** How to detect that the upstream has forgotten a session. Default: null, no detection. */
  readonly session?: UpstreamSessionOptions | null;
  /** Called when the upstream has forgotten a session, before the request throws `UPSTREAM_SESSION_LOST`. */
  readonly onSessionLost?: (loss: UpstreamSessionLoss) => void;
  /** Supplies the times of {@link UpstreamSessionLoss}. Default: the system clock. */
  readonly clock?: Clock;
}

/** {@link UpstreamOptions} with the defaults filled in. */
export interface ResolvedUpstreamOptions
  extends Required<Omit<UpstreamOptions, "baseUrl" | "onSessionLost">>,
    Pick<UpstreamOptions, "onSessionLost"> {
  readonly baseUrl: URL;
  /** The public origin of the upstream, which its cookies and redirects refer to. */
  readonly publicOrigin: string;
}

const OPTIONS_LABEL = "upstream options";
const UPSTREAM_OPTIONS = {
  baseUrl: true,
  csrf: true,
  secrets: true,
  timeout: true,
  retries: true,
  maxResponseBytes: true,
  connections: true,
  breaker: true,
  headers: true,
  session: true,
  onSessionLost: "function",
  clock: true,
} satisfies KnownOptions<UpstreamOptions>;
const CSRF_OPTIONS = {
  path: true,
  source: true,
  sendAs: true,
  staleToken: true,
  renewFrom: true,
} satisfies KnownOptions<UpstreamCsrfOptions>;
const SESSION_OPTIONS = {
  cookie: true,
  isLoggedOut: "function",
} satisfies KnownOptions<UpstreamSessionOptions>;
const CSRF_SOURCE_OPTIONS = {
  json: true,
  header: true,
  cookie: true,
  meta: true,
  input: true,
  form: true,
} satisfies KnownOptions<UpstreamCsrfSource>;
const SEND_AS_OPTIONS = { header: true, field: true } satisfies KnownOptions<UpstreamCsrfOptions["sendAs"]>;
const BREAKER_OPTIONS = { failures: true, halfOpenAfter: true } satisfies KnownOptions<
  NonNullable<UpstreamOptions["breaker"]>
>;

function requireKnownNames(given: UpstreamOptions): void {
  requireKnownOptions(OPTIONS_LABEL, given, UPSTREAM_OPTIONS);
  requireKnownNestedOptions(OPTIONS_LABEL, given, "breaker", BREAKER_OPTIONS);
  if (given.session) requireKnownOptions(OPTIONS_LABEL, given.session, SESSION_OPTIONS, "session");
  if (given.csrf === null) return;
  requireKnownOptions(OPTIONS_LABEL, given.csrf, CSRF_OPTIONS, "csrf");
  requireKnownOptions(OPTIONS_LABEL, given.csrf.source, CSRF_SOURCE_OPTIONS, "csrf.source");
  requireKnownOptions(OPTIONS_LABEL, given.csrf.sendAs, SEND_AS_OPTIONS, "csrf.sendAs");
  requireOneOf(OPTIONS_LABEL, "csrf.renewFrom", given.csrf.renewFrom, ["path", "writes", "all"]);
}

/**
 * Validates the options and fills in the defaults.
 *
 * @throws UsageError for an unknown option.
 * @throws CoatcheckError `VALIDATION_FAILED` with a fault for each invalid option.
 */
export function resolveUpstreamOptions(given: UpstreamOptions): ResolvedUpstreamOptions {
  requireKnownNames(given);
  const options = {
    timeout: 10_000,
    retries: 2,
    maxResponseBytes: 2 * 1024 * 1024,
    connections: 64,
    breaker: { failures: 5, halfOpenAfter: 1000 },
    headers: {},
    session: null,
    clock: systemClock,
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
  faults.push(...headerFaults(given), ...faultsOfResponseTests(given));
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
  const publicOrigin = baseUrl && publicOriginOf(baseUrl, options.headers);
  if (baseUrl && publicOrigin === null) {
    faults.push({ path: "headers.host", message: "must be a host name with an optional port" });
  }
  if (!baseUrl || publicOrigin === null || faults.length > 0) throw invalidInputError(OPTIONS_LABEL, faults);
  const { timeout, breaker } = options;
  warnOfShortDurations(OPTIONS_LABEL, "wait", { timeout, "breaker.halfOpenAfter": breaker.halfOpenAfter });
  return { ...options, baseUrl, publicOrigin };
}

function headerFaults({ headers = {}, csrf }: UpstreamOptions): Fault[] {
  const faults: Fault[] = [];
  const require = (path: string, name: string, value: string) => {
    const message = name.toLowerCase() === "host" ? null : headerFault(name, value);
    if (message) faults.push({ path, message });
  };
  for (const [name, value] of Object.entries(headers)) require(`headers.${name}`, name, value);
  if (csrf && "header" in csrf.sendAs) require("csrf.sendAs.header", csrf.sendAs.header, "token");
  return faults;
}

function faultsOfResponseTests({ csrf, session }: UpstreamOptions): Fault[] {
  const faults: Fault[] = [];
  const staleToken: unknown = csrf?.staleToken;
  const isStatus = (value: unknown) => Number.isInteger(value) && Number(value) >= 400 && Number(value) < 500;
  const areStatuses = Array.isArray(staleToken) && staleToken.length > 0 && staleToken.every(isStatus);
  if (staleToken !== undefined && typeof staleToken !== "function" && !areStatuses) {
    faults.push({
      path: "csrf.staleToken",
      message: "must be a list of statuses from 400 to 499, or a function",
    });
  }
  const cookie: unknown = session?.cookie;
  if (cookie !== undefined && (typeof cookie !== "string" || !/^[\w!#$%&'*+.^`|~-]+$/.test(cookie))) {
    faults.push({ path: "session.cookie", message: "must be the name of a cookie" });
  }
  return faults;
}
