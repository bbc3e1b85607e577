import type { MiddlewareHandler } from "hono";
import type { JsonObject } from "../../session/json.ts";
import type { SessionManager } from "../../session/manager.ts";
import type { SessionEnv } from "../hono.ts";
import type { SessionRoutesOptions } from "./options.ts";
import { readText } from "./request.ts";
import { type RouteControls, SessionRoutes } from "./session-routes.ts";

/**
 * The session endpoints for Hono. Use them after `coatcheck()`, at the root: `base` is the whole path. `close` them
 * before the server stops.
 *
 * @example
 * app.use(coatcheck(sessions));
 * app.use(sessionRoutes(sessions, { authenticate }));
 */
export function sessionRoutes<User = { readonly id: string }, Data = JsonObject>(
  manager: SessionManager<Data>,
  options: SessionRoutesOptions<User, Data>,
): MiddlewareHandler<SessionEnv<Data>> & RouteControls<User, Data> {
  const routes = new SessionRoutes(manager, options);
  const middleware: MiddlewareHandler<SessionEnv<Data>> = async (c, next) => {
    const answer = routes.answer({
      method: c.req.method,
      // What follows scheme and host; parsing the whole would cost every request that is none of ours.
      url: c.req.url.slice(c.req.url.indexOf("/", "https://".length)),
      session: c.get("session"),
      header: (name) => c.req.header(name),
      body: async () => (c.req.raw.bodyUsed ? await c.req.text() : await readText(c.req.raw.body ?? [])),
    });
    return answer === null ? await next() : await answer;
  };
  return Object.assign(middleware, routes.controls);
}
