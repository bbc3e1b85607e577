/**
 * Sessions for Fastify 5.
 *
 * @example
 * import { SessionManager } from "coatcheck";
 * import { coatcheck, requireSubject, sessionErrors, sessionOf } from "coatcheck/fastify";
 * import { memoryStore } from "coatcheck/store/memory";
 * import fastify from "fastify";
 *
 * const sessions = new SessionManager({ store: memoryStore(), secrets: ["a long secret of your own"] });
 * const app = fastify();
 * await app.register(coatcheck(sessions));
 * app.setErrorHandler(sessionErrors());
 * app.get("/account", { preHandler: requireSubject() }, async (request) => {
 *   const session = await sessionOf(request).load();
 *   return { subject: session.subject };
 * });
 * await app.listen({ port: 3000 });
 *
 * @module
 */
import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from "fastify";
import { requireMethod } from "../session/known-options.ts";
import type { SessionManager } from "../session/manager.ts";
import type { MaybePromise } from "../session/maybe-promise.ts";
import { attempt } from "../session/maybe-promise.ts";
import { requireStrings } from "../session/strings.ts";
import { errorResponse, isCoatcheckError } from "./error-response.ts";
import { HttpSessions } from "./http-sessions.ts";
import { openNodeSession } from "./node/exchange.ts";
import type { HttpOptions } from "./options.ts";
import { registerOptionsError } from "./register-options.ts";
import type { RequestSession } from "./request-session.ts";
import { requireCalled } from "./require-called.ts";
import { requireOwnLogin } from "./require-own-login.ts";
import { attachSession, sessionOf } from "./session-of.ts";

export { type RequestSession, sessionOf };

/** Typed as string, because another session plugin may have declared this property in Fastify's types. */
const SESSION_PROPERTY: string = "session";

type DoneCallback = (error?: Error) => void;
type FastifyHook = (request: FastifyRequest, reply: FastifyReply, done: DoneCallback) => void;

/**
 * Plugin that sets `request.session` to the session handle and runs the CSRF checks. Read the handle with {@link
 * sessionOf}, which types it. Applies to the scope that registers it, like plugins made with fastify-plugin.
 *
 * @throws UsageError without a manager, and for an unknown option. `register` throws it for an option that belongs
 *   here.
 * @throws CoatcheckError `VALIDATION_FAILED` for invalid cookie options, trusted origins or trusted proxies.
 * @example
 * await app.register(coatcheck(manager));
 * app.get("/account", { preHandler: requireSubject() }, async (request) => {
 *   const session = await sessionOf(request).load();
 *   return { subject: session.subject };
 * });
 */
export function coatcheck<Data>(manager: SessionManager<Data>, options?: HttpOptions): FastifyPluginCallback {
  const http = new HttpSessions(manager, options);
  const plugin: FastifyPluginCallback = (app, registerOptions, done) => {
    // If the plugin is mounted as a hook by mistake, it receives a request instead of an instance.
    const what = "a Fastify instance: write app.register(coatcheck(manager))";
    requireMethod("call of the plugin coatcheck()", "app", app, { method: "decorateRequest", what });
    const misplaced = registerOptionsError("coatcheck(manager, options)", registerOptions);
    if (misplaced) return done(misplaced);
    app.decorateRequest<null>(SESSION_PROPERTY, null);
    app.addHook("onRequest", (request, reply, next) => {
      const session = attachSession(request, openNodeSession(http, request.raw, reply.raw));
      runCheck(() => session.checkOrigin(), reply, next);
    });
    if (http.csrf.usesTokens) {
      // Check the token in this later hook, because it may be in a form field, and Fastify has parsed the body now.
      app.addHook("preValidation", (request, reply, next) => {
        runCheck(() => sessionOf(request).checkCsrfToken(() => request.body), reply, next);
      });
    }
    done();
  };
  // Like fastify-plugin: the hooks and the decorator apply to the scope that registers the plugin, not only to the
  // plugin.
  return Object.assign(plugin, { [Symbol.for("skip-override")]: true });
}

/** Requires a stored session, else responds 401. */
export function requireSession(...none: []): FastifyHook {
  requireCalled("requireSession", none);
  return (request, reply, done) => runCheck(() => sessionOf(request).requireSession(), reply, done);
}

/** Requires a login, else responds 401. */
export function requireSubject(...none: []): FastifyHook {
  requireCalled("requireSubject", none);
  return (request, reply, done) => runCheck(() => sessionOf(request).requireSubject(), reply, done);
}

/** Requires a login and a current elevation for `scope`, else responds 401 or 403 `REAUTHENTICATION_REQUIRED`. */
export function requireElevated(scope: string): FastifyHook {
  requireStrings({ scope });
  return (request, reply, done) => runCheck(() => sessionOf(request).requireElevated(scope), reply, done);
}

/** Requires a login that is not an impersonation, else responds 401 or 403 `FORBIDDEN`. `action` is for the message. */
export function forbidWhileImpersonating(action: string): FastifyHook {
  requireStrings({ action });
  return (request, reply, done) => runCheck(() => requireOwnLogin(sessionOf(request), action), reply, done);
}

/** Requires a valid JWT, else responds 401. Loads no session. */
export function requireJwt(...none: []): FastifyHook {
  requireCalled("requireJwt", none);
  return (request, reply, done) => runCheck(() => sessionOf(request).requireJwt(), reply, done);
}

/** For `setErrorHandler`: responds to a `CoatcheckError` with its status and JSON, and rethrows other errors. */
export function sessionErrors(...none: []) {
  requireCalled("sessionErrors", none);
  return (error: unknown, _request: FastifyRequest, reply: FastifyReply): void => {
    if (!isCoatcheckError(error)) throw error;
    sendErrorReply(reply, error);
  };
}

function runCheck(check: () => MaybePromise<unknown>, reply: FastifyReply, done: DoneCallback): void {
  attempt(
    check,
    () => done(),
    (error) => {
      if (isCoatcheckError(error)) sendErrorReply(reply, error);
      else done(error instanceof Error ? error : new Error(String(error)));
    },
  );
}

function sendErrorReply(reply: FastifyReply, error: unknown): void {
  const { status, headers, body } = errorResponse(error);
  reply.code(status).headers(headers).send(body);
}
