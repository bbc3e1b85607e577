import {
  type KnownOptions,
  requireKnownOptions,
  requireList,
  requireMethod,
  requireOneOf,
} from "../session/known-options.ts";
import { type Activity, requireActivity } from "../session/policy.ts";
import { warnOfShortDurations } from "../session/short-durations.ts";
import type { CreateOptions } from "../session/transitions.ts";
import { describeValue, usageError } from "../session/usage-error.ts";
import type { Client, ForwardingHeaders, TrustProxy } from "./client-address.ts";
import type { ClientBinding } from "./client-binding.ts";
import type { CookieOptions } from "./cookie.ts";
import type { JwtVerifier } from "./jwt-verifier.ts";
import type { HttpRequest } from "./message.ts";
import type { VisitCollector } from "./visits.ts";

/**
 * How a request continues when its session cannot be read because the store does not respond. No policy changes the
 * cookie, so an outage never logs a user out.
 *
 * - `closed` (fail closed): the response is 503.
 * - `anonymous`: the request continues as if it had no cookie. Changes of the session cannot be saved: they are
 *   reported, and `save()` throws `STORE_UNAVAILABLE`.
 * - `degraded`: the request uses a cached copy that the store confirmed at most `maxAge` milliseconds ago.
 *   `session.assurance` then marks the session as degraded. The session may have been revoked after that confirmation,
 *   even longer ago than `maxStaleness`. If no such copy is cached, the response is 503.
 */
export type OutagePolicy = "closed" | "anonymous" | { readonly degraded: { readonly maxAge: number } };

/**
 * Whether requests are checked for a CSRF token, in addition to the cross-origin check.
 *
 * - `off`: no token.
 * - `offered`: responses set the `csrf_token` cookie. A request may omit the token. A request with a wrong token is
 *   rejected.
 * - `required`: a request with an unsafe method and a stored session must send the header, or the form field
 *   `csrf_token` in a body that the framework has parsed before the check.
 */
export type CsrfTokenPolicy = "off" | "offered" | "required";

/** How cross-site request forgery is prevented. */
export interface CsrfOptions {
  /**
   * Other origins whose pages may send unsafe requests, as browsers write them in `Origin`: `https://pay.example`, or
   * `capacitor://localhost` for the web view of an app. Wildcards are not accepted, because an attacker who takes over
   * one subdomain could then send requests as the visitor.
   */
  readonly trustedOrigins?: readonly string[];
  /** Default: `off`. For every browser since 2023, the cross-origin check is sufficient. */
  readonly token?: CsrfTokenPolicy;
  /**
   * The path where a page gets its first token, including the prefix of a router. A POST to exactly this path needs no
   * token, but must pass the cross-origin check. Default: `/session/init`, the path of the session endpoints, with or
   * without a prefix.
   */
  readonly initPath?: string;
}

/** A kind of data that `Clear-Site-Data` makes a browser delete. */
export type SiteData = "cache" | "cookies" | "storage";

/** Options of every adapter: cookie, CSRF checks, proxies and outages. Every default is safe on an https site. */
export interface HttpOptions {
  /** Default: `__Host-sid`, `HttpOnly`, `Secure`, `SameSite=Lax`, `Path=/`. */
  readonly cookie?: CookieOptions;
  /** `false` turns the checks off, for an API that no browser uses. */
  readonly csrf?: CsrfOptions | false;
  /** The proxies whose forwarding headers are trusted. Default: none. */
  readonly trustProxy?: TrustProxy;
  /** The kind of forwarding headers that the trusted proxies write. Default: `x-forwarded`. */
  readonly forwardingHeaders?: ForwardingHeaders;
  /** Default: `closed`. A route can override it in {@link LoadOptions}. */
  readonly outage?: OutagePolicy;
  /**
   * The kinds of data that the browser deletes at logout, sent in `Clear-Site-Data`. Default: `cache` and `storage`.
   * `cookies` would also delete the cookies of every other host of the registrable domain.
   */
  readonly clearSiteData?: readonly SiteData[];
  /** Whether responses report in `Server-Timing` where the session was found and how long that took. Default: false. */
  readonly serverTiming?: boolean;
  /** The activity class of a request. Default: `user`. A route can override it in {@link LoadOptions}. */
  readonly activity?: (request: HttpRequest) => Activity;
  /** Fields for a session that this request creates. Called only on creation. */
  readonly newSession?: (client: Client, request: HttpRequest) => CreateOptions;
  /**
   * Called for failures that the framework does not notice, so that the application can log them:
   * - The commit failed, and the response became an error response.
   * - A queued call on the response failed after the commit, and the connection was closed.
   * - A login or another new token came after the response headers were sent.
   * - Data was assigned after the response headers were sent, after `revoke()`, or under the outage policy `anonymous`,
   *   and not saved.
   */
  readonly onCommitFailure?: (error: unknown) => void;
  /**
   * Authenticates requests that carry a JWT as bearer token: `createJwts(…)` of `coatcheck/jwt`. Such a request uses
   * the session for which the JWT was issued; its cookie is ignored. Default: none; bearer tokens that are JWTs are
   * left to the application.
   */
  readonly jwt?: JwtVerifier;
  /**
   * Returns true for a request that needs no session. For such a request `load` throws, nothing is stored, and no visit
   * is collected. It can still be authenticated by its JWT. Default: every request may load its session.
   */
  readonly sessionless?: (request: HttpRequest) => boolean;
  /**
   * Compares the client of each request with the client that logged in, and reports logins from new devices:
   * `createBinding(…)` of `coatcheck/device`. Default: none.
   */
  readonly binding?: ClientBinding;
  /** Collects visits: `createVisits(…)` of `coatcheck/visit`. Default: none. */
  readonly visits?: VisitCollector;
}

const HTTP_OPTIONS = {
  cookie: true,
  csrf: true,
  trustProxy: true,
  forwardingHeaders: true,
  outage: true,
  clearSiteData: true,
  serverTiming: "boolean",
  activity: "function",
  newSession: "function",
  onCommitFailure: "function",
  jwt: true,
  sessionless: "function",
  binding: true,
  visits: true,
} satisfies KnownOptions<HttpOptions>;
const CSRF_OPTIONS = {
  trustedOrigins: true,
  token: true,
  initPath: true,
} satisfies KnownOptions<CsrfOptions>;
const OPTIONS_LABEL = "options of coatcheck()";

/** Checks the names of the options, and the values of options with a fixed set of values. Throws `UsageError`. */
export function requireHttpOptions(options: HttpOptions): void {
  requireKnownOptions(OPTIONS_LABEL, options, HTTP_OPTIONS);
  const { csrf, outage, forwardingHeaders, clearSiteData, jwt, binding } = options;
  if (csrf !== undefined && csrf !== false) {
    requireKnownOptions(OPTIONS_LABEL, csrf, CSRF_OPTIONS, "csrf");
    if (csrf.trustedOrigins !== undefined)
      requireList(OPTIONS_LABEL, "csrf.trustedOrigins", csrf.trustedOrigins);
    requireOneOf(OPTIONS_LABEL, "csrf.token", csrf.token, ["off", "offered", "required"]);
    requireInitPath(csrf.initPath);
  }
  requireOneOf(OPTIONS_LABEL, "forwardingHeaders", forwardingHeaders, ["x-forwarded", "forwarded"]);
  requireOutagePolicy(OPTIONS_LABEL, outage);
  if (options.visits !== undefined)
    requireMethod(OPTIONS_LABEL, "visits", options.visits, { method: "open", what: "createVisits(…)" });
  if (clearSiteData !== undefined) requireList(OPTIONS_LABEL, "clearSiteData", clearSiteData);
  if (jwt !== undefined)
    requireMethod(OPTIONS_LABEL, "jwt", jwt, { method: "verify", what: "the result of createJwts()" });
  if (binding !== undefined)
    requireMethod(OPTIONS_LABEL, "binding", binding, {
      method: "open",
      what: "the result of createBinding()",
    });
  for (const [index, kind] of (clearSiteData ?? []).entries()) {
    requireOneOf(OPTIONS_LABEL, `clearSiteData.${index}`, kind, ["cache", "cookies", "storage"]);
  }
}

function requireInitPath(path: unknown): void {
  if (path !== undefined) requirePath(OPTIONS_LABEL, "csrf.initPath", path);
}

/**
 * Rejects a path that does not begin with "/", because no request could have it. Also rejects a path that ends with
 * "/".
 *
 * @param input the name of the options object in errors.
 * @param name the name of the option.
 * @throws UsageError
 */
export function requirePath(input: string, name: string, path: unknown): void {
  if (typeof path === "string" && path.startsWith("/") && !path.endsWith("/")) return;
  const message =
    typeof path === "string" && path.startsWith("/")
      ? `must be a path that does not end with "/", such as "/session" (got ${describeValue(path)})`
      : `must begin with "/" (got ${describeValue(path)})`;
  throw usageError(input, [{ path: name, message }]);
}

/** Without this check, a misspelt policy would only be noticed during an outage. */
function requireOutagePolicy(input: string, policy: OutagePolicy | undefined): void {
  if (typeof policy !== "object") {
    requireOneOf(input, "outage", policy, ["closed", "anonymous"]);
    return;
  }
  requireKnownOptions(input, policy, { degraded: true }, "outage");
  requireKnownOptions(input, policy.degraded, { maxAge: "milliseconds" }, "outage.degraded");
  const { maxAge } = policy.degraded;
  warnOfShortDurations(input, "grace", { "outage.degraded.maxAge": maxAge });
  if (maxAge !== undefined) return;
  const message = "must be a positive number of milliseconds (got undefined)";
  throw usageError(input, [{ path: "outage.degraded.maxAge", message }]);
}

/** Options that a route can override when it loads the session. The first load of a request decides. */
export interface LoadOptions {
  readonly activity?: Activity;
  readonly outage?: OutagePolicy;
  /** Fields for a session that this request creates. They take precedence over `newSession` of {@link HttpOptions}. */
  readonly newSession?: CreateOptions;
}

export const NO_LOAD_OPTIONS: LoadOptions = {};
const LOAD_OPTIONS = { activity: true, outage: true, newSession: true } satisfies KnownOptions<LoadOptions>;

/** Checks the options of `load`. Throws `UsageError`. */
export function requireLoadOptions(options: LoadOptions): void {
  requireKnownOptions("options of load()", options, LOAD_OPTIONS);
  requireActivity("options of load()", options.activity);
  if (options.outage !== undefined) requireOutagePolicy("options of load()", options.outage);
}
