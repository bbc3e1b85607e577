/**
 * Sessions for Hono 4, on every runtime that has `node:crypto`.
 *
 * @example
 * import { serve } from "@hono/node-server";
 * import { SessionManager } from "coatcheck";
 * import { coatcheck, requireSubject, type SessionEnv, sessionErrors } from "coatcheck/hono";
 * import { memoryStore } from "coatcheck/store/memory";
 * import { Hono } from "hono";
 *
 * interface Data {
 *   theme?: string;
 * }
 *
 * const sessions = new SessionManager<Data>({ store: memoryStore(), secrets: ["a long secret of your own"] });
 * const app = new Hono<SessionEnv<Data>>();
 * app.use(coatcheck(sessions));
 * app.onError(sessionErrors());
 * app.get("/account", requireSubject(), async (c) => {
 *   const session = await c.get("session").load();
 *   return c.json({ subject: session.subject, theme: session.data.theme });
 * });
 * serve({ fetch: app.fetch, port: 3000 });
 *
 * @module
 */
import type { Context, ErrorHandler, MiddlewareHandler } from "hono";
import { requireKnownOptions, requireObject } from "../session/known-options.ts";
import type { SessionManager } from "../session/manager.ts";
import type { MaybePromise } from "../session/maybe-promise.ts";
import { requireStrings } from "../session/strings.ts";
import { DROPPED_ON_ERROR, type ErrorResponse, errorResponse, isCoatcheckError } from "./error-response.ts";
import { HttpSessions } from "./http-sessions.ts";
import type { HttpRequest, ResponseHeaders } from "./message.ts";
import type { HttpOptions } from "./options.ts";
import type { RequestSession } from "./request-session.ts";
import { requireCalled } from "./require-called.ts";
import { requireOwnLogin } from "./require-own-login.ts";
import { sessionOf } from "./session-of.ts";

export type { RequestSession };

/** For `new Hono<SessionEnv<Data>>()`: types `c.get("session")` as the session handle. */
export interface SessionEnv<Data> {
  Variables: {
    session: RequestSession<Data>;
    /** The id of the visitor; null if no visits are collected. */
    visitorId: string | null;
  };
}

/**
 * Returns the IP address of the connection's peer. Servers other than `@hono/node-server` offer `getConnInfo` for it.
 */
export type AddressOf = (context: Context) => string | undefined;

/** The options of {@link coatcheck}. */
export interface HonoOptions extends HttpOptions {
  /** Default: reads `c.env.incoming`, which `@hono/node-server` sets. */
  readonly addressOf?: AddressOf;
}

/**
 * Middleware that sets `c.get("session")` to the session handle and runs the CSRF checks.
 *
 * @throws UsageError without a manager, and for an unknown option.
 * @throws CoatcheckError `VALIDATION_FAILED` for invalid cookie options, trusted origins or trusted proxies.
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
  requireObject("options of coatcheck()", options);
  const { addressOf = nodePeerAddress, ...httpOptions } = options;
  requireKnownOptions("options of coatcheck()", { addressOf }, { addressOf: "function" });
  const http = new HttpSessions(manager, httpOptions);
  return async (c, next) => {
    const session = http.open(new HonoRequest(c, addressOf));
    c.set("session", session);
    c.set("visitorId", session.visitorId);
    let unhandled: { readonly error: unknown } | null = null;
    try {
      const check = session.checkCsrf(() => formFieldsOf(c));
      if (check) await check;
      await next();
    } catch (error) {
      if (isCoatcheckError(error)) c.res = toErrorResponse(errorResponse(error));
      else unhandled = { error };
    }
    try {
      // Commit after an error too, because the handler may have logged the visitor in or out before it failed.
      const commit = session.commit(responseHeadersOf(c), unhandled ? 500 : c.res.status);
      if (commit) await commit;
    } catch (error) {
      const kept = new Headers(c.res.headers);
      for (const name of DROPPED_ON_ERROR) kept.delete(name);
      c.res = undefined;
      c.res = toErrorResponse(session.failed(error), kept);
    }
    // Hono passes the error to the application's error handler, whose response keeps the headers of this context.
    if (unhandled) throw unhandled.error;
  };
}

/** Requires a stored session, else responds 401. */
export function requireSession(...none: []): MiddlewareHandler {
  requireCalled("requireSession", none);
  return createCheckMiddleware((session) => session.requireSession());
}

/** Requires a login, else responds 401. */
export function requireSubject(...none: []): MiddlewareHandler {
  requireCalled("requireSubject", none);
  return createCheckMiddleware((session) => session.requireSubject());
}

/** Requires a login and a current elevation for `scope`, else responds 401 or 403 `REAUTHENTICATION_REQUIRED`. */
export function requireElevated(scope: string): MiddlewareHandler {
  requireStrings({ scope });
  return createCheckMiddleware((session) => session.requireElevated(scope));
}

/** Requires a login that is not an impersonation, else responds 401 or 403 `FORBIDDEN`. `action` is for the message. */
export function forbidWhileImpersonating(action: string): MiddlewareHandler {
  requireStrings({ action });
  return createCheckMiddleware((session) => requireOwnLogin(session, action));
}

/** Requires a valid JWT, else responds 401. Loads no session. */
export function requireJwt(...none: []): MiddlewareHandler {
  requireCalled("requireJwt", none);
  return createCheckMiddleware((session) => session.requireJwt());
}

/**
 * For `onError`: responds to a `CoatcheckError` with its status and JSON.
 *
 * @param otherwise the application's handler of other errors. Default: responds as Hono does without `onError`. An
 *   `HTTPException` has its own response; any other error is logged, and the response is 500.
 * @example
 * app.onError(sessionErrors((error, c) => c.text(`Failed: ${error.name}`, 500)));
 */
export function sessionErrors(otherwise: ErrorHandler = respondAsHono): ErrorHandler {
  if (typeof otherwise !== "function") requireCalled("sessionErrors", [otherwise]);
  return (error, c) =>
    isCoatcheckError(error) ? toErrorResponse(errorResponse(error)) : otherwise(error, c);
}

/** Does the same as Hono's own error handler, because Hono does not export that handler. */
const respondAsHono: ErrorHandler = (error, c) => {
  if ("getResponse" in error) {
    const response = error.getResponse();
    return c.newResponse(response.body, response);
  }
  console.error(error);
  return c.text("Internal Server Error", 500);
};

function createCheckMiddleware(
  check: (session: RequestSession<unknown>) => MaybePromise<unknown>,
): MiddlewareHandler {
  return async (c, next) => {
    try {
      await check(sessionOf(c.var));
    } catch (error) {
      if (isCoatcheckError(error)) return toErrorResponse(errorResponse(error));
      throw error;
    }
    return await next();
  };
}

/** Reads the context lazily, because most requests never load their session, and parsing a URL takes a microsecond. */
class HonoRequest implements HttpRequest {
  readonly #context: Context;
  readonly #addressOf: AddressOf;
  #url: URL | null = null;

  constructor(context: Context, addressOf: AddressOf) {
    this.#context = context;
    this.#addressOf = addressOf;
  }

  get method(): string {
    return this.#context.req.method;
  }

  get url(): string {
    return this.#parsedUrl.pathname + this.#parsedUrl.search;
  }

  get address(): string | undefined {
    return this.#addressOf(this.#context);
  }

  get encrypted(): boolean {
    return this.#parsedUrl.protocol === "https:";
  }

  header(name: string): string | undefined {
    return this.#context.req.header(name) ?? (name === "host" ? this.#parsedUrl.host : undefined);
  }

  get #parsedUrl(): URL {
    this.#url ??= new URL(this.#context.req.url);
    return this.#url;
  }
}

/**
 * Returns the fields of a form; undefined for a malformed form. Hono caches the parsed body, so the handler can read it
 * too.
 */
async function formFieldsOf(c: Context): Promise<unknown> {
  return await c.req.parseBody().catch(() => undefined);
}

function nodePeerAddress(c: Context): string | undefined {
  return c.env?.incoming?.socket?.remoteAddress;
}

function responseHeadersOf(c: Context): ResponseHeaders {
  return {
    get: (name) => c.res.headers.get(name),
    set: (name, value) => c.header(name, value),
    append: (name, value) => c.header(name, value, { append: true }),
  };
}

function toErrorResponse(error: ErrorResponse, headers: Headers = new Headers()): Response {
  for (const [name, value] of Object.entries(error.headers)) headers.set(name, value);
  return new Response(error.body, { status: error.status, headers });
}
