import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { JsonObject } from "../session/json.ts";
import type { SessionManager } from "../session/manager.ts";
import type { MaybePromise } from "../session/session.ts";
import { HttpSessions } from "./core.ts";
import { errorAnswer, isOurs } from "./error-answer.ts";
import { after, attempt } from "./maybe-promise.ts";
import { openNodeSession } from "./node-message.ts";
import { sendError } from "./node-response.ts";
import type { HttpOptions } from "./options.ts";
import type { RequestSession } from "./request-session.ts";
import { attach, sessionOf } from "./session-of.ts";

export { type RequestSession, sessionOf };

/** A request whose handle is at hand. */
export type SessionRequest<Data = JsonObject> = IncomingMessage & { readonly session: RequestSession<Data> };

/** Answers a request; may be asynchronous. */
export type SessionListener<Data> = (
  request: SessionRequest<Data>,
  response: ServerResponse,
) => MaybePromise<unknown>;

/**
 * Sessions for a server of `node:http`: makes a listener whose requests have a `session`. An error of this library that
 * the listener throws is answered in its envelope; any other is the listener's own to catch.
 *
 * @example
 * const withSession = coatcheck(manager);
 * createServer(withSession(async (request, response) => {
 *   const session = await request.session.load();
 *   response.end(session.subject ?? "nobody");
 * }));
 */
export function coatcheck<Data>(
  manager: SessionManager<Data>,
  options?: HttpOptions,
): (listener: SessionListener<Data>) => RequestListener {
  const http = new HttpSessions(manager, options);
  return (listener) => (request, response) => {
    const session = attach(request, openNodeSession(http, request, response));
    return attempt(
      () => after(session.admit(), () => listener(Object.assign(request, { session }), response)),
      () => undefined,
      (error) => {
        if (!isOurs(error)) throw error;
        sendError(response, errorAnswer(error));
      },
    );
  };
}
