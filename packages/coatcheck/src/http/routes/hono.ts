/**
 * The session endpoints for Hono 4: login, logout, devices, elevation and the event stream.
 *
 * @example
 * import { serve } from "@hono/node-server";
 * import { type JsonObject, SessionManager } from "coatcheck";
 * import { coatcheck, type SessionEnv } from "coatcheck/hono";
 * import { sessionRoutes } from "coatcheck/routes/hono";
 * import { memoryStore } from "coatcheck/store/memory";
 * import { Hono } from "hono";
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
 * const app = new Hono<SessionEnv<JsonObject>>();
 * app.use(coatcheck(sessions), routes);
 * serve({ fetch: app.fetch, port: 3000 });
 *
 * @module
 */
import type { MiddlewareHandler } from "hono";
import type { JsonObject } from "../../session/json.ts";
import type { SessionManager } from "../../session/manager.ts";
import type { SessionEnv } from "../hono.ts";
import { mountPathOf } from "./mount-path.ts";
import type { SessionRoutesOptions } from "./options.ts";
import { readText } from "./request.ts";
import { type RouteControls, SessionRoutes } from "./session-routes.ts";

/**
 * Middleware that serves the session endpoints. Mount it after `coatcheck()`. In an application with the base path
 * `/api` the endpoints are at `/api/session`. Call `close` before the server stops.
 *
 * @throws UsageError without a manager or `authenticate`, and for an unknown option.
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
    const adapted = {
      method: c.req.method,
      // The part after scheme and host, without parsing the URL, which would slow down requests for other paths.
      url: c.req.url.slice(c.req.url.indexOf("/", "https://".length)),
      session: c.get("session"),
      header: (name: string) => c.req.header(name),
      body: async () => (c.req.raw.bodyUsed ? await c.req.text() : await readText(c.req.raw.body ?? [])),
    };
    const pending = routes.handle(adapted, () => mountPathOf(c.req.routePath, adapted.url));
    return pending === null ? await next() : await pending;
  };
  return Object.assign(middleware, routes.controls);
}
