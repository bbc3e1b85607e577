import { CoatcheckError, type ErrorCode } from "./errors.ts";
import type { RefusalReason } from "./events.ts";

/** The error for a request with an older token. The browser has a newer token, so it can repeat the request. */
export function tokenSupersededError(): CoatcheckError {
  return new CoatcheckError(
    "CONFLICT",
    "This browser has just received a newer session token; repeat the request.",
  );
}

/**
 * The error for a caller whose token does not open a session.
 *
 * @param refusal null when the request had no valid token.
 * @param wasLoggedIn whether the token's session was logged in. For an anonymous session that has expired, the message
 *   does not ask for a login.
 */
export function refusalError(refusal: RefusalReason | null, wasLoggedIn = true): CoatcheckError {
  switch (refusal) {
    case "expired":
      if (!wasLoggedIn) {
        return new CoatcheckError(
          "SESSION_NOT_FOUND",
          "The session no longer exists, because it has expired; start a new session.",
        );
      }
      return new CoatcheckError("SESSION_EXPIRED", "The session has expired; log in again.");
    case "revoked":
    case "token-reuse":
      return new CoatcheckError("SESSION_REVOKED", "The session was revoked; log in again.");
    case "client-changed":
      return new CoatcheckError(
        "SESSION_REVOKED",
        "The session was used by another browser or from another network, so it was ended; log in again.",
      );
    case "superseded":
      return tokenSupersededError();
    default:
      return new CoatcheckError("SESSION_REQUIRED", "Log in first.");
  }
}

/** The error for a session that cannot be checked because the store does not respond. */
export function sessionUnavailableError(): CoatcheckError {
  return new CoatcheckError(
    "STORE_UNAVAILABLE",
    "The session cannot be checked at the moment; try again shortly.",
  );
}

/** The error for a change that issues a new token after the response headers were sent. */
export function headersSentError(): CoatcheckError {
  return new CoatcheckError(
    "CONFLICT",
    "The client cannot receive a new session token, because the response headers have been sent. Change the session before you send the response.",
  );
}

/**
 * The error for a change that issues a new token in a request without a session token, such as a request with a JWT.
 */
export function noSessionTokenError(): CoatcheckError {
  return new CoatcheckError(
    "CONFLICT",
    "This request has no session token, so it cannot log in or change the token. Send the session cookie instead of a JWT.",
  );
}

/**
 * The error for a request from another site. Because of `SameSite` the browser may have withheld its session cookie. A
 * new cookie could then replace the cookie of a logged-in session.
 */
export function cookieWithheldError(): CoatcheckError {
  return new CoatcheckError(
    "CONFLICT",
    "The session was not changed: another site made this request, so the browser may have withheld the session cookie. Send the request again from a page of this site, as docs/http.md shows.",
  );
}

/**
 * The error for a logout by a browser's prefetch. When the user clicks the link, the browser sends the request again.
 */
export function prefetchedLogoutError(): CoatcheckError {
  return new CoatcheckError(
    "CONFLICT",
    "The browser prefetched this logout, so the user has not asked for it. Log out by POST or DELETE, which browsers never prefetch.",
  );
}

/**
 * Checks that a request may write.
 *
 * @param refusal why the request's token was refused; null when it was accepted.
 * @throws CoatcheckError `CONFLICT` for an older token, `STORE_UNAVAILABLE` when the token could not be checked.
 */
export function requireCurrentToken(refusal: RefusalReason | null): void {
  if (refusal === "unavailable") throw sessionUnavailableError();
  if (refusal === "superseded") throw tokenSupersededError();
}

/**
 * Checks that a logout can find the browser's session. Otherwise the browser could stay logged in.
 *
 * @throws CoatcheckError `STORE_UNAVAILABLE` when the token could not be checked; `CONFLICT` when the browser may have
 *   withheld its cookie.
 */
export function requireRevocable(refusal: RefusalReason | null): void {
  if (refusal === "unavailable") throw sessionUnavailableError();
  if (refusal === "withheld") throw cookieWithheldError();
}

/** The error for a new session under a parent that does not exist or has ended. */
export function parentEndedError(): CoatcheckError {
  return new CoatcheckError("SESSION_REVOKED", "The parent session has ended; log in again.");
}

const SESSION_ENDED_CODES: readonly ErrorCode[] = ["SESSION_NOT_FOUND", "SESSION_REVOKED", "SESSION_EXPIRED"];

/** Returns whether a change failed because its session has ended. */
export function meansSessionEnded(error: unknown): boolean {
  return error instanceof CoatcheckError && SESSION_ENDED_CODES.includes(error.code);
}
