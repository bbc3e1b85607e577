import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from "fastify";
import type { SessionManager } from "../session/manager.ts";
import type { MaybePromise } from "../session/session.ts";
import { HttpSessions } from "./core.ts";
import { errorAnswer, isOurs } from "./error-answer.ts";
import { attempt } from "./maybe-promise.ts";
import { openNodeSession } from "./node-message.ts";
import type { HttpOptions } from "./options.ts";
import type { RequestSession } from "./request-session.ts";
import { attach, sessionOf } from "./session-of.ts";

export { type RequestSession, sessionOf };

/** Not its literal type: another session plugin may have declared a property of this name to the compiler. */
const PROPERTY: string = "session";

type Done = (error?: Error) => void;
type Hook = (request: FastifyRequest, reply: FastifyReply, done: Done) => void;

/**
 * Sessions for Fastify 5: `request.session` is the request's handle, typed by {@link sessionOf}. A plugin for the whole
 * application, whatever it is registered in.
 *
 * @example
 * await app.register(coatcheck(manager));
 * app.get("/account", { preHandler: requireSubject() }, async (request) => {
 *   const session = await sessionOf(request).load();
 *   return { subject: session.subject };
 * });
 */
export function coatcheck<Data>(manager: SessionManager<Data>, options?: HttpOptions): FastifyPluginCallback {
  const http = new HttpSessions(manager, options);
  const plugin: FastifyPluginCallback = (app, _options, done) => {
    app.decorateRequest<null>(PROPERTY, null);
    app.addHook("onRequest", (request, reply, next) => {
      const session = attach(request, openNodeSession(http, request.raw, reply.raw));
      goOn(() => session.admit(), reply, next);
    });
    done();
  };
  // What fastify-plugin does: hooks and decorator count for the application, not for this plugin alone.
  return Object.assign(plugin, { [Symbol.for("skip-override")]: true });
}

/** Lets only requests through that have a stored session. */
export function requireSession(): Hook {
  return (request, reply, done) => goOn(() => sessionOf(request).requireSession(), reply, done);
}

/** Lets only requests through that are logged in. */
export function requireSubject(): Hook {
  return (request, reply, done) => goOn(() => sessionOf(request).requireSubject(), reply, done);
}

/** Lets only requests through whose holder has lately proved again who they are, for `scope`. */
export function requireElevated(scope: string): Hook {
  return (request, reply, done) => goOn(() => sessionOf(request).requireElevated(scope), reply, done);
}

/** For `setErrorHandler`: answers the errors of this library in its envelope; rethrows all others. */
export function sessionErrors() {
  return (error: unknown, _request: FastifyRequest, reply: FastifyReply): void => {
    if (!isOurs(error)) throw error;
    answer(reply, error);
  };
}

function goOn(check: () => MaybePromise<unknown>, reply: FastifyReply, done: Done): void {
  attempt(
    check,
    () => done(),
    (error) => {
      if (isOurs(error)) answer(reply, error);
      else done(error instanceof Error ? error : new Error(String(error)));
    },
  );
}

function answer(reply: FastifyReply, error: unknown): void {
  const { status, headers, body } = errorAnswer(error);
  reply.code(status).headers(headers).send(body);
}
