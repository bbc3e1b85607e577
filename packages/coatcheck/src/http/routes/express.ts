/**
 * The session endpoints for Express 5 and 4: login, logout, devices, elevation and the event stream.
 *
 * @example
 * import { SessionManager } from "coatcheck";
 * import { coatcheck } from "coatcheck/express";
 * import { sessionRoutes } from "coatcheck/routes/express";
 * import { memoryStore } from "coatcheck/store/memory";
 * import express from "express";
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
 * const app = express();
 * app.use(coatcheck(sessions), routes);
 * app.listen(3000);
 *
 * @module
 */
import type { JsonObject } from "../../session/json.ts";
import type { SessionManager } from "../../session/manager.ts";
import type { Middleware } from "../express.ts";
import { NodeRequest, sendResponse } from "./node-exchange.ts";
import type { SessionRoutesOptions } from "./options.ts";
import { type RouteControls, SessionRoutes } from "./session-routes.ts";

/**
 * Middleware that serves the session endpoints. Mount it after `coatcheck()`. In a router at `/api` the endpoints are
 * at `/api/session`. Call `close` before the server stops.
 *
 * @throws UsageError without a manager or `authenticate`, and for an unknown option.
 *
 * @example
 * app.use(coatcheck(sessions));
 * app.use(sessionRoutes(sessions, { authenticate: ({ email, password }) => checkPassword(email, password) }));
 */
export function sessionRoutes<User = { readonly id: string }, Data = JsonObject>(
  manager: SessionManager<Data>,
  options: SessionRoutesOptions<User, Data>,
): Middleware & RouteControls<User, Data> {
  const routes = new SessionRoutes(manager, options);
  const middleware: Middleware = (request, response, next) => {
    const adapted = new NodeRequest<Data>(request);
    const pending = routes.handle(adapted, () => adapted.mountPath);
    if (pending === null) next();
    else pending.then((ready) => sendResponse(ready, response)).catch(next);
  };
  return Object.assign(middleware, routes.controls);
}
