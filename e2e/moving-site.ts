import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type JsonObject, SessionManager, type SessionManagerOptions } from "coatcheck";
import type { CsrfTokenPolicy, HttpOptions } from "coatcheck/http";
import { legacySessions, migrate, type Outcome } from "coatcheck/legacy";
import { coatcheck } from "coatcheck/node";
import { sessionRoutes } from "coatcheck/routes/node";
import { memoryStore } from "coatcheck/store/memory";
import { startFront } from "./front.ts";
import { olderLogIn, olderSet, readOlder } from "./older-cookies.ts";
import { bundle, HTML, html } from "./page.ts";
import type { User } from "./pages/user.ts";

/** What a test may want otherwise. */
export interface MovingSiteOptions {
  readonly keepOld?: boolean;
  readonly csrf?: CsrfTokenPolicy;
}

const BASE = "/api/auth/session-v2";
const MIGRATE = "/api/auth/migrate-session";

/** A site that moves over: the older system under `/old`, ours before everything else, https in front of both. */
export async function startMovingSite({ keepOld = false, csrf = "off" }: MovingSiteOptions = {}) {
  const users = new Set(["ada"]);
  const outcomes: Outcome[] = [];
  /** The `Cookie` header of each request that came through the migration. */
  const headers: string[] = [];
  const answers: { path: string; wait: Promise<void> }[] = [];
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
      readers: [olderSet],
      validate: ({ userId, plan }) => {
        if (isDown) throw new Error("The database is away.");
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
  const scripts = await bundle("plain");
  const ours = coatcheck(
    manager,
    http,
  )(async (request, response) => {
    if (await routes(request, response)) return;
    const { record, subject } = await request.session.load();
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ id: record?.id, subject, data: record?.data }));
  });

  /** As the older system always did: it knows nothing of ours. */
  function older(path: string, request: IncomingMessage, response: ServerResponse): void {
    if (path === "/old/login") response.setHeader("set-cookie", olderLogIn("ada"));
    const [, value] = /\bdott_auth_session=([^;]*)/.exec(request.headers.cookie ?? "") ?? [];
    response.writeHead(200, HTML).end(html(value ? (readOlder(value)?.userId ?? "nobody") : "nobody"));
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? "", "http://localhost").pathname;
    if (path.startsWith("/old")) return older(path, request, response);
    if (path === "/plain.js") {
      response.writeHead(200, { "content-type": "text/javascript" }).end(scripts);
    } else if (path === "/app") {
      // A file: nothing of ours stands before it.
      response.writeHead(200, HTML).end(html('<script type="module" src="/plain.js"></script>'));
    } else {
      headers.push(request.headers.cookie ?? "");
      await Promise.all(answers.filter((answer) => answer.path === path).map(({ wait }) => wait));
      migrating(request, response, () => ours(request, response));
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
  const front = await startFront(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);

  return {
    origin: front.at("app.dott.test"),
    /** The page with a client, which asks under the paths of this site. */
    app: `/app?silent&options=${encodeURIComponent(JSON.stringify({ baseUrl: BASE }))}`,
    manager,
    users,
    outcomes,
    headers,
    /** Lets no answer to `path` out until the result is called. */
    hold(path: string): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      answers.push({ path, wait: promise });
      return resolve;
    },
    /** The switch of the way back. */
    turn(on: boolean) {
      isOn = on;
    },
    /** Whether the application's database, which `validate` asks, is away. */
    breakDown(down: boolean) {
      isDown = down;
    },
    async close() {
      routes.close();
      front.close();
      server.closeAllConnections();
      server.close();
      await manager.close();
    },
  };
}
