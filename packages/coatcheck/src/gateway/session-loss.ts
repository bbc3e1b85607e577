import { CoatcheckError } from "../session/errors.ts";
import { applyTest } from "./application-test.ts";
import { hasInput } from "./html.ts";
import type { UpstreamResponse } from "./response.ts";

/** How a response shows that the upstream has forgotten the session. Without these options, the gateway does not look. */
export interface UpstreamSessionOptions {
  /**
   * The cookie that names the session at the upstream, such as `PHPSESSID`. The session is lost when the response to a safe
   * request, or to one whose token was refused, replaces or deletes it. Leave it out if the upstream changes the cookie's
   * value with every response, as Flask, Laravel and Rails do.
   */
  readonly cookie?: string;
  /**
   * Whether a response shows that the session is not logged in, such as {@link isLoginPage}. It applies from a request with
   * `session: "begins"` on, to every response.
   */
  readonly isLoggedOut?: (response: UpstreamResponse) => boolean;
}

/** The gateway's knowledge of a session that the upstream has forgotten. */
export interface UpstreamSessionLoss {
  /** The session of Coatcheck. */
  readonly sessionId: string;
  /** `cookie`: the upstream replaced or deleted its session cookie. `logged-out`: `isLoggedOut` returned true. */
  readonly reason: "cookie" | "logged-out";
  /** The request that revealed it. If it was unsafe, the upstream may have carried it out in a new session. */
  readonly method: string;
  readonly path: string;
  /** Names of the cookies that the upstream had set for the lost session. The data behind them is gone. */
  readonly cookies: readonly string[];
  /** When the lost session began, and when it was logged in; epoch milliseconds, null if unknown or never. */
  readonly startedAt: number | null;
  readonly loggedInAt: number | null;
}

/**
 * The error of a request whose upstream session is lost.
 *
 * @param loss - becomes the `cause`.
 */
export function upstreamSessionLost(loss: UpstreamSessionLoss): CoatcheckError {
  return new CoatcheckError(
    "UPSTREAM_SESSION_LOST",
    "The upstream has forgotten this session and what it kept for it.",
    { cause: loss },
  );
}

/** Calls the application's listener. Its error causes a warning and does not change the outcome of the request. */
export function reportLoss(
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

/** Whether a response is the login page, by the application's test. Without a test, no response is. */
export function isLoggedOut(options: UpstreamSessionOptions | null, response: UpstreamResponse): boolean {
  const test = options?.isLoggedOut;
  return test !== undefined && applyTest("session.isLoggedOut", test, response);
}

/** How a login page looks. A response that matches any of these is one. */
export interface LoginPageOptions {
  /** Path of the page: the response was redirected to it, or redirects to it. */
  readonly path?: string;
  /** Statuses of responses to requests without a login, such as 401. */
  readonly statuses?: readonly number[];
  /** Name of an input that only this page has, such as `password`. */
  readonly input?: string;
}

/**
 * Creates a test for `session.isLoggedOut`.
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
