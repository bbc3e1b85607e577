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
import { bundle, HTML, html } from "./page.ts";
import { App } from "./pages/app.ts";
import type { User } from "./pages/user.ts";

/** One request as it came. */
export interface Seen {
  readonly line: string;
  readonly token: string | undefined;
}

/** Whoever knows it is who they say they are. */
const PASSWORD = "secret";

/** For any origin: a sandboxed frame has none. */
const SCRIPT = { "content-type": "text/javascript", "access-control-allow-origin": "*" };

/** What another site embeds this one with. */
const frame = (query: URLSearchParams) =>
  `<iframe src="${query.get("src")}" ${query.has("sandbox") ? 'sandbox="allow-scripts"' : ""}></iframe>`;

/** Ours, and Laravel's and Angular's. */
const TOKEN_HEADERS = ["x-csrf-token", "x-xsrf-token"];

/** A server that accepts no token at all. */
const STUBBORN = JSON.stringify({ success: false, error: { code: "CSRF_INVALID", message: "No." } });

/** How a server answers that has fallen over, or something in its place. */
const FAILURES = {
  "an HTML page": (response: ServerResponse) =>
    response.writeHead(200, HTML).end(html("Log in to the train.")),
  "a 500": (response: ServerResponse) => response.writeHead(500).end("<h1>Sorry</h1>"),
  "half an answer": (response: ServerResponse) =>
    response.writeHead(200, { "content-type": "application/json" }).end('{"success":true,"da'),
  nothing: (response: ServerResponse) => response.destroy(),
};

export type Failure = keyof typeof FAILURES;

/** Each of them, and the code by which the page knows it. */
export const FAILURE_CODES: Readonly<Record<Failure, string>> = {
  "an HTML page": "BAD_ANSWER",
  "a 500": "BAD_ANSWER",
  "half an answer": "BAD_ANSWER",
  nothing: "NETWORK",
};

/** What a test may want otherwise. */
export interface SiteOptions {
  readonly policy?: Partial<SessionPolicy>;
  readonly http?: HttpOptions;
  readonly events?: EventOptions;
}

/** A small shop on a free port, with a real session manager behind it, and a log of what came. */
export async function startSite({ policy = {}, http, events = {} }: SiteOptions = {}) {
  let ahead = 0;
  const clock = { now: () => Date.now() + ahead };
  const madeOf: SessionManagerOptions<JsonObject> = {
    store: memoryStore(),
    secrets: ["a-secret-of-the-tests"],
    policy,
    clock,
  };
  const manager = new SessionManager(madeOf);
  const elsewhere = new SessionManager(madeOf);
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
    // The page keeps its caches: a back button that the server's own header already defuses would prove nothing.
    clearSiteData: [],
    birth: (client, request) => ({ client: describeClient(client, request.header("user-agent")) }),
    ...http,
  });
  const scripts = { "/plain.js": await bundle("plain"), "/react.js": await bundle("react") };
  const seen: Seen[] = [];
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
      seen.push({
        line,
        token: TOKEN_HEADERS.map((name) => request.headers[name]?.toString()).find(Boolean),
      });
    await gates.get(line);
    if (failure && pathname.startsWith("/session")) FAILURES[failure](response);
    else if (pathname.startsWith("/session")) endpoints(request, response);
    else if (line === "POST /orders") shop(request, response);
    else if (line === "POST /stubborn")
      response.writeHead(403, { "content-type": "application/json" }).end(STUBBORN);
    else if (line === "POST /to-elsewhere") response.writeHead(307, { location: `${target}/orders` }).end();
    else if (line === "POST /to-orders") response.writeHead(307, { location: "/orders" }).end();
    else if (pathname === "/react") reactPage(request, response);
    else if (pathname === "/plain.js" || pathname === "/react.js")
      response.writeHead(200, SCRIPT).end(scripts[pathname]);
    else if (pathname === "/around") response.writeHead(200, HTML).end(html(frame(searchParams)));
    else if (pathname === "/bare") response.writeHead(200, HTML).end(html("<p>Nothing runs here.</p>"));
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
    /** Another machine's, over the same store: the site hears nothing of what it does. */
    elsewhere,
    seen,
    count: (line: string) => seen.filter((request) => request.line === line).length,
    /** Milliseconds go by on the server, and nowhere else. */
    pass(milliseconds: number) {
      ahead += milliseconds;
    },
    /** Lets no answer to `line` out until the result is called; `inside …` waits within the handler. */
    hold(line: string): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      gates.set(line, promise);
      return () => {
        gates.delete(line);
        resolve();
      };
    },
    /** What the session endpoints answer from now on; null for what they should. */
    breakDown(how: Failure | null) {
      failure = how;
    },
    redirectTo(origin: string) {
      target = origin;
    },
    async close() {
      routes.close();
      server.closeAllConnections();
      server.close();
      await manager.close();
      await elsewhere.close();
    },
  };
}

export type Site = Awaited<ReturnType<typeof startSite>>;
