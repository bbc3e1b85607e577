import type { Context, ErrorHandler, MiddlewareHandler } from "hono";
import type { SessionManager } from "../session/manager.ts";
import type { MaybePromise } from "../session/session.ts";
import { HttpSessions } from "./core.ts";
import { type ErrorAnswer, errorAnswer, isOurs, OF_THE_REPLACED } from "./error-answer.ts";
import type { HttpRequest, ResponseHead } from "./message.ts";
import type { HttpOptions } from "./options.ts";
import type { RequestSession } from "./request-session.ts";
import { sessionOf } from "./session-of.ts";

export type { RequestSession };

/** For `new Hono<SessionEnv<Data>>()`: `c.get("session")` is the request's handle. */
export interface SessionEnv<Data> {
  Variables: { session: RequestSession<Data> };
}

/** Where a request came from. `@hono/node-server` says it in `c.env.incoming`; other servers have a `getConnInfo`. */
export type AddressOf = (context: Context) => string | undefined;

/** How sessions travel with Hono. */
export interface HonoOptions extends HttpOptions {
  readonly addressOf?: AddressOf;
}

/**
 * Sessions for Hono, on any runtime with Node's `crypto`.
 *
 * @example
 * const app = new Hono<SessionEnv<Cart>>();
 * app.use(coatcheck(manager));
 * app.get("/account", requireSubject(), async (c) => c.json({ subject: (await c.get("session").load()).subject }));
 * app.onError(sessionErrors());
 */
export function coatcheck<Data>(
  manager: SessionManager<Data>,
  options: HonoOptions = {},
): MiddlewareHandler<SessionEnv<Data>> {
  const { addressOf = addressOfNode, ...rest } = options;
  const http = new HttpSessions(manager, rest);
  return async (c, next) => {
    const session = http.open(requestOf(c, addressOf));
    c.set("session", session);
    try {
      await session.admit();
      await next();
    } catch (error) {
      if (!isOurs(error)) throw error;
      c.res = responseOf(errorAnswer(error));
    }
    try {
      await session.commit(headOf(c));
    } catch (error) {
      const kept = new Headers(c.res.headers);
      for (const name of OF_THE_REPLACED) kept.delete(name);
      c.res = undefined;
      c.res = responseOf(session.failed(error), kept);
    }
  };
}

/** Lets only requests through that have a stored session. */
export function requireSession(): MiddlewareHandler {
  return guard((session) => session.requireSession());
}

/** Lets only requests through that are logged in. */
export function requireSubject(): MiddlewareHandler {
  return guard((session) => session.requireSubject());
}

/** Lets only requests through whose holder has lately proved again who they are, for `scope`. */
export function requireElevated(scope: string): MiddlewareHandler {
  return guard((session) => session.requireElevated(scope));
}

/** Answers the errors of this library that handlers throw, in its envelope; rethrows all others. */
export function sessionErrors(): ErrorHandler {
  return (error) => {
    if (isOurs(error)) return responseOf(errorAnswer(error));
    throw error;
  };
}

function guard(check: (session: RequestSession<unknown>) => MaybePromise<unknown>): MiddlewareHandler {
  return async (c, next) => {
    try {
      await check(sessionOf(c.var));
    } catch (error) {
      if (isOurs(error)) return responseOf(errorAnswer(error));
      throw error;
    }
    return await next();
  };
}

function requestOf(c: Context, addressOf: AddressOf): HttpRequest {
  const { protocol, pathname, host } = new URL(c.req.url);
  return {
    method: c.req.method,
    url: pathname,
    address: addressOf(c),
    encrypted: protocol === "https:",
    header: (name) => c.req.header(name) ?? (name === "host" ? host : undefined),
  };
}

function addressOfNode(c: Context): string | undefined {
  return c.env?.incoming?.socket?.remoteAddress;
}

function headOf(c: Context): ResponseHead {
  return {
    get: (name) => c.res.headers.get(name),
    set: (name, value) => c.header(name, value),
    append: (name, value) => c.header(name, value, { append: true }),
  };
}

function responseOf(answer: ErrorAnswer, headers: Headers = new Headers()): Response {
  for (const [name, value] of Object.entries(answer.headers)) headers.set(name, value);
  return new Response(answer.body, { status: answer.status, headers });
}
