import type { App } from "coatcheck-server";

/**
 * Gives each route that is added afterwards an `operationId` in the OpenAPI document, unless the route has one. The id
 * consists of method and path, for example `getSessionsSessionIdCart`.
 */
export function addOperationIds(app: App): void {
  app.addHook("onRoute", (route) => {
    if (!route.schema || route.schema.hide || route.schema.operationId !== undefined) return;
    const [method] = [route.method].flat();
    const words = route.url.replace(/^\/api(\/v1)?\//, "").match(/[a-z0-9]+/gi) ?? [];
    const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
    route.schema.operationId = `${method?.toLowerCase()}${name}`;
  });
}
