import type { IncomingMessage, ServerResponse } from "node:http";
import { type JsonObject, SessionManager, type SessionManagerOptions } from "coatcheck";
import type { CsrfTokenPolicy, HttpOptions } from "coatcheck/http";
import { legacySessions, type MigrationOutcome, migrate } from "coatcheck/legacy";
import { coatcheck } from "coatcheck/node";
import { sessionRoutes } from "coatcheck/routes/node";
import { memoryStore } from "coatcheck/store/memory";
import { legacyCookieSet, legacyLogin, readLegacyCookie } from "./legacy-cookie-fixtures.ts";
import { startLocalServer } from "./local-server.ts";
import { bundlePage, HTML_HEADERS, renderHtml } from "./page-fixtures.ts";
import type { User } from "./pages/user.ts";
import { createResponseGates } from "./response-gates.ts";
import { startTlsProxy } from "./tls-proxy-fixtures.ts";

/** Options of the migrating site. */
export interface MigrationSiteOptions {
  readonly keepLegacy?: boolean;
  readonly csrf?: CsrfTokenPolicy;
}

const BASE_PATH = "/api/auth/session-v2";
const MIGRATION_PATH = "/api/auth/migrate-session";

/** Serves the legacy application, which does not use Coatcheck. */
function serveLegacy(path: string, request: IncomingMessage, response: ServerResponse): void {
  if (path === "/old/login") response.setHeader("set-cookie", legacyLogin("ada"));
  const [, value] = /\bdott_auth_session=([^;]*)/.exec(request.headers.cookie ?? "") ?? [];
  response
    .writeHead(200, HTML_HEADERS)
    .end(renderHtml(value ? (readLegacyCookie(value)?.userId ?? "guest") : "guest"));
}

/** Creates the new application: the session endpoints, and a path that returns the session. */
function createApplication(manager: SessionManager<JsonObject>, http: HttpOptions) {
  const routes = sessionRoutes<User>(manager, {
    authenticate: () => null,
    user: (name) => ({ name }),
    base: BASE_PATH,
    migratePath: MIGRATION_PATH,
  });
  const handle = coatcheck(
    manager,
    http,
  )(async (request, response) => {
    if (await routes(request, response)) return;
    const { record, subject } = await request.session.load();
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ id: record?.id, subject, data: record?.data }));
  });
  return { handle, close: () => routes.close() };
}

/**
 * Starts a site that migrates sessions: the legacy application under `/old`, the new application on all other paths.
 */
export async function startMigrationSite({ keepLegacy = false, csrf = "off" }: MigrationSiteOptions = {}) {
  const users = new Set(["ada"]);
  const outcomes: MigrationOutcome[] = [];
  /** The `Cookie` header of each request that the migration handled. */
  const headers: string[] = [];
  const gates = createResponseGates();
  let isOn = true;
  let isDown = false;

  const managerOptions: SessionManagerOptions<JsonObject> = {
    store: memoryStore(),
    secrets: ["a secret of the new site"],
  };
  const manager = new SessionManager(managerOptions);
  const http: HttpOptions = { csrf: { token: csrf, initPath: `${BASE_PATH}/init` }, trustProxy: 1 };
  const migrating = legacySessions(
    migrate({
      manager,
      http,
      readers: [legacyCookieSet],
      validate: ({ userId, plan }) => {
        if (isDown) throw new Error("The application's database is down.");
        return users.has(userId) ? { subject: userId, data: { plan: JSON.stringify(plan) } } : null;
      },
      clear: { domains: [".dott.test"], paths: ["/dashboard", "/api"] },
      enabled: () => isOn,
      keepLegacy,
      observe: (outcome) => outcomes.push(outcome),
    }),
  );
  const application = createApplication(manager, http);
  const scripts = await bundlePage("plain");

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? "", "http://localhost").pathname;
    if (path.startsWith("/old")) return serveLegacy(path, request, response);
    if (path === "/plain.js") {
      response.writeHead(200, { "content-type": "text/javascript" }).end(scripts);
    } else if (path === "/app") {
      // A static file: neither the migration nor Coatcheck handles the request.
      response
        .writeHead(200, HTML_HEADERS)
        .end(renderHtml('<script type="module" src="/plain.js"></script>'));
    } else {
      headers.push(request.headers.cookie ?? "");
      await gates.waitForRelease(path);
      migrating(request, response, () => application.handle(request, response));
    }
  }

  const server = await startLocalServer(serve);
  const proxy = await startTlsProxy(`http://127.0.0.1:${server.port}`);

  return {
    origin: proxy.originOf("app.dott.test"),
    /** The path of a page with a session client that uses this site's base path. */
    app: `/app?silent&options=${encodeURIComponent(JSON.stringify({ baseUrl: BASE_PATH }))}`,
    manager,
    users,
    outcomes,
    headers,
    /** Holds back responses to a path until the returned function is called. */
    hold: gates.hold,
    /** Switches the migration on or off. */
    enable(on: boolean) {
      isOn = on;
    },
    /** Makes the application's database fail. `validate` reads this database. */
    setDown(down: boolean) {
      isDown = down;
    },
    async close() {
      application.close();
      proxy.close();
      server.close();
      await manager.close();
    },
  };
}
