/**
 * Sessions for a plain `node:http` server, without a framework.
 *
 * @example
 * import { createServer } from "node:http";
 * import { SessionManager } from "coatcheck";
 * import { coatcheck } from "coatcheck/node";
 * import { memoryStore } from "coatcheck/store/memory";
 *
 * const sessions = new SessionManager({ store: memoryStore(), secrets: ["a long secret of your own"] });
 * const withSession = coatcheck(sessions);
 * createServer(
 *   withSession(async (request, response) => {
 *     const session = await request.session.requireSubject();
 *     response.end(session.subject);
 *   }),
 * ).listen(3000);
 *
 * @module
 */
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { JsonObject } from "../../session/json.ts";
import type { SessionManager } from "../../session/manager.ts";
import type { MaybePromise } from "../../session/maybe-promise.ts";
import { andThen, attempt } from "../../session/maybe-promise.ts";
import { describeValue, usageError } from "../../session/usage-error.ts";
import { errorResponse, isCoatcheckError } from "../error-response.ts";
import { HttpSessions } from "../http-sessions.ts";
import type { HttpOptions } from "../options.ts";
import type { RequestSession } from "../request-session.ts";
import { attachSession, sessionOf } from "../session-of.ts";
import { openNodeSession } from "./exchange.ts";
import { sendError } from "./hold-response.ts";
import { createUpgradeListener, type UpgradeListener } from "./upgrade.ts";

export { type RequestSession, sessionOf, type UpgradeListener };

/** A request with its session handle. */
export type SessionRequest<Data = JsonObject> = IncomingMessage & { readonly session: RequestSession<Data> };

/** Handles a request. May be asynchronous. */
export type SessionListener<Data> = (
  request: SessionRequest<Data>,
  response: ServerResponse,
) => MaybePromise<unknown>;

/** Wraps the listeners of a `node:http` server. */
export interface WithSession<Data> {
  /** Wraps a request listener. */
  (listener: SessionListener<Data>): RequestListener;
  /**
   * Wraps a listener of the `upgrade` event, for WebSockets. Runs the CSRF checks although the method is GET, because
   * any page can open a WebSocket to this server with the visitor's cookies. Responds to a `CoatcheckError` and closes
   * the socket.
   *
   * @example
   * server.on("upgrade", withSession.upgrade(async (request, socket, head) => {
   *   const { subject, closed } = await request.session.requireSubject();
   *   webSockets.handleUpgrade(request, socket, head, (webSocket) => {
   *     closed.addEventListener("abort", () => webSocket.close(1008));
   *   });
   * }));
   */
  upgrade(listener: UpgradeListener<SessionRequest<Data>>): UpgradeListener;
}

/**
 * Returns a function that wraps a request listener, so that each request has its session handle as `request.session`.
 *
 * If the listener throws a `CoatcheckError`, the response is that error as JSON. Other errors are rethrown: the
 * listener must catch them.
 *
 * @throws UsageError without a manager, and for an unknown option.
 * @throws CoatcheckError `VALIDATION_FAILED` for invalid cookie options, trusted origins or trusted proxies.
 * @example
 * const withSession = coatcheck(manager);
 * createServer(withSession(async (request, response) => {
 *   const session = await request.session.load();
 *   response.end(session.subject ?? "anonymous");
 * }));
 */
export function coatcheck<Data>(manager: SessionManager<Data>, options?: HttpOptions): WithSession<Data> {
  const http = new HttpSessions(manager, options);
  const withSession = (listener: SessionListener<Data>, ...none: []): RequestListener => {
    requireListener("coatcheck(manager)(listener)", listener, none);
    return (request, response) => {
      const session = attachSession(request, openNodeSession(http, request, response));
      return attempt(
        () =>
          andThen(
            session.checkCsrf(() => Reflect.get(request, "body")),
            () => listener(Object.assign(request, { session }), response),
          ),
        () => undefined,
        (error) => {
          if (!isCoatcheckError(error)) throw error;
          if (response.headersSent) session.failed(error);
          sendError(response, errorResponse(error));
        },
      );
    };
  };
  return Object.assign(withSession, {
    upgrade: (listener: UpgradeListener<SessionRequest<Data>>, ...none: []) => {
      requireListener("withSession.upgrade(listener)", listener, none);
      return createUpgradeListener(http, listener);
    },
  });
}

/** Checks the arguments of a call that wraps a listener. Options passed here would be ignored. Throws `UsageError`. */
function requireListener(call: string, listener: unknown, others: readonly unknown[]): void {
  if (typeof listener !== "function") {
    const message = `must be a function (got ${describeValue(listener)})`;
    throw usageError(`call of ${call}`, [{ path: "listener", message }]);
  }
  if (others.length === 0) return;
  const message = "takes no second argument; the options belong to coatcheck(manager, options)";
  throw usageError(`call of ${call}`, [{ path: "", message }]);
}
