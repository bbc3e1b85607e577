import { CoatcheckError } from "../session/errors.ts";
import { callPredicate } from "./application-test.ts";
import { hasInput } from "./html.ts";
import type { UpstreamResponse } from "./response.ts";

/**
 * How to detect from a response that the upstream has forgotten the session. Without these options, nothing is
 * detected.
 */
export interface UpstreamSessionOptions {
  /**
   * The cookie that names the session at the upstream, such as `PHPSESSID`. The session is lost when the upstream
   * replaces or deletes this cookie in its response to a safe request, or to a request whose token it refused. Omit the
   * option if the cookie's value changes with every response, as with Flask, Laravel and Rails.
   */
  readonly cookie?: string;
  /**
   * Returns whether a response shows that the session is not logged in. {@link isLoginPage} creates such a function.
   * Called for every response after the session's first request with `session: "begins"`.
   */
  readonly isLoggedOut?: (response: UpstreamResponse) => boolean;
}

/** Describes a session that the upstream has forgotten. */
export interface UpstreamSessionLoss {
  /** The id of the Coatcheck session. */
  readonly sessionId: string;
  /** `cookie`: the upstream replaced or deleted its session cookie. `logged-out`: `isLoggedOut` returned true. */
  readonly reason: "cookie" | "logged-out";
  /**
   * The method of the request whose response showed the loss. If the method is unsafe, the upstream may have carried
   * out the request in a new session.
   */
  readonly method: string;
  readonly path: string;
  /**
   * Names of the cookies that the upstream had set for the lost session. The upstream no longer has the data of that
   * session.
   */
  readonly cookies: readonly string[];
  /**
   * When the lost session began and when it logged in at the upstream, epoch milliseconds. Null if unknown, or if it
   * never logged in.
   */
  readonly startedAt: number | null;
  readonly loggedInAt: number | null;
}

/**
 * Creates the error for a request whose upstream session is lost.
 *
 * @param loss - becomes the `cause`.
 */
export function upstreamSessionLostError(loss: UpstreamSessionLoss): CoatcheckError {
  return new CoatcheckError(
    "UPSTREAM_SESSION_LOST",
    "The upstream has forgotten this session and its data; the next request starts a new session there.",
    { cause: loss },
  );
}

/** Calls the application's listener. If the listener fails, this emits a warning; the request continues. */
export function reportSessionLoss(
  listener: ((loss: UpstreamSessionLoss) => void) | undefined,
  loss: UpstreamSessionLoss,
): void {
  const warn = (error: unknown) =>
    process.emitWarning(error instanceof Error ? error : String(error), { code: "COATCHECK_LISTENER" });
  try {
    const result: unknown = listener?.(loss);
    if (result instanceof Promise) result.catch(warn);
  } catch (error) {
    warn(error);
  }
}

/** Whether the application's option `isLoggedOut` returns true for a response. False if the option is not set. */
export function isLoggedOut(options: UpstreamSessionOptions | null, response: UpstreamResponse): boolean {
  const test = options?.isLoggedOut;
  return test !== undefined && callPredicate("session.isLoggedOut", test, response);
}

/** Describes a login page. A response that matches at least one of the options is a login page. */
export interface LoginPageOptions {
  /**
   * Path of the login page. Matches a response that redirects to this path, and a response that was received after a
   * redirect to this path.
   */
  readonly path?: string;
  /** Statuses of responses to requests without a login, such as 401. */
  readonly statuses?: readonly number[];
  /** Name of an input that only the login page has, such as `password`. */
  readonly input?: string;
}

/**
 * Creates a predicate for the option `session.isLoggedOut`.
 *
 * @example
 * session: { isLoggedOut: isLoginPage({ path: "/accounts/login/", statuses: [401], input: "password" }) }
 */
export function isLoginPage({
  path,
  statuses = [],
  input,
}: LoginPageOptions): (response: UpstreamResponse) => boolean {
  return (response) => {
    const { status, url, redirected, headers, text } = response;
    if (statuses.includes(status)) return true;
    if (path !== undefined) {
      const location = headers.get("location");
      const target = status >= 300 && status < 400 && location ? URL.parse(location, url) : null;
      if (target?.pathname === path) return true;
      if (redirected && new URL(url).pathname === path) return true;
    }
    return input !== undefined && isHtml(headers) && hasInput(text, input);
  };
}

function isHtml(headers: Headers): boolean {
  return /^\s*(text\/html|application\/xhtml\+xml)\b/i.test(headers.get("content-type") ?? "");
}
