import { cookies } from "next/headers.js";
import type { NextRequest } from "next/server.js";
import type { MaybePromise } from "../../session/maybe-promise.ts";
import type { Session } from "../../session/session.ts";
import { DROPPED_ON_ERROR, type ErrorResponse, errorResponse, isCoatcheckError } from "../error-response.ts";
import type { LoadOptions } from "../options.ts";
import type { RequestSession } from "../request-session.ts";
import type { ProcessSessions } from "./process-sessions.ts";
import { fetchRequest } from "./request.ts";
import { CookieHeaders } from "./set-cookies.ts";
import { controlFlowStatus, isControlFlow } from "./thrown.ts";

/** The login of a request: fields of its session, and the user. */
export interface ServerSession<User, Data> {
  /** The id of the session, a UUID. It is not secret, so it may be logged. */
  readonly id: string;
  readonly subject: string;
  readonly tenant: string | null;
  readonly user: User;
  /** The session's data, writable. Assignments are stored before the response is sent. */
  readonly data: Data;
}

/** The request of a route handler. */
export type SessionRequest<User, Data> = NextRequest & {
  /** The login; null if no user is logged in. */
  readonly session: ServerSession<User, Data> | null;
  /** The session handle, for anonymous visitors, login, logout and elevation. */
  readonly requestSession: RequestSession<Data>;
};

/** Builds a JSON response, in the style of Express. */
export class ResponseBuilder {
  readonly headers = new Headers();
  #status = 200;

  /** Sets the status of the response. Default: 200. */
  status(code: number): this {
    this.#status = code;
    return this;
  }

  /** Returns the response, with `body` as JSON. */
  json(body: unknown): Response {
    return Response.json(body, { status: this.#status, headers: this.headers });
  }
}

/** Handles a request. Next.js passes the third argument, with the parameters of the route. */
export type ServerSessionHandler<User, Data, Context> = (
  request: SessionRequest<User, Data>,
  response: ResponseBuilder,
  context: Context,
) => MaybePromise<Response>;

/** A route handler as Next.js calls it. */
export type RouteHandler<Context> = (request: NextRequest, context: Context) => Promise<Response>;

/** A handler that loads the session itself, or not at all. */
export type RequestSessionHandler<Data, Context> = (
  request: NextRequest,
  session: RequestSession<Data>,
  context: Context,
) => MaybePromise<Response>;

/** Creates the function `withRequestSession`. */
export function createWithRequestSession<Data>(sessions: ProcessSessions<Data>) {
  return <Context = unknown>(handler: RequestSessionHandler<Data, Context>): RouteHandler<Context> =>
    async (request, context) => {
      // Without this read, Next.js would run a GET handler once, at build time, and send its response to every visitor.
      request.headers.get("cookie");
      const { http } = await sessions.get();
      const session = http.open(fetchRequest(request));
      return await runHandler(session, async () => {
        const check = session.checkCsrf(() => formFieldsOf(request));
        if (check) await check;
        return await handler(request, session, context);
      });
    };
}

/** Creates the function `withServerSession`. */
export function createWithServerSession<User, Data>(
  sessions: ProcessSessions<Data>,
  userOf: (session: Session<Data>) => MaybePromise<User | null>,
) {
  const withRequestSession = createWithRequestSession(sessions);
  return <Context = unknown>(
    handler: ServerSessionHandler<User, Data, Context>,
    options?: LoadOptions,
  ): RouteHandler<Context> =>
    withRequestSession(async (request, requestSession, context) => {
      const session = await toServerSession(await requestSession.load(options), userOf);
      return await handler(
        Object.assign(request, { session, requestSession }),
        new ResponseBuilder(),
        context,
      );
    });
}

/** Runs the handler, commits, and returns the response with the session's headers. */
async function runHandler<Data>(
  session: RequestSession<Data>,
  handle: () => Promise<Response>,
): Promise<Response> {
  let response: Response;
  try {
    response = await handle();
  } catch (error) {
    const status = controlFlowStatus(error);
    if (status === null && isControlFlow(error)) {
      const failure = await commitToCookies(session);
      if (failure) return toErrorResponse(failure);
      throw error;
    }
    if (status === null && !isCoatcheckError(error)) throw error;
    response = status === null ? toErrorResponse(errorResponse(error)) : new Response(null, { status });
  }
  const sent = withMutableHeaders(response);
  try {
    const commit = session.commit(sent.headers, sent.status);
    if (commit) await commit;
    return sent;
  } catch (error) {
    for (const name of DROPPED_ON_ERROR) sent.headers.delete(name);
    return toErrorResponse(session.failed(error), sent.headers);
  }
}

/** Returns the response itself, or a copy if its headers are immutable, as after a redirect or `fetch`. */
function withMutableHeaders(response: Response): Response {
  try {
    // No response has this header, so the call has no effect. It throws if the headers are immutable (Fetch Standard
    // §5.1).
    response.headers.delete("x-coatcheck-none");
    return response;
  } catch {
    const { body, status, statusText, headers } = response;
    return new Response(body, { status, statusText, headers });
  }
}

/**
 * Commits before `redirect()` ends the handler. Next.js then builds the response with the cookies that are set here.
 */
async function commitToCookies<Data>(session: RequestSession<Data>): Promise<ErrorResponse | null> {
  const headers = new CookieHeaders();
  try {
    await session.commit(headers, 307);
  } catch (error) {
    return session.failed(error);
  }
  headers.applyTo(await cookies());
  return null;
}

/** Returns the login of a session; null while anonymous, and when the user no longer exists. */
async function toServerSession<User, Data>(
  session: Session<Data>,
  userOf: (session: Session<Data>) => MaybePromise<User | null>,
): Promise<ServerSession<User, Data> | null> {
  const { id, subject, tenant } = session;
  if (subject === null) return null;
  const user = await userOf(session);
  if (user === null) return null;
  return {
    id,
    subject,
    tenant,
    user,
    get data() {
      return session.data;
    },
  };
}

/**
 * Returns the fields of a form; undefined for any other body. Reads a copy, so that the handler can read the body too.
 */
async function formFieldsOf(request: Request): Promise<unknown> {
  const form = await request
    .clone()
    .formData()
    .catch(() => undefined);
  return form && Object.fromEntries(form);
}

function toErrorResponse(error: ErrorResponse, headers: Headers = new Headers()): Response {
  for (const [name, value] of Object.entries(error.headers)) headers.set(name, value);
  return new Response(error.body, { status: error.status, headers });
}
