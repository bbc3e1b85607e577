import { redirect } from "next/dist/client/components/navigation.react-server.js";
import { cookies, headers } from "next/headers.js";
import { CoatcheckError } from "../../session/errors.ts";
import type { MaybePromise } from "../../session/maybe-promise.ts";
import { isCoatcheckError } from "../error-response.ts";
import type { HttpRequest } from "../message.ts";
import type { RequestSession } from "../request-session.ts";
import type { NextOptions } from "./options.ts";
import type { ProcessSessions } from "./process-sessions.ts";
import { createPageRequest } from "./request.ts";
import { CookieHeaders } from "./set-cookies.ts";
import { isControlFlow } from "./thrown.ts";

/** A server action whose first argument is the session handle. Next.js passes the other arguments. */
export type SessionAction<Data, Args extends readonly unknown[], Result> = (
  session: RequestSession<Data>,
  ...args: Args
) => MaybePromise<Result>;

/** Creates the function `withSessionAction`. */
export function createWithSessionAction<Data>(
  sessions: ProcessSessions<Data>,
  options: Pick<NextOptions<unknown>, "signIn" | "actionsWithoutOrigin">,
) {
  return <Args extends readonly unknown[], Result>(action: SessionAction<Data, Args, Result>) =>
    async (...args: Args): Promise<Result> => {
      const jar = await cookies();
      const request = await openActionSession(sessions, jar);
      if (options.actionsWithoutOrigin !== "accept") requireOrigin(request.http);
      const check = request.session.checkCsrf(() => formFieldsOf(args));
      if (check) await check;
      let failure: unknown;
      let result: Result | undefined;
      try {
        result = await action(request.session, ...args);
      } catch (error) {
        if (!isControlFlow(error) && !isCoatcheckError(error)) throw error;
        failure = error;
      }
      const set = new CookieHeaders();
      await request.session.commit(set);
      set.applyTo(jar);
      if (failure === undefined) return result as Result;
      if (isCoatcheckError(failure) && failure.status === 401 && options.signIn) redirect(options.signIn);
      throw failure;
    };
}

async function openActionSession<Data>(
  sessions: ProcessSessions<Data>,
  jar: Awaited<ReturnType<typeof cookies>>,
): Promise<{ readonly http: HttpRequest; readonly session: RequestSession<Data> }> {
  const received = await headers();
  const opened = await sessions.get();
  const http = createPageRequest("POST", received, jar, opened.http.cookie.name);
  return { http, session: opened.http.open(http) };
}

/**
 * Rejects a request with neither `Sec-Fetch-Site` nor `Origin`. `checkCsrf` accepts such a request, because clients
 * other than browsers may call an API. Only pages call actions, so this check is stricter. Next.js itself accepts every
 * request without `Origin`.
 */
function requireOrigin(request: HttpRequest): void {
  if (request.header("sec-fetch-site") || request.header("origin")) return;
  throw new CoatcheckError(
    "FORBIDDEN",
    'The request has neither Sec-Fetch-Site nor Origin, so no browser sent it. To accept it, set actionsWithoutOrigin to "accept".',
  );
}

/** Returns the fields of the form among an action's arguments; undefined if there is no form. */
function formFieldsOf(args: readonly unknown[]): unknown {
  const form = args.find((each) => each instanceof FormData);
  return form && Object.fromEntries(form);
}
