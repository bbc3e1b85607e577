export type { EventOptions, Identity, MigratedIdentity, SessionRoutesOptions } from "./options.ts";
export type { RouteRequest } from "./request.ts";
export { type RouteControls, SessionRoutes } from "./session-routes.ts";
