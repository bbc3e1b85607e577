/**
 * The session endpoints for Fastify 5: login, logout, devices, elevation and the event stream.
 *
 * @example
 * import { SessionManager } from "coatcheck";
 * import { coatcheck } from "coatcheck/fastify";
 * import { sessionRoutes } from "coatcheck/routes/fastify";
 * import { memoryStore } from "coatcheck/store/memory";
 * import fastify from "fastify";
 *
 * declare function checkPassword(credentials: object): Promise<{ id: string } | null>;
 *
 * const sessions = new SessionManager({ store: memoryStore(), secrets: ["a long secret of your own"] });
 * const app = fastify();
 * await app.register(coatcheck(sessions));
 * await app.register(
 *   sessionRoutes(sessions, {
 *     authenticate: async (credentials) => {
 *       const account = await checkPassword(credentials);
 *       return account && { subject: account.id };
 *     },
 *   }),
 * );
 * await app.listen({ port: 3000 });
 *
 * @module
 */
import type { FastifyPluginCallback } from "fastify";
import type { JsonObject } from "../../session/json.ts";
import type { SessionManager } from "../../session/manager.ts";
import { registerOptionsError } from "../register-options.ts";
import { sessionOf } from "../session-of.ts";
import { mountPathOf, pathBelow } from "./mount-path.ts";
import { headerValue } from "./node-exchange.ts";
import type { SessionRoutesOptions } from "./options.ts";
import { MAX_BODY_BYTES } from "./request.ts";
import { type RouteControls, SessionRoutes } from "./session-routes.ts";

/**
 * Plugin that serves the session endpoints. Register it after `coatcheck()`. With the prefix `/api` the endpoints are
 * at `/api/session`. Open event streams end when the application closes.
 *
 * @throws UsageError without a manager or `authenticate`, and for an unknown option. `register` throws it for an option
 *   that belongs here.
 *
 * @example
 * await app.register(coatcheck(sessions));
 * await app.register(sessionRoutes(sessions, { authenticate }));
 */
export function sessionRoutes<User = { readonly id: string }, Data = JsonObject>(
  manager: SessionManager<Data>,
  options: SessionRoutesOptions<User, Data>,
): FastifyPluginCallback & RouteControls<User, Data> {
  const routes = new SessionRoutes(manager, options);
  const { controls } = routes;
  const plugin: FastifyPluginCallback = (app, registerOptions, done) => {
    const misplaced = registerOptionsError("sessionRoutes(manager, options)", registerOptions);
    if (misplaced) return done(misplaced);
    // The browser client sends a content type even with an empty body, which Fastify's JSON parser rejects.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser(
      "*",
      { parseAs: "string", bodyLimit: MAX_BODY_BYTES },
      (_request, body, parsed) => parsed(null, body),
    );
    const { prefix } = app;
    const base = pathBelow(prefix, routes.base);
    for (const path of new Set([base, `${base}/*`, pathBelow(prefix, routes.migratePath)])) {
      app.all(path, async (request, reply) => {
        const adapted = {
          method: request.method,
          url: request.originalUrl,
          session: sessionOf<Data>(request),
          header: (name: string) => headerValue(request.headers, name),
          body: async () => request.body,
        };
        const response = await routes.handle(adapted, () => mountPathOf(prefix, request.originalUrl));
        if (response === null) return reply.callNotFound();
        return reply.send(response);
      });
    }
    app.addHook("preClose", (next) => {
      controls.close();
      next();
    });
    done();
  };
  return Object.assign(plugin, controls);
}
