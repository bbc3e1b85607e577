import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type JsonObject, SessionManager, type SessionManagerOptions, type SessionPolicy } from "coatcheck";
import { createSessionClient } from "coatcheck/client";
import { describeClient } from "coatcheck/device";
import type { HttpOptions } from "coatcheck/http";
import { coatcheck, type SessionRequest } from "coatcheck/node";
import type { EventOptions } from "coatcheck/routes";
import { sessionRoutes } from "coatcheck/routes/node";
import { memoryStore } from "coatcheck/store/memory";
import { createElement } from "react";
import { prerender } from "react-dom/static";
import { bundlePage, HTML, html } from "./page.ts";
import { App } from "./pages/app.ts";
import type { User } from "./pages/user.ts";

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

/** Starts a small shop on a free port, with a real session manager. It records the requests that it received. */
export async function startSite({ policy = {}, http, events = {} }: SiteOptions = {}) {
  /** Milliseconds that the server's clock is ahead. */
  let ahead = 0;
  const clock = { now: () => Date.now() + ahead };
  const madeOf: SessionManagerOptions<JsonObject> = {
    store: memoryStore(),
    secrets: ["a-secret-of-the-tests"],
    policy,
    clock,
  };
  const manager = new SessionManager(madeOf);
  const otherNode = new SessionManager(madeOf);
  const routes = sessionRoutes<User>(manager, {
    authenticate: ({ email, password, remember }) =>
      typeof email === "string" && password === PASSWORD
        ? { subject: email, remember: remember === true }
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
    birth: (client, request) => ({ client: describeClient(client, request.header("user-agent")) }),
    ...http,
  });
  const scripts = { "/plain.js": await bundlePage("plain"), "/react.js": await bundlePage("react") };
  const received: ReceivedRequest[] = [];
  const gates = new Map<string, Promise<void>>();
  let failure: Failure | null = null;
  let target = "";

  const endpoints = withSession(async (request, response) => {
    if (!(await routes(request, response))) response.writeHead(404).end();
  });
  const shop = withSession(async (request, response) => {
    const { subject } = await request.session.load();
    await gates.get("inside POST /orders");
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ success: true, data: { subject } }));
  });
  const reactPage = withSession(async (request, response) => {
    response.writeHead(200, HTML).end(await render(request));
  });

  async function render(request: SessionRequest): Promise<string> {
    const initialState = await routes.view(request.session);
    const page = createElement(App, {
      client: createSessionClient<User>(),
      initialState,
      late: Promise.resolve(),
      redirect: new URL(request.url ?? "", origin).searchParams.get("redirect") ?? undefined,
    });
    const { prelude } = await prerender(page);
    const json = JSON.stringify(initialState).replaceAll("<", "\\u003c");
    return html(
      `<div id="root">${await new Response(prelude).text()}</div><script type="application/json" id="state">${json}</script><script type="module" src="/react.js"></script>`,
    );
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
    const line = `${request.method} ${pathname}`;
    if (pathname.startsWith("/session") || request.method === "POST")
      received.push({
        line,
        token: TOKEN_HEADERS.map((name) => request.headers[name]?.toString()).find(Boolean),
      });
    await gates.get(line);
    if (failure && pathname.startsWith("/session")) FAILURES[failure](response);
    else if (pathname.startsWith("/session")) endpoints(request, response);
    else if (line === "POST /orders") shop(request, response);
    else if (line === "POST /reject-token")
      response.writeHead(403, { "content-type": "application/json" }).end(TOKEN_REJECTED);
    else if (line === "POST /to-other-origin")
      response.writeHead(307, { location: `${target}/orders` }).end();
    else if (line === "POST /to-orders") response.writeHead(307, { location: "/orders" }).end();
    else if (pathname === "/react") reactPage(request, response);
    else if (pathname === "/plain.js" || pathname === "/react.js")
      response.writeHead(200, SCRIPT).end(scripts[pathname]);
    else if (pathname === "/around") response.writeHead(200, HTML).end(html(frame(searchParams)));
    else if (pathname === "/bare") response.writeHead(200, HTML).end(html("<p>A page without a script.</p>"));
    else response.writeHead(200, HTML).end(html('<script type="module" src="/plain.js"></script>'));
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((error) => {
      console.error(error);
      response.destroy();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`;

  return {
    origin,
    manager,
    /** The manager of another node, over the same store. It does not notify the site of its changes. */
    otherNode,
    received,
    count: (line: string) => received.filter((request) => request.line === line).length,
    /** Moves the server's clock forward; the browser's stays. */
    advance(milliseconds: number) {
      ahead += milliseconds;
    },
    /** Holds back responses to `line` (`GET /session`) until the returned function is called. `inside …` waits in the handler. */
    hold(line: string): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      gates.set(line, promise);
      return () => {
        gates.delete(line);
        resolve();
      };
    },
    /** Makes the session endpoints fail from now on; null repairs them. */
    failWith(next: Failure | null) {
      failure = next;
    },
    /** Sets the origin that `POST /to-other-origin` redirects to. */
    redirectTo(origin: string) {
      target = origin;
    },
    async close() {
      routes.close();
      server.closeAllConnections();
      server.close();
      await manager.close();
      await otherNode.close();
    },
  };
}

export type Site = Awaited<ReturnType<typeof startSite>>;
