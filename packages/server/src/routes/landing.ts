import type { SessionCache } from "coatcheck/cache";
import { sessionOf } from "coatcheck/fastify";
import type { FastifyRequest } from "fastify";
import type { App } from "../fastify-app.ts";
import { commandsOf, LANDING_POLICY, type LandingPageData, landingPage } from "../landing-page.ts";
import { isLoopbackHost } from "../request-sessions.ts";
import { VERSION } from "../version.ts";
import { successBody } from "../views.ts";
import type { RouteContext } from "./context.ts";

/** Details of the installation that the landing page displays. */
export interface Installation {
  /** Name of the store. Default: `memory`. */
  readonly store?: string;
  /** URL of the shop that uses the service. Default: null. */
  readonly shopUrl?: string | null;
  /**
   * File with the generated admin token. The page displays its path only to requests from this machine. Default: null.
   */
  readonly adminTokenFile?: string | null;
}

/** Adds the landing page at `/`: HTML for browsers, JSON for programs. */
export function landingRoute(
  app: App,
  { manager, clock }: Pick<RouteContext, "manager" | "clock">,
  cache: Pick<SessionCache, "metrics">,
  { store = "memory", shopUrl = null, adminTokenFile = null }: Installation,
): void {
  const startedAt = clock.now();

  async function landingOf(request: FastifyRequest): Promise<LandingPageData> {
    const counts = await manager.stats().catch(() => null);
    const { protocol, host } = sessionOf(request).client;
    const isLocal = isLoopbackHost(host ?? "");
    return {
      version: VERSION,
      isHealthy: counts !== null,
      store,
      cache: cache.metrics().shared === null ? "In this process" : "In this process and Redis",
      liveSessions: counts?.active ?? null,
      uptime: Math.floor((clock.now() - startedAt) / 1000),
      url: `${protocol}://${isHost(host) ? host : "localhost"}`,
      // Clients on other machines cannot open a shop on this machine's loopback address.
      shopUrl: shopUrl !== null && (isLocal || !isLoopbackHost(new URL(shopUrl).host)) ? shopUrl : null,
      adminToken: isLocal && adminTokenFile !== null ? `$(cat '${adminTokenFile}')` : "$ADMIN_TOKEN",
    };
  }

  app.get("/", { schema: { hide: true } }, async (request, reply) => {
    const landing = await landingOf(request);
    reply.headers({ "cache-control": "no-store", vary: "Accept" });
    if (!prefersHtml(request.headers.accept)) {
      const { adminToken: _adminToken, url, ...facts } = landing;
      const links = {
        api: `${url}/api/v1/sessions`,
        reference: `${url}/docs`,
        openapi: `${url}/openapi.json`,
        health: `${url}/health`,
      };
      return successBody({
        name: "Coatcheck",
        ...facts,
        links,
        commands: Object.fromEntries(commandsOf(landing)),
      });
    }
    return reply
      .type("text/html; charset=utf-8")
      .header("content-security-policy", LANDING_POLICY)
      .send(landingPage(landing));
  });
}

/** Whether the `Accept` header contains `text/html`. Browsers send it; curl and HTTP libraries accept any type. */
function prefersHtml(accept = ""): boolean {
  return /\btext\/html\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i.test(accept);
}

/** Whether the host is safe to show in a shell command. The client controls the Host header. */
function isHost(host: string | null): host is string {
  return host !== null && /^([\w.-]+|\[[\da-f:.]+\])(:\d{1,5})?$/i.test(host);
}
