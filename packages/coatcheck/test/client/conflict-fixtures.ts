import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import type { SessionClient } from "../../src/client/index.ts";
import { coatcheck } from "../../src/http/node/adapter.ts";
import { sessionRoutes } from "../../src/http/routes/node.ts";
import { SessionManager } from "../../src/session/manager.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { createUniqueBaseUrl, openClient, Page, SITE_ORIGIN, TestClock, type User } from "./fixtures.ts";

/** Runs before a response reaches the client. Can delay the response, replace it, or lose it by rejecting. */
type ResponseAction = (response: Response) => Promise<Response>;

/**
 * Starts a site on a real server, and one browser whose tabs share their cookies. A request carries the cookies that
 * the browser has when the request is sent. A response changes the cookies when it arrives.
 */
export async function startSite() {
  const manager = new SessionManager({ store: memoryStore(), secrets: ["the secret of these tests"] });
  const base = new URL(createUniqueBaseUrl()).pathname;
  const attempts: unknown[] = [];
  const routes = sessionRoutes<User>(manager, {
    base,
    authenticate: ({ email }) => {
      attempts.push(email);
      return { subject: String(email) };
    },
    user: (name) => ({ name }),
  });
  let handled = 0;
  const withSession = coatcheck(manager, { csrf: { token: "required", initPath: `${base}/init` } });
  const server = createServer(
    withSession(async (request, response) => {
      if (await routes(request, response)) return;
      handled++;
      const session = await request.session.requireSession();
      if (request.method === "POST") await session.patch({ ordered: true });
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ success: true, data: { subject: session.subject } }));
    }),
  ).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  onTestFinished(async () => {
    routes.close();
    server.close();
    server.closeAllConnections();
    await manager.close();
  });

  const cookies = new Map<string, string>();
  const jar = {
    get cookie() {
      return [...cookies].map((pair) => pair.join("=")).join("; ");
    },
  };
  const lines: string[] = [];
  const actions = new Map<string, ResponseAction[]>();
  const keep = (response: Response) => {
    for (const line of response.headers.getSetCookie()) {
      const [pair = "", ...attributes] = line.split("; ");
      const [name = "", value = ""] = pair.split("=");
      if (attributes.includes("Max-Age=0")) cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  };

  async function transport(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const line = `${request.method} ${pathname.replace(base, "/session")}${search}`;
    lines.push(line);
    const headers = new Headers(request.headers);
    headers.set("cookie", jar.cookie);
    const body = request.body && (await request.text());
    const url = `http://127.0.0.1:${port}${pathname}${search}`;
    const response = await fetch(url, { method: request.method, headers, body });
    const action = actions.get(line)?.shift();
    const { body: content, status, headers: received } = keep(action ? await action(response) : response);
    // Copy the response, because the copy has no URL. The client would treat the server's URL as a redirect to another
    // origin.
    return new Response(content, { status, headers: received });
  }

  return {
    seen: lines,
    attempts,
    manager,
    /** Returns how many requests have reached the application's own handler. */
    handled: () => handled,
    /**
     * Opens a tab that receives no messages from other tabs, which is the worst case. `statuses` contains every status
     * of its client so far. `refused` resolves when its first refused response has arrived.
     */
    openTab() {
      const clock = new TestClock();
      const refused = Promise.withResolvers<void>();
      const client: SessionClient<User> = openClient({} as never, {
        clock,
        page: new Page(jar),
        baseUrl: SITE_ORIGIN + base,
        transport,
        revalidate: { crossTab: false },
        debug: (event) => event === "refused" && refused.resolve(),
      });
      const statuses: string[] = [];
      client.$session.subscribe(({ status }) => statuses.push(status));
      return { client, clock, statuses, refused: refused.promise };
    },
    /** Applies `action` to the next response to `line` (such as `POST /session`), after the server has sent it. */
    onResponse(line: string, action: ResponseAction) {
      actions.set(line, [...(actions.get(line) ?? []), action]);
    },
    /** Delays the next response to `line`. `sent` resolves when the server has sent it; `release` lets it arrive. */
    holdResponse(line: string) {
      const sent = Promise.withResolvers<void>();
      const arrival = Promise.withResolvers<void>();
      this.onResponse(line, async (response) => {
        sent.resolve();
        await arrival.promise;
        return response;
      });
      return { sent: sent.promise, release: arrival.resolve };
    },
    /** Drops the next response to `line`, as a network failure does. */
    loseResponse(line: string) {
      this.onResponse(line, async () => {
        throw new TypeError("Failed to fetch");
      });
    },
  };
}
