import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type JsonObject, SessionManager, type SessionManagerOptions } from "coatcheck";
import type { CsrfTokenPolicy, HttpOptions } from "coatcheck/http";
import { legacySessions, migrate, type Outcome } from "coatcheck/legacy";
import { coatcheck } from "coatcheck/node";
import { sessionRoutes } from "coatcheck/routes/node";
import { memoryStore } from "coatcheck/store/memory";
import { startTlsProxy } from "./front.ts";
import { legacyCookieSet, legacyLogin, readLegacyCookie } from "./older-cookies.ts";
import { bundlePage, HTML, html } from "./page.ts";
import type { User } from "./pages/user.ts";

/** Options of the migrating site. */
export interface MigrationSiteOptions {
  readonly keepOld?: boolean;
  readonly csrf?: CsrfTokenPolicy;
}

const BASE = "/api/auth/session-v2";
const MIGRATE = "/api/auth/migrate-session";

/** Starts a site that migrates: the legacy application under `/old`, Coatcheck on all other paths, https in front. */
export async function startMigrationSite({ keepOld = false, csrf = "off" }: MigrationSiteOptions = {}) {
  const users = new Set(["ada"]);
  const outcomes: Outcome[] = [];
  /** The `Cookie` header of each request that passed the migration. */
  const headers: string[] = [];
  const held: { path: string; wait: Promise<void> }[] = [];
  let isOn = true;
  let isDown = false;

  const madeOf: SessionManagerOptions<JsonObject> = {
    store: memoryStore(),
    secrets: ["a secret of the new site"],
  };
  const manager = new SessionManager(madeOf);
  const http: HttpOptions = { csrf: { token: csrf, initPath: `${BASE}/init` }, trustProxy: 1 };
  const migrating = legacySessions(
    migrate({
      manager,
      madeOf,
      http,
      readers: [legacyCookieSet],
      validate: ({ userId, plan }) => {
        if (isDown) throw new Error("The application's database is down.");
        return users.has(userId) ? { subject: userId, data: { plan: JSON.stringify(plan) } } : null;
      },
      clear: { domains: [".dott.test"], paths: ["/dashboard", "/api"] },
      enabled: () => isOn,
      keepOld,
      observe: (outcome) => outcomes.push(outcome),
    }),
  );
  const routes = sessionRoutes<User>(manager, {
    authenticate: () => null,
    user: (name) => ({ name }),
    base: BASE,
    migratePath: MIGRATE,
  });
  const scripts = await bundlePage("plain");
  const application = coatcheck(
    manager,
    http,
  )(async (request, response) => {
    if (await routes(request, response)) return;
    const { record, subject } = await request.session.load();
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ id: record?.id, subject, data: record?.data }));
  });

  /** The legacy application, which knows nothing of Coatcheck. */
  function legacy(path: string, request: IncomingMessage, response: ServerResponse): void {
    if (path === "/old/login") response.setHeader("set-cookie", legacyLogin("ada"));
    const [, value] = /\bdott_auth_session=([^;]*)/.exec(request.headers.cookie ?? "") ?? [];
    response.writeHead(200, HTML).end(html(value ? (readLegacyCookie(value)?.userId ?? "guest") : "guest"));
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? "", "http://localhost").pathname;
    if (path.startsWith("/old")) return legacy(path, request, response);
    if (path === "/plain.js") {
      response.writeHead(200, { "content-type": "text/javascript" }).end(scripts);
    } else if (path === "/app") {
      // A static file: it passes neither the migration nor Coatcheck.
      response.writeHead(200, HTML).end(html('<script type="module" src="/plain.js"></script>'));
    } else {
      headers.push(request.headers.cookie ?? "");
      await Promise.all(held.filter((entry) => entry.path === path).map(({ wait }) => wait));
      migrating(request, response, () => application(request, response));
    }
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((error) => {
      console.error(error);
      response.destroy();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy = await startTlsProxy(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);

  return {
    origin: proxy.at("app.dott.test"),
    /** The path of the page with a client, which uses the base path of this site. */
    app: `/app?silent&options=${encodeURIComponent(JSON.stringify({ baseUrl: BASE }))}`,
    manager,
    users,
    outcomes,
    headers,
    /** Holds back responses to `path` until the returned function is called. */
    hold(path: string): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      held.push({ path, wait: promise });
      return resolve;
    },
    /** Switches the migration on or off. */
    enable(on: boolean) {
      isOn = on;
    },
    /** Makes the application's database, which `validate` reads, fail. */
    setDown(down: boolean) {
      isDown = down;
    },
    async close() {
      routes.close();
      proxy.close();
      server.closeAllConnections();
      server.close();
      await manager.close();
    },
  };
}
