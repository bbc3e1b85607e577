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
import { bundlePage, HTML_HEADERS, renderHtml } from "./page-fixtures.ts";
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

/** The headers of scripts. They allow every origin, because a sandboxed frame has the origin `null`. */
const SCRIPT_HEADERS = { "content-type": "text/javascript", "access-control-allow-origin": "*" };

/** Renders a frame that embeds this site, for the page of another site. */
const renderFrame = (query: URLSearchParams) =>
  `<iframe src="${query.get("src")}" ${query.has("sandbox") ? 'sandbox="allow-scripts"' : ""}></iframe>`;

/** The default CSRF header, and the CSRF header of Laravel and Angular. */
const CSRF_HEADERS = ["x-csrf-token", "x-xsrf-token"];

const JSON_HEADERS = { "content-type": "application/json" };

/** The response of a route that rejects every CSRF token. */
const CSRF_REJECTED_BODY = JSON.stringify({
  success: false,
  error: { code: "CSRF_INVALID", message: "CSRF token rejected." },
});

/** Functions that send the invalid responses of a broken server or proxy, by the name of the failure. */
const FAILURES = {
  "an HTML page": (response: ServerResponse) =>
    response.writeHead(200, HTML_HEADERS).end(renderHtml("Log in to the Wi-Fi.")),
  "a status 500": (response: ServerResponse) => response.writeHead(500).end("<h1>Sorry</h1>"),
  "truncated JSON": (response: ServerResponse) =>
    response.writeHead(200, { "content-type": "application/json" }).end('{"success":true,"da'),
  "no response": (response: ServerResponse) => response.destroy(),
};

export type Failure = keyof typeof FAILURES;

/** The error code that the client reports for each failure. */
export const FAILURE_CODES: Readonly<Record<Failure, string>> = {
  "an HTML page": "BAD_ANSWER",
  "a status 500": "BAD_ANSWER",
  "truncated JSON": "BAD_ANSWER",
  "no response": "NETWORK",
};

/** Options of the test site. */
export interface SiteOptions {
  readonly policy?: Partial<SessionPolicy>;
  readonly http?: HttpOptions;
  readonly events?: EventOptions;
}

/** Renders the React page as a server does: markup, initial state, and the script that hydrates the page. */
async function renderReactPage(initialState: SessionView<User>, redirect?: string): Promise<string> {
  const page = createElement(App, {
    client: createSessionClient<User>(),
    initialState,
    late: Promise.resolve(),
    redirect,
  });
  const { prelude } = await prerender(page);
  const json = JSON.stringify(initialState).replaceAll("<", "\\u003c");
  return renderHtml(
    `<div id="root">${await new Response(prelude).text()}</div><script type="application/json" id="state">${json}</script><script type="module" src="/react.js"></script>`,
  );
}

/** Serves the pages and routes that need no session. On every other path, serves the page without a framework. */
async function serveStatic(line: string, searchParams: URLSearchParams, response: ServerResponse) {
  const pages: Record<string, () => string> = {
    "GET /around": () => renderFrame(searchParams),
    "GET /bare": () => "<p>A page without a script.</p>",
  };
  const script = /^GET \/(plain|react)\.js$/.exec(line)?.[1];
  if (script) response.writeHead(200, SCRIPT_HEADERS).end(await bundlePage(script));
  else if (line === "POST /reject-token") response.writeHead(403, JSON_HEADERS).end(CSRF_REJECTED_BODY);
  else if (line === "POST /to-orders") response.writeHead(307, { location: "/orders" }).end();
  else {
    const page = pages[line]?.() ?? '<script type="module" src="/plain.js"></script>';
    response.writeHead(200, HTML_HEADERS).end(renderHtml(page));
  }
}

/**
 * Creates the session manager and the request handlers. Also creates a second manager on the same store, which
 * simulates another node.
 */
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
    // Do not send `Clear-Site-Data`, because it would empty the browser's back/forward cache, which the tests need.
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
      await gates.waitForRelease("inside POST /orders");
      response.writeHead(200, JSON_HEADERS).end(JSON.stringify({ success: true, data: { subject } }));
    }),
    reactPage: withSession(async (request, response) => {
      const { searchParams } = new URL(request.url ?? "", "http://localhost");
      const view = await routes.view(request.session);
      const page = await renderReactPage(view, searchParams.get("redirect") ?? undefined);
      response.writeHead(200, HTML_HEADERS).end(page);
    }),
  };
}

/** Starts a small shop on a free port, with a real session manager. Records the received requests. */
export async function startSite(options: SiteOptions = {}) {
  /** How far the server's clock is ahead, in milliseconds. */
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
      const token = CSRF_HEADERS.map((name) => request.headers[name]?.toString()).find(Boolean);
      received.push({ line, token });
    }
    await gates.waitForRelease(line);
    if (isEndpoint && failure) FAILURES[failure](response);
    else if (isEndpoint) endpoints(request, response);
    else if (line === "POST /orders") orders(request, response);
    else if (pathname === "/react") reactPage(request, response);
    else if (line === "POST /to-other-origin")
      response.writeHead(307, { location: `${otherOrigin}/orders` }).end();
    else await serveStatic(line, searchParams, response);
  }

  // Bundle the scripts here, so that no test waits for them.
  await Promise.all([bundlePage("plain"), bundlePage("react")]);
  const server = await startLocalServer(serve);

  return {
    origin: `http://localhost:${server.port}`,
    manager,
    /** The session manager of another node, on the same store. It does not notify the site of its changes. */
    otherNode,
    received,
    count: (line: string) => received.filter((request) => request.line === line).length,
    /** Moves the server's clock forward, but not the browser's. */
    advance(milliseconds: number) {
      ahead += milliseconds;
    },
    /**
     * Holds back the responses to a request line such as `GET /session`. The key `inside POST /orders` instead pauses
     * the handler of that request.
     */
    hold: gates.hold,
    /** Makes the session endpoints fail from now on; null makes them work again. */
    failWith(next: Failure | null) {
      failure = next;
    },
    /** Sets the origin that `POST /to-other-origin` redirects to. */
    redirectTo(origin: string) {
      otherOrigin = origin;
    },
    /** Closes every connection, as the restart of a proxy does. */
    closeConnections: server.closeConnections,
    async close() {
      routes.close();
      server.close();
      await manager.close();
      await otherNode.close();
    },
  };
}

export type Site = Awaited<ReturnType<typeof startSite>>;
