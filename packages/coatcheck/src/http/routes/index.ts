/**
 * The session endpoints for any framework. `coatcheck/routes/express`, `/fastify`, `/hono` and `/node` mount them in a
 * framework. Use this module for any other framework.
 *
 * @example
 * import { type JsonObject, SessionManager } from "coatcheck";
 * import type { RequestSession } from "coatcheck/http";
 * import { SessionRoutes } from "coatcheck/routes";
 * import { memoryStore } from "coatcheck/store/memory";
 *
 * const sessions = new SessionManager({ store: memoryStore(), secrets: ["a long secret of your own"] });
 * const routes = new SessionRoutes(sessions, { authenticate: () => null });
 *
 * // Resolves to null when the request is for another path.
 * export async function handle(request: Request, session: RequestSession<JsonObject>): Promise<Response | null> {
 *   const { pathname, search } = new URL(request.url);
 *   return await routes.answer({
 *     method: request.method,
 *     url: pathname + search,
 *     session,
 *     header: (name) => request.headers.get(name) ?? undefined,
 *     body: () => request.text(),
 *   });
 * }
 *
 * @module
 */

export type {
  EventOptions,
  Identity,
  ImpersonationGrant,
  ImpersonationRoutesOptions,
  RequestedImpersonation,
  SessionRoutesOptions,
} from "./options.ts";
export type { RouteRequest } from "./request.ts";
export { type RouteControls, SessionRoutes } from "./session-routes.ts";
