import type { IncomingMessage, ServerResponse } from "node:http";
import type { SessionManager } from "../session/manager.ts";
import type { MaybePromise } from "../session/session.ts";
import { HttpSessions } from "./core.ts";
import { errorAnswer, isOurs } from "./error-answer.ts";
import { attempt } from "./maybe-promise.ts";
import { openNodeSession } from "./node-message.ts";
import { sendError } from "./node-response.ts";
import type { HttpOptions } from "./options.ts";
import type { RequestSession } from "./request-session.ts";
import { attach, sessionOf } from "./session-of.ts";

export { type RequestSession, sessionOf };

type Next = (error?: unknown) => void;

/** A middleware, as Express 4 and 5 (and Connect) call it. */
export type Middleware = (request: IncomingMessage, response: ServerResponse, next: Next) => void;

/**
 * Sessions for Express 5 and 4: `request.session` is the request's handle, typed by {@link sessionOf}.
 *
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
    const session = attach(request, openNodeSession(http, request, response));
    goOn(() => session.admit(), response, next);
  };
}

/** Lets only requests through that have a stored session. */
export function requireSession(): Middleware {
  return (request, response, next) => goOn(() => sessionOf(request).requireSession(), response, next);
}

/** Lets only requests through that are logged in. */
export function requireSubject(): Middleware {
  return (request, response, next) => goOn(() => sessionOf(request).requireSubject(), response, next);
}

/** Lets only requests through whose holder has lately proved again who they are, for `scope`. */
export function requireElevated(scope: string): Middleware {
  return (request, response, next) => goOn(() => sessionOf(request).requireElevated(scope), response, next);
}

/** Answers the errors of this library that handlers throw, in its envelope; passes all others on. */
export function sessionErrors() {
  return (error: unknown, _request: IncomingMessage, response: ServerResponse, next: Next): void => {
    if (isOurs(error)) sendError(response, errorAnswer(error));
    else next(error);
  };
}

function goOn(check: () => MaybePromise<unknown>, response: ServerResponse, next: Next): void {
  attempt(
    check,
    () => next(),
    (error) => (isOurs(error) ? sendError(response, errorAnswer(error)) : next(error)),
  );
}
