import type { IncomingMessage, ServerResponse } from "node:http";
import { type JsonObject, SessionManager, type SessionManagerOptions, type SessionPolicy } from "coatcheck";
import { createSessionClient, type SessionView } from "coatcheck/client";
import { describeClient } from "coatcheck/device";
import type { HttpOptions } from "coatcheck/http";
import { coatcheck } from "coatcheck/node";
import type { EventOptions } from "coatcheck/routes";
import { sessionRoutes } from "coatcheck/routes/node";
import { memoryStore } from "coatcheck/store/memory";
import { createElement } from "react";
import { prerender } from "react-dom/static";
import { startLocalServer } from "./local-server.ts";
import { bundlePage, HTML, html } from "./page-fixtures.ts";
import { App } from "./pages/app.ts";
import type { User } from "./pages/user.ts";
import { createResponseGates } from "./response-gates.ts";

/** A request that the site received. */
export interface ReceivedRequest {
  readonly line: string;
  readonly token: string | undefined;
}

/** The password of every user. */
const PASSWORD = "secret";

/** Allows every origin, because a sandboxed frame has the origin `null`. */
const SCRIPT = { "content-type": "text/javascript", "access-control-allow-origin": "*" };

/** The frame in which another site embeds this one. */
const frame = (query: URLSearchParams) =>
  `<iframe src="${query.get("src")}" ${query.has("sandbox") ? 'sandbox="allow-scripts"' : ""}></iframe>`;

/** The default CSRF header, and that of Laravel and Angular. */
const TOKEN_HEADERS = ["x-csrf-token", "x-xsrf-token"];

const JSON_TYPE = { "content-type": "application/json" };

/** The response of a route that rejects every CSRF token. */
const TOKEN_REJECTED = JSON.stringify({
  success: false,
  error: { code: "CSRF_INVALID", message: "CSRF token rejected." },
});

/** How a broken server, or a proxy in its place, responds. */
const FAILURES = {
  "an HTML page": (response: ServerResponse) =>
    response.writeHead(200, HTML).end(html("Log in to the Wi-Fi.")),
  "a 500": (response: ServerResponse) => response.writeHead(500).end("<h1>Sorry</h1>"),
  "truncated JSON": (response: ServerResponse) =>
    response.writeHead(200, { "content-type": "application/json" }).end('{"success":true,"da'),
  "no response": (response: ServerResponse) => response.destroy(),
};

export type Failure = keyof typeof FAILURES;

/** The error code that the client reports for each failure. */
export const FAILURE_CODES: Readonly<Record<Failure, string>> = {
  "an HTML page": "BAD_ANSWER",
  "a 500": "BAD_ANSWER",
  "truncated JSON": "BAD_ANSWER",
  "no response": "NETWORK",
};

/** Options of the test site. */
export interface SiteOptions {
  readonly policy?: Partial<SessionPolicy>;
  readonly http?: HttpOptions;
  readonly events?: EventOptions;
}

/** Renders the React page as a server does: its markup, the initial state, and the script that hydrates it. */
async function renderReactPage(initialState: SessionView<User>, redirect?: string): Promise<string> {
  const page = createElement(App, {
    client: createSessionClient<User>(),
    initialState,
    late: Promise.resolve(),
    redirect,
  });
  const { prelude } = await prerender(page);
  const json = JSON.stringify(initialState).replaceAll("<", "\\u003c");
  return html(
    `<div id="root">${await new Response(prelude).text()}</div><script type="application/json" id="state">${json}</script><script type="module" src="/react.js"></script>`,
  );
}

/** The pages and routes that need no session. Any other path is the plain page. */
async function serveStatic(line: string, searchParams: URLSearchParams, response: ServerResponse) {
  const pages: Record<string, () => string> = {
    "GET /around": () => frame(searchParams),
    "GET /bare": () => "<p>A page without a script.</p>",
  };
  const script = /^GET \/(plain|react)\.js$/.exec(line)?.[1];
  if (script) response.writeHead(200, SCRIPT).end(await bundlePage(script));
  else if (line === "POST /reject-token") response.writeHead(403, JSON_TYPE).end(TOKEN_REJECTED);
  else if (line === "POST /to-orders") response.writeHead(307, { location: "/orders" }).end();
  else {
    const page = pages[line]?.() ?? '<script type="module" src="/plain.js"></script>';
    response.writeHead(200, HTML).end(html(page));
  }
}

/** The session manager, a second node over the same store, and the handlers that use them. */
function createApplication({ policy = {}, http, events = {} }: SiteOptions, clock: { now(): number }) {
  const options: SessionManagerOptions<JsonObject> = {
    store: memoryStore(),
    secrets: ["a-secret-of-the-tests"],
    policy,
    clock,
  };
  const manager = new SessionManager(options);
  const routes = sessionRoutes<User>(manager, {
    authenticate: ({ email, password, remember }) =>
      typeof email === "string" && password === PASSWORD
        ? { subject: email, rememberMe: remember === true }
        : null,
    user: (name) => ({ name }),
    events,
    clock,
  });
  const withSession = coatcheck(manager, {
    cookie: { secure: false },
    csrf: { token: "required" },
    // With `Clear-Site-Data` the browser would empty its back/forward cache, and the tests would prove nothing.
    clearSiteData: [],
    newSession: (client, request) => ({ client: describeClient(client, request.header("user-agent")) }),
    ...http,
  });
  const gates = createResponseGates();
  return {
    manager,
    otherNode: new SessionManager(options),
    routes,
    gates,
    endpoints: withSession(async (request, response) => {
      if (!(await routes(request, response))) response.writeHead(404).end();
    }),
    orders: withSession(async (request, response) => {
      const { subject } = await request.session.load();
      await gates.pass("inside POST /orders");
      response.writeHead(200, JSON_TYPE).end(JSON.stringify({ success: true, data: { subject } }));
    }),
    reactPage: withSession(async (request, response) => {
      const { searchParams } = new URL(request.url ?? "", "http://localhost");
      const view = await routes.view(request.session);
      const page = await renderReactPage(view, searchParams.get("redirect") ?? undefined);
      response.writeHead(200, HTML).end(page);
    }),
  };
}

/** Starts a small shop on a free port, with a real session manager. It records the requests that it received. */
export async function startSite(options: SiteOptions = {}) {
  /** Milliseconds that the server's clock is ahead. */
  let ahead = 0;
  const application = createApplication(options, { now: () => Date.now() + ahead });
  const { manager, otherNode, routes, gates, endpoints, orders, reactPage } = application;
  const received: ReceivedRequest[] = [];
  let failure: Failure | null = null;
  let otherOrigin = "";

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
    const line = `${request.method} ${pathname}`;
    const isEndpoint = pathname.startsWith("/session");
    if (isEndpoint || request.method === "POST") {
      const token = TOKEN_HEADERS.map((name) => request.headers[name]?.toString()).find(Boolean);
      received.push({ line, token });
    }
    await gates.pass(line);
    if (isEndpoint && failure) FAILURES[failure](response);
    else if (isEndpoint) endpoints(request, response);
    else if (line === "POST /orders") orders(request, response);
    else if (pathname === "/react") reactPage(request, response);
    else if (line === "POST /to-other-origin")
      response.writeHead(307, { location: `${otherOrigin}/orders` }).end();
    else await serveStatic(line, searchParams, response);
  }

  // Build the scripts here, so that no test waits for them.
  await Promise.all([bundlePage("plain"), bundlePage("react")]);
  const server = await startLocalServer(serve);

  return {
    origin: `http://localhost:${server.port}`,
    manager,
    /** The manager of another node, over the same store. It does not notify the site of its changes. */
    otherNode,
    received,
    count: (line: string) => received.filter((request) => request.line === line).length,
    /** Moves the server's clock forward; the browser's stays. */
    advance(milliseconds: number) {
      ahead += milliseconds;
    },
    /** Holds back responses to a line such as `GET /session`. The key `inside POST /orders` holds the handler itself. */
    hold: gates.hold,
    /** Makes the session endpoints fail from now on; null repairs them. */
    failWith(next: Failure | null) {
      failure = next;
    },
    /** Sets the origin that `POST /to-other-origin` redirects to. */
    redirectTo(origin: string) {
      otherOrigin = origin;
    },
    /** Closes every connection, as a proxy that restarts does. */
    cut: server.cut,
    async close() {
      routes.close();
      server.close();
      await manager.close();
      await otherNode.close();
    },
  };
}

export type Site = Awaited<ReturnType<typeof startSite>>;
