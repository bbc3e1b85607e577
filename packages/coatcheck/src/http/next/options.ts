import type { KnownOptions } from "../../session/known-options.ts";
import type { MaybePromise } from "../../session/maybe-promise.ts";
import { describeValue, usageError } from "../../session/usage-error.ts";
import { type HttpOptions, requireHttpOptions } from "../options.ts";
import type { ClosableVisits } from "./process-sessions.ts";
import { redirectTarget } from "./redirect-target.ts";

/** Options of `coatcheck()` for Next.js, including those that all adapters have in common. */
export interface NextOptions<User, Visits extends ClosableVisits = ClosableVisits>
  extends Omit<HttpOptions, "visits"> {
  /**
   * Returns the logged-in user as pages and their scripts may see it; null if the user no longer exists. The request is
   * then treated as logged out. Default: `{ id: subject }`.
   */
  readonly user?: (subject: string) => MaybePromise<User | null>;
  /**
   * The path of the login page. Server components and actions that require a login redirect a logged-out visitor to
   * this path. Default: no redirect; server components then call `unauthorized()`, which needs
   * `experimental.authInterrupts`.
   */
  readonly signIn?: string;
  /**
   * Whether server actions accept a request with neither `Sec-Fetch-Site` nor `Origin`. Every browser sends one of
   * them, so such a request comes from a script. Default: `refuse`.
   */
  readonly actionsWithoutOrigin?: "refuse" | "accept";
  /** The name of the manager, for a process with several managers. Default: `default`. */
  readonly name?: string;
  /**
   * Opens the visits: a function that returns the result of `createVisits`. Like the manager, they are opened once per
   * process, at the first request, and never by `next build`. Default: no visits.
   */
  readonly visits?: () => MaybePromise<Visits>;
}

/** The options that only this adapter has. */
type NextOnlyOptions = Omit<NextOptions<unknown>, Exclude<keyof HttpOptions, "visits">>;

const NEXT_ONLY_OPTIONS = {
  user: "function",
  signIn: true,
  actionsWithoutOrigin: true,
  name: true,
  visits: "function",
} satisfies KnownOptions<NextOnlyOptions>;

/** The options of the HTTP layer and the options of this adapter, separated. */
export interface SeparatedOptions<User> {
  readonly http: HttpOptions;
  readonly own: Pick<NextOptions<User>, keyof NextOnlyOptions>;
}

/**
 * Checks the options, and separates those of the adapter from those of the manager. Throws `UsageError` for an unknown
 * or invalid one.
 */
export function separateOptions<User>(options: NextOptions<User>): SeparatedOptions<User> {
  const { user, signIn, actionsWithoutOrigin, name, visits, ...http } = options;
  const input = "options of coatcheck()";
  requireHttpOptions(http);
  if (user !== undefined && typeof user !== "function") {
    throw usageError(input, [{ path: "user", message: `must be a function (got ${describeValue(user)})` }]);
  }
  if (visits !== undefined && typeof visits !== "function") {
    const message = `must be a function that opens the visits, because Next.js loads the module several times and during the build (got ${describeValue(visits)})`;
    throw usageError(input, [{ path: "visits", message }]);
  }
  if (signIn !== undefined && redirectTarget(signIn, "") !== signIn) {
    const message = `must be a path of this site, such as "/login" (got ${describeValue(signIn)})`;
    throw usageError(input, [{ path: "signIn", message }]);
  }
  if (![undefined, "refuse", "accept"].includes(actionsWithoutOrigin)) {
    const message = `must be one of refuse, accept (got ${describeValue(actionsWithoutOrigin)})`;
    throw usageError(input, [{ path: "actionsWithoutOrigin", message }]);
  }
  const own = Object.fromEntries(
    Object.keys(NEXT_ONLY_OPTIONS).flatMap((key) =>
      key in options ? [[key, Reflect.get(options, key)]] : [],
    ),
  );
  return { http, own };
}
