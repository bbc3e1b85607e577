/**
 * The session endpoints for a `node:http` server: login, logout, devices, elevation and the event stream.
 *
 * @example
 * import { createServer } from "node:http";
 * import { SessionManager } from "coatcheck";
 * import { coatcheck } from "coatcheck/node";
 * import { sessionRoutes } from "coatcheck/routes/node";
 * import { memoryStore } from "coatcheck/store/memory";
 *
 * declare function checkPassword(credentials: object): Promise<{ id: string } | null>;
 *
 * const sessions = new SessionManager({ store: memoryStore(), secrets: ["a long secret of your own"] });
 * const routes = sessionRoutes(sessions, {
 *   authenticate: async (credentials) => {
 *     const account = await checkPassword(credentials);
 *     return account && { subject: account.id };
 *   },
 * });
 * const withSession = coatcheck(sessions);
 * createServer(
 *   withSession(async (request, response) => {
 *     if (await routes(request, response)) return;
 *     response.end("Hello");
 *   }),
 * ).listen(3000);
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { JsonObject } from "../../session/json.ts";
import type { SessionManager } from "../../session/manager.ts";
import type { MaybePromise } from "../../session/maybe-promise.ts";
import { NodeRequest, sendResponse } from "./node-exchange.ts";
import type { SessionRoutesOptions } from "./options.ts";
import { type RouteControls, SessionRoutes } from "./session-routes.ts";

/** Serves a request for a session endpoint. Returns false for any other request and leaves its response untouched. */
export type NodeRoutes<User, Data> = RouteControls<User, Data> &
  ((request: IncomingMessage, response: ServerResponse) => MaybePromise<boolean>);

/**
 * Returns a function that serves the session endpoints. Call its `close` before the server stops.
 *
 * @throws UsageError without a manager or `authenticate`, and for an unknown option.
 *
 * @example
 * const routes = sessionRoutes(sessions, { authenticate });
 * createServer(coatcheck(sessions)(async (request, response) => {
 *   if (await routes(request, response)) return;
 *   response.end("Hello");
 * }));
 */
export function sessionRoutes<User = { readonly id: string }, Data = JsonObject>(
  manager: SessionManager<Data>,
  options: SessionRoutesOptions<User, Data>,
): NodeRoutes<User, Data> {
  const routes = new SessionRoutes(manager, options);
  const serve = (request: IncomingMessage, response: ServerResponse): MaybePromise<boolean> => {
    const pending = routes.handle(new NodeRequest(request));
    if (pending === null) return false;
    return pending.then((ready) => {
      sendResponse(ready, response);
      return true;
    });
  };
  return Object.assign(serve, routes.controls);
}
