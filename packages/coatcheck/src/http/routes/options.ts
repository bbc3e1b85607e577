import type { Clock, Schedule } from "../../session/clock.ts";
import type { ImpersonateOptions } from "../../session/impersonations.ts";
import type { JsonObject } from "../../session/json.ts";
import {
  type KnownOptions,
  requireKnownNestedOptions,
  requireKnownOptions,
} from "../../session/known-options.ts";
import type { MaybePromise } from "../../session/maybe-promise.ts";
import { warnOfShortDurations } from "../../session/short-durations.ts";
import type { AuthenticateOptions } from "../../session/transitions.ts";
import { describeValue, usageError } from "../../session/usage-error.ts";
import { requirePath } from "../options.ts";
import type { RouteRequest } from "./request.ts";

/** The result of a successful login. */
export interface Identity<User> extends AuthenticateOptions {
  readonly subject: string;
  /** The user to return in the response. If set, {@link SessionRoutesOptions.user} is not called. */
  readonly user?: User;
}

/** The impersonation that a page requests. */
export interface RequestedImpersonation {
  /** The subject of the logged-in administrator. */
  readonly actor: string;
  /** The subject to impersonate, as the page sent it: a string of at most 256 characters, not validated further. */
  readonly subject: string;
  /** The reason for the impersonation, such as a ticket number. */
  readonly reason: string;
}

/** The options of an impersonation that the application allows. */
export type ImpersonationGrant = Omit<ImpersonateOptions, "reason">;

/** Options of the impersonation endpoints. */
export interface ImpersonationRoutesOptions<Data = JsonObject> {
  /**
   * Decides whether the administrator may impersonate the subject. Must also check that the subject exists. Return null
   * to reject the request: the response is 403 `FORBIDDEN`. Return `{}` to allow it with the defaults.
   */
  readonly authorize: (
    requested: RequestedImpersonation,
    request: RouteRequest<Data>,
  ) => MaybePromise<ImpersonationGrant | null>;
}

/** Options of the session endpoints. The endpoints never check credentials themselves. */
export interface SessionRoutesOptions<User, Data = JsonObject> {
  /**
   * Checks the credentials, such as an email address and a password. Return null to reject them: the response is 403
   * `FORBIDDEN`.
   *
   * The endpoints do not limit the number of attempts. The application must do that.
   *
   * @param metadata other values that the page sent. Like the credentials, they are not validated.
   */
  readonly authenticate: (
    credentials: JsonObject,
    request: RouteRequest<Data>,
    metadata: JsonObject,
  ) => MaybePromise<Identity<User> | null>;
  /**
   * Returns the user for the page; null if the user no longer exists. The page is then logged out. Default: `{ id:
   * subject }`.
   */
  readonly user?: (subject: string) => MaybePromise<User | null>;
  /** Whether the page should show onboarding first. Default: the field is omitted from responses. */
  readonly needsOnboarding?: (subject: string) => MaybePromise<boolean>;
  /**
   * Checks the credentials of a re-authentication, for one scope. Default: the scope `account` requires the credentials
   * of the subject's login, and every other scope is rejected with `VALIDATION_FAILED`.
   */
  readonly elevate?: (
    credentials: JsonObject,
    scope: string,
    request: RouteRequest<Data>,
  ) => MaybePromise<boolean>;
  /** Lets administrators impersonate other subjects. Default: the impersonation endpoints respond 404. */
  readonly impersonation?: ImpersonationRoutesOptions<Data>;
  /**
   * The path of the endpoints. It is relative to the prefix of the router in which they are mounted, unless it begins
   * with that prefix. Default: `/session`.
   */
  readonly base?: string;
  /** A second path for the migration endpoint. Default: only `migrate` below `base`. */
  readonly migratePath?: string;
  /** How long a login or an elevation counts as recent, in milliseconds. Default: 10 minutes. */
  readonly recentAuthentication?: number;
  readonly events?: EventOptions;
  readonly clock?: Clock;
}

/** Settings of the event streams. Durations in milliseconds. */
export interface EventOptions {
  /**
   * How often a stream checks for changes by other nodes. Each check uses the manager's cache; without a cache, it
   * reads the store. Default: 1000.
   */
  readonly checkInterval?: number;
  /** How long before the session's expiry the event `expiring` is sent. Default: 60,000. */
  readonly warnBefore?: number;
  /** The maximum number of open streams per session. One more is rejected with `RATE_LIMITED`. Default: 10. */
  readonly maxPerSession?: number;
  readonly schedule?: Schedule;
}

const ROUTES_OPTIONS = {
  authenticate: "function",
  user: "function",
  needsOnboarding: "function",
  elevate: "function",
  impersonation: true,
  base: true,
  migratePath: true,
  recentAuthentication: "milliseconds",
  events: true,
  clock: true,
} satisfies KnownOptions<SessionRoutesOptions<unknown>>;
const IMPERSONATION_OPTIONS = {
  authorize: "function",
} satisfies KnownOptions<ImpersonationRoutesOptions>;
const EVENT_OPTIONS = {
  checkInterval: "milliseconds",
  warnBefore: "milliseconds",
  maxPerSession: "number",
  schedule: "function",
} satisfies KnownOptions<EventOptions>;
const IDENTITY_FIELDS = {
  subject: true,
  user: true,
  tenant: true,
  rememberMe: "boolean",
  strict: "boolean",
} satisfies KnownOptions<Identity<unknown>>;
const GRANT_FIELDS = { tenant: true, maxAge: true } satisfies KnownOptions<ImpersonationGrant>;
const OPTIONS_LABEL = "options of sessionRoutes()";

/** Checks the options of the endpoints. Throws `UsageError`. */
export function requireRoutesOptions<User, Data>(options: SessionRoutesOptions<User, Data>): void {
  requireKnownOptions(OPTIONS_LABEL, options, ROUTES_OPTIONS);
  requireKnownNestedOptions(OPTIONS_LABEL, options, "events", EVENT_OPTIONS);
  requireKnownNestedOptions(OPTIONS_LABEL, options, "impersonation", IMPERSONATION_OPTIONS);
  const { recentAuthentication, events } = options;
  warnOfShortDurations(OPTIONS_LABEL, "lifetime", { recentAuthentication });
  warnOfShortDurations(OPTIONS_LABEL, "grace", { "events.warnBefore": events?.warnBefore });
  warnOfShortDurations(OPTIONS_LABEL, "wait", { "events.checkInterval": events?.checkInterval });
  requireFunction("authenticate", options.authenticate);
  if (options.base !== undefined) requirePath(OPTIONS_LABEL, "base", options.base);
  if (options.migratePath !== undefined) requirePath(OPTIONS_LABEL, "migratePath", options.migratePath);
  const maxPerSession = options.events?.maxPerSession ?? 1;
  if (maxPerSession < 1) {
    const message = `must be 1 or more (got ${describeValue(maxPerSession)})`;
    throw usageError(OPTIONS_LABEL, [{ path: "events.maxPerSession", message }]);
  }
  if (options.impersonation) requireFunction("impersonation.authorize", options.impersonation.authorize);
}

function requireFunction(path: string, value: unknown): void {
  if (typeof value === "function") return;
  throw usageError(OPTIONS_LABEL, [{ path, message: `must be a function (got ${describeValue(value)})` }]);
}

/**
 * Checks the result of the application's `authenticate`, because a misspelt `rememberMe` would be ignored. Throws
 * `UsageError`.
 */
export function requireIdentity<User>(identity: Identity<User>): void {
  requireKnownOptions("result of authenticate()", identity, IDENTITY_FIELDS);
}

/**
 * Checks the result of the application's `authorize`, so that undefined, from a missing `return`, does not allow the
 * impersonation. Throws `UsageError`.
 */
export function requireGrant(grant: ImpersonationGrant): void {
  requireKnownOptions("result of authorize()", grant, GRANT_FIELDS);
}
