export type { EventOptions, Identity, SessionRoutesOptions } from "./options.ts";
export type { RouteRequest } from "./request.ts";
export { type RouteControls, SessionRoutes } from "./session-routes.ts";
