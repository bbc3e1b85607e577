import type { FastifyReply, FastifyRequest } from "fastify";
import { sendMethodNotAllowed, sendRouteNotFound } from "./error-response.ts";
import type { App } from "./fastify-app.ts";

/** Responds to requests that match no route: 405 for a known path (RFC 9110 §15.5.6), otherwise 404. */
export function registerUnknownRoutes(app: App): void {
  const routes: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];
  app.addHook("onRoute", ({ url, method }) => {
    routes.push({ pattern: patternOf(url), methods: [method].flat() });
  });
  app.setNotFoundHandler((request: FastifyRequest, reply: FastifyReply) => {
    const [path = ""] = request.url.split(/[?#]/, 1);
    const methods = routes.filter(({ pattern }) => pattern.test(path)).flatMap((route) => route.methods);
    if (methods.length === 0 || methods.includes(request.method)) return sendRouteNotFound(request, reply);
    return sendMethodNotAllowed(request, reply, [...new Set(methods)].sort());
  });
}

/** Returns a pattern for the paths of a route: `:name` matches one segment, `*` matches everything that follows. */
function patternOf(url: string): RegExp {
  const source = url
    .replace(/[.+?^${}()|[\]\\]/g, "\\$&")
    .replace(/:\w+/g, "[^/]+")
    .replace(/\*/g, ".*");
  return new RegExp(`^${source}$`);
}
