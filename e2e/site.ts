import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { SessionManager, type SessionPolicy } from "coatcheck";
import { createSessionManager } from "coatcheck/client";
import { describeClient } from "coatcheck/device";
import { coatcheck, type SessionRequest } from "coatcheck/node";
import { sessionRoutes } from "coatcheck/routes/node";
import { memoryStore } from "coatcheck/store/memory";
import { build } from "esbuild";
import { createElement } from "react";
import { prerender } from "react-dom/static";
import { App } from "./pages/app.ts";
import type { User } from "./pages/user.ts";

/** One request as it came. */
export interface Seen {
  readonly line: string;
  readonly token: string | undefined;
}

/** Whoever knows it is who they say they are. */
const PASSWORD = "secret";

async function bundle(page: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`pages/${page}.ts`, import.meta.url))],
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    conditions: ["coatcheck-source"],
    define: { "process.env.NODE_ENV": '"production"' },
  });
  return outputFiles[0]?.text ?? "";
}

const html = (body: string) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,"><title>Shop</title><body>${body}</body></html>`;

/** A small shop on a free port, with a real session manager behind it, and a log of what came. */
export async function startSite(policy: Partial<SessionPolicy> = {}) {
  const store = memoryStore();
  const secrets = ["a-secret-of-the-tests"];
  const manager = new SessionManager({ store, secrets, policy });
  const routes = sessionRoutes<User>(manager, {
    authenticate: ({ email, password }) =>
      typeof email === "string" && password === PASSWORD ? { subject: email } : null,
    user: (name) => ({ name }),
  });
  const withSession = coatcheck(manager, {
    cookie: { secure: false },
    csrf: { token: "required" },
    // The page keeps its caches: a back button that the server's own header already defuses would prove nothing.
    clearSiteData: [],
    birth: (client, request) => ({ client: describeClient(client, request.header("user-agent")) }),
  });
  const scripts = { "/plain.js": await bundle("plain"), "/react.js": await bundle("react") };
  const seen: Seen[] = [];
  const gates = new Map<string, Promise<void>>();
  let broken = false;
  let elsewhere = "";

  const endpoints = withSession(routes);
  const shop = withSession(async (request, response) => {
    const { subject } = await request.session.load();
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ success: true, data: { subject } }));
  });
  const reactPage = withSession(async (request, response) => {
    response.writeHead(200, HTML).end(await render(request));
  });

  async function render(request: SessionRequest): Promise<string> {
    const initialState = await routes.view(request.session);
    const page = createElement(App, {
      manager: createSessionManager<User>(),
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
    const { pathname } = new URL(request.url ?? "", "http://localhost");
    const line = `${request.method} ${pathname}`;
    if (pathname.startsWith("/session") || request.method === "POST")
      seen.push({ line, token: request.headers["x-csrf-token"]?.toString() });
    await gates.get(line);
    if (broken && pathname.startsWith("/session")) response.writeHead(500).end("<h1>Sorry</h1>");
    else if (pathname.startsWith("/session")) endpoints(request, response);
    else if (line === "POST /orders") shop(request, response);
    else if (line === "POST /to-elsewhere")
      response.writeHead(307, { location: `${elsewhere}/orders` }).end();
    else if (line === "POST /to-orders") response.writeHead(307, { location: "/orders" }).end();
    else if (pathname === "/react") reactPage(request, response);
    else if (pathname === "/plain.js" || pathname === "/react.js")
      response.writeHead(200, { "content-type": "text/javascript" }).end(scripts[pathname]);
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
    elsewhere: new SessionManager({ store, secrets, policy }),
    seen,
    count: (line: string) => seen.filter((request) => request.line === line).length,
    /** Lets no answer to `line` out until the result is called. */
    hold(line: string): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      gates.set(line, promise);
      return () => {
        gates.delete(line);
        resolve();
      };
    },
    /** Whether the session endpoints answer as a server does that has fallen over. */
    breakDown(now: boolean) {
      broken = now;
    },
    redirectTo(target: string) {
      elsewhere = target;
    },
    async close() {
      routes.close();
      server.closeAllConnections();
      server.close();
      await manager.close();
    },
  };
}

export type Site = Awaited<ReturnType<typeof startSite>>;

const HTML = { "content-type": "text/html; charset=utf-8" };

/** Another origin, which lets itself be sent everything and keeps the headers. */
export async function startElsewhere() {
  const headers: IncomingMessage["headers"][] = [];
  const lines: string[] = [];
  const server = createServer((request, response) => {
    headers.push(request.headers);
    lines.push(`${request.method} ${request.url}`);
    response.writeHead(200, {
      "content-type": "application/json",
      "access-control-allow-origin": request.headers.origin ?? "*",
      "access-control-allow-credentials": "true",
      "access-control-allow-headers": "x-csrf-token, content-type",
      "access-control-allow-methods": "POST",
      "access-control-expose-headers": "x-csrf-token",
      "x-csrf-token": "planted",
    });
    response.end(JSON.stringify({ success: true, data: { csrf_token: "planted" } }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    headers,
    lines,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
