import type { FastifyPluginCallback } from "fastify";
import type { JsonObject } from "../../session/json.ts";
import type { SessionManager } from "../../session/manager.ts";
import { sessionOf } from "../session-of.ts";
import { headerOf } from "./node-answer.ts";
import type { SessionRoutesOptions } from "./options.ts";
import { LARGEST_BODY } from "./request.ts";
import { type RouteControls, SessionRoutes } from "./session-routes.ts";

/**
 * The session endpoints for Fastify 5. Register them after `coatcheck()`, without a prefix: `base` is the whole path.
 * The open event streams end when the application closes.
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
  const plugin: FastifyPluginCallback = (app, _options, done) => {
    // The browser sends a type with an empty body too, which Fastify's own parser takes for a fault.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", { parseAs: "string", bodyLimit: LARGEST_BODY }, (_request, body, parsed) =>
      parsed(null, body),
    );
    for (const path of new Set([routes.base, `${routes.base}/*`, routes.migratePath])) {
      app.all(path, async (request, reply) => {
        const answer = await routes.answer({
          method: request.method,
          url: request.originalUrl,
          session: sessionOf<Data>(request),
          header: (name) => headerOf(request.headers, name),
          body: async () => request.body,
        });
        if (answer === null) return reply.callNotFound();
        return reply.send(answer);
      });
    }
    app.addHook("preClose", (closed) => {
      controls.close();
      closed();
    });
    done();
  };
  return Object.assign(plugin, controls);
}
