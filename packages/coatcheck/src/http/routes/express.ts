import type { JsonObject } from "../../session/json.ts";
import type { SessionManager } from "../../session/manager.ts";
import type { Middleware } from "../express.ts";
import { NodeRequest, send } from "./node-answer.ts";
import type { SessionRoutesOptions } from "./options.ts";
import { type RouteControls, SessionRoutes } from "./session-routes.ts";

/**
 * The session endpoints for Express 5 and 4. Mount them after `coatcheck()`, at the root: `base` is the whole path.
 * `close` before the server stops.
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
    const answer = routes.answer(new NodeRequest(request));
    if (answer === null) next();
    else answer.then((ready) => send(ready, response)).catch(next);
  };
  return Object.assign(middleware, routes.controls);
}
