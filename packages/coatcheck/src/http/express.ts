/**
 * Sessions for Express 5 and 4, and for Connect.
 *
 * @example
 * import { SessionManager } from "coatcheck";
 * import { coatcheck, requireSubject, sessionErrors, sessionOf } from "coatcheck/express";
 * import { memoryStore } from "coatcheck/store/memory";
 * import express from "express";
 *
 * const sessions = new SessionManager({ store: memoryStore(), secrets: ["a long secret of your own"] });
 * const app = express();
 * app.use(coatcheck(sessions));
 * app.get("/account", requireSubject(), async (request, response) => {
 *   const session = await sessionOf(request).load();
 *   response.json({ subject: session.subject });
 * });
 * app.use(sessionErrors());
 * app.listen(3000);
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { SessionManager } from "../session/manager.ts";
import type { MaybePromise } from "../session/maybe-promise.ts";
import { attempt } from "../session/maybe-promise.ts";
import { requireStrings } from "../session/strings.ts";
import { errorResponse, isCoatcheckError } from "./error-response.ts";
import { HttpSessions } from "./http-sessions.ts";
import { openNodeSession } from "./node/exchange.ts";
import { sendError } from "./node/hold-response.ts";
import type { HttpOptions } from "./options.ts";
import type { RequestSession } from "./request-session.ts";
import { requireCalled } from "./require-called.ts";
import { requireOwnLogin } from "./require-own-login.ts";
import { attachSession, sessionOf } from "./session-of.ts";

export { type RequestSession, sessionOf };

/** A request whose body a parser may have read. */
type ParsedRequest = IncomingMessage & { readonly body?: unknown };

type NextFunction = (error?: unknown) => void;

/** A middleware of Express 4, Express 5 or Connect. */
export type Middleware = (request: IncomingMessage, response: ServerResponse, next: NextFunction) => void;

/**
 * Middleware that sets `request.session` to the session handle and runs the CSRF checks. Read the handle with
 * {@link sessionOf}, which types it. To accept the CSRF token as a form field, mount `express.urlencoded()` before it.
 *
 * @throws UsageError without a manager, and for an unknown option.
 * @throws CoatcheckError `VALIDATION_FAILED` for invalid cookie options, trusted origins or trusted proxies.
 * @example
 * app.use(coatcheck(manager));
 * app.get("/account", requireSubject(), async (request, response) => {
 *   const session = await sessionOf(request).load();
 *   response.json({ subject: session.subject });
 * });
 * app.use(sessionErrors());
 */
export function coatcheck<Data>(manager: SessionManager<Data>, options?: HttpOptions): Middleware {
  const http = new HttpSessions(manager, options);
  return (request, response, next) => {
    const session = attachSession(request, openNodeSession(http, request, response));
    runCheck(() => session.checkCsrf(() => (request as ParsedRequest).body), response, next);
  };
}

/** Requires a stored session, else responds 401. */
export function requireSession(...none: []): Middleware {
  requireCalled("requireSession", none);
  return (request, response, next) => runCheck(() => sessionOf(request).requireSession(), response, next);
}

/** Requires a login, else responds 401. */
export function requireSubject(...none: []): Middleware {
  requireCalled("requireSubject", none);
  return (request, response, next) => runCheck(() => sessionOf(request).requireSubject(), response, next);
}

/** Requires a login and a current elevation for `scope`, else responds 401 or 403 `REAUTHENTICATION_REQUIRED`. */
export function requireElevated(scope: string): Middleware {
  requireStrings({ scope });
  return (request, response, next) =>
    runCheck(() => sessionOf(request).requireElevated(scope), response, next);
}

/** Requires a login that is not an impersonation, else responds 401 or 403 `FORBIDDEN`. `action` is for the message. */
export function forbidWhileImpersonating(action: string): Middleware {
  requireStrings({ action });
  return (request, response, next) =>
    runCheck(() => requireOwnLogin(sessionOf(request), action), response, next);
}

/** Requires a valid JWT, else responds 401. Loads no session. */
export function requireJwt(...none: []): Middleware {
  requireCalled("requireJwt", none);
  return (request, response, next) => runCheck(() => sessionOf(request).requireJwt(), response, next);
}

/**
 * Error middleware: responds to a `CoatcheckError` with its status and JSON, and passes other errors on. Mount it last.
 */
export function sessionErrors(...none: []) {
  requireCalled("sessionErrors", none);
  return (error: unknown, _request: IncomingMessage, response: ServerResponse, next: NextFunction): void => {
    // If the headers have been sent, the framework logs the error and closes the connection.
    if (isCoatcheckError(error) && !response.headersSent) sendError(response, errorResponse(error));
    else next(error);
  };
}

function runCheck(check: () => MaybePromise<unknown>, response: ServerResponse, next: NextFunction): void {
  attempt(
    check,
    () => next(),
    (error) => (isCoatcheckError(error) ? sendError(response, errorResponse(error)) : next(error)),
  );
}
