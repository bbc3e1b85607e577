import type { IncomingMessage, ServerResponse } from "node:http";
import type { JsonObject } from "../../session/json.ts";
import type { SessionManager } from "../../session/manager.ts";
import type { MaybePromise } from "../../session/session.ts";
import { NodeRequest, send } from "./node-answer.ts";
import type { SessionRoutesOptions } from "./options.ts";
import { type RouteControls, SessionRoutes } from "./session-routes.ts";

/** Answers what is its own; false for everything else. */
export type NodeRoutes<User, Data> = RouteControls<User, Data> &
  ((request: IncomingMessage, response: ServerResponse) => MaybePromise<boolean>);

/**
 * The session endpoints for a server of `node:http`. `close` them before the server stops.
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
  const answer = (request: IncomingMessage, response: ServerResponse): MaybePromise<boolean> => {
    const coming = routes.answer(new NodeRequest(request));
    if (coming === null) return false;
    return coming.then((ready) => {
      send(ready, response);
      return true;
    });
  };
  return Object.assign(answer, routes.controls);
}
