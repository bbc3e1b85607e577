import { describe, expect, test } from "vitest";
import { isLoginPage, type UpstreamOptions, type UpstreamSessionLoss } from "../../src/gateway/index.ts";
import { fakeClock } from "../../src/testing/index.ts";
import { connectUpstream, createMemoryState, sendJson, startServer } from "./fixtures.ts";

const HTML = { "content-type": "text/html" };
const csrf = { path: "/token", source: { json: "token" }, sendAs: { header: "X-CSRF-Token" } } as const;

/** Connects to an upstream. `losses` contains the session losses that the gateway reports. */
function connectAndCollectLosses(origin: string, options: Partial<UpstreamOptions>) {
  const losses: UpstreamSessionLoss[] = [];
  const upstream = connectUpstream(origin, { onSessionLost: (loss) => losses.push(loss), ...options });
  return { losses, upstream };
}

/** Starts a shop with one cart per `PHPSESSID`. The shop replaces an unknown session id by a new one, like PHP in strict
 * mode. */
async function startPhpServer() {
  const carts = new Map<string, string[]>();
  let started = 0;
  const server = await startServer((_request, response, { method, path, cookie, token, body }) => {
    let id = /PHPSESSID=([^;]+)/.exec(cookie)?.[1] ?? "";
    const headers: Record<string, string> = {};
    if (!carts.has(id)) {
      id = `session-${++started}`;
      carts.set(id, []);
      headers["set-cookie"] = `PHPSESSID=${id}; Path=/`;
    }
    if (path === "/token") return sendJson(response, { token: `token of ${id}` }, headers);
    if (method === "POST" && token !== `token of ${id}`) return response.writeHead(403, headers).end();
    if (method === "POST") carts.get(id)?.push(body);
    return sendJson(response, carts.get(id), headers);
  });
  return { server, carts };
}

describe("the option session.cookie", () => {
  const add = { method: "POST", path: "/cart", body: { json: "taco" } } as const;
  const look = { method: "GET", path: "/cart" } as const;
  const error = { code: "UPSTREAM_SESSION_LOST", status: 409 };

  test.each([look, add])(
    "reports a session that the upstream no longer knows, after a $method request",
    async (request) => {
      const { server, carts } = await startPhpServer();
      const clock = fakeClock();
      const { upstream, losses } = connectAndCollectLosses(server.origin, {
        csrf,
        session: { cookie: "PHPSESSID" },
        clock,
      });
      const state = createMemoryState();
      const startedAt = clock.now();
      await upstream.request(state, add);
      clock.pass(1000);
      await upstream.request(state, add);
      carts.clear();
      await expect(upstream.request(state, request)).rejects.toMatchObject(error);
      const loss: UpstreamSessionLoss = {
        sessionId: state.sessionId,
        reason: "cookie",
        method: request.method,
        path: "/cart",
        cookies: ["PHPSESSID"],
        startedAt,
        loggedInAt: null,
      };
      expect(losses).toEqual([loss]);
      // The gateway did not repeat the write, so the new cart is empty.
      expect([...carts.values()]).toEqual([[]]);
      expect((await upstream.request(state, add)).json()).toEqual(['"taco"']);
      expect(losses).toHaveLength(1);
    },
  );

  test("throws an error whose cause describes the loss, even if the listener throws", async () => {
    const { server, carts } = await startPhpServer();
    const upstream = connectUpstream(server.origin, {
      csrf,
      session: { cookie: "PHPSESSID" },
      onSessionLost: () => {
        throw new Error("of the listener");
      },
    });
    const warned = new Promise((resolve) => process.once("warning", resolve));
    const state = createMemoryState();
    await upstream.request(state, look);
    carts.clear();
    await expect(upstream.request(state, look)).rejects.toMatchObject({
      ...error,
      cause: { reason: "cookie", sessionId: state.sessionId },
    });
    expect(await warned).toMatchObject({ message: "of the listener" });
  });

  test("reports no loss when an accepted write or a login replaces the cookie", async () => {
    const server = await startServer((_request, response, { path, method }) =>
      sendJson(response, { token: "t" }, { "set-cookie": `sid=${method}-${path.slice(1)}; Path=/` }),
    );
    const { upstream, losses } = connectAndCollectLosses(server.origin, {
      csrf: null,
      session: { cookie: "sid" },
    });
    const state = createMemoryState();
    await upstream.request(state, { method: "GET", path: "/first" });
    await upstream.request(state, { method: "POST", path: "/renewed" });
    await upstream.request(state, { method: "GET", path: "/login", session: "begins" });
    expect(losses).toEqual([]);
    await expect(upstream.request(state, { method: "GET", path: "/later" })).rejects.toMatchObject(error);
  });

  test("reports a loss when the cookie is deleted, unless the request logs out", async () => {
    const server = await startServer((_request, response, { cookie }) =>
      sendJson(response, "", { "set-cookie": cookie ? "sid=; Path=/; Max-Age=0" : "sid=1; Path=/" }),
    );
    const { upstream } = connectAndCollectLosses(server.origin, { csrf: null, session: { cookie: "sid" } });
    const state = createMemoryState();
    const get = { method: "GET", path: "/" } as const;
    await upstream.request(state, get);
    await upstream.request(state, { ...get, session: "ends" });
    await upstream.request(state, get);
    await expect(upstream.request(state, get)).rejects.toMatchObject(error);
  });
});

describe("the option session.isLoggedOut", () => {
  const LOGIN_PAGE = '<form action="/login" method="post"><input name="password" type="password"></form>';
  const login = {
    method: "POST",
    path: "/login",
    session: "begins",
    body: { form: { password: "right" } },
  } as const;
  const account = { method: "GET", path: "/account" } as const;

  /** Starts an upstream that responds to requests of logged-out users with this status. */
  async function startAccountServer(answer: 200 | 302 | 401 | 403) {
    const state = { isLoggedIn: false };
    const server = await startServer((_request, response, { method, path, body }) => {
      if (method === "POST" && path === "/login") {
        state.isLoggedIn = body.includes("right");
        if (!state.isLoggedIn) return response.writeHead(200, HTML).end(LOGIN_PAGE);
        return response.writeHead(303, { location: "/account" }).end();
      }
      if (path.startsWith("/login")) return response.writeHead(200, HTML).end(LOGIN_PAGE);
      if (state.isLoggedIn) return response.writeHead(200, HTML).end("<h1>Ada</h1>");
      if (answer === 302) return response.writeHead(302, { location: "/login?next=/account" }).end();
      return response.writeHead(answer, HTML).end(answer === 200 ? LOGIN_PAGE : "no");
    });
    return { server, state };
  }

  const ANSWERS = [
    [200, isLoginPage({ input: "password" })],
    [302, isLoginPage({ path: "/login" })],
    [401, isLoginPage({ statuses: [401] })],
    [403, isLoginPage({ statuses: [403] })],
  ] as const;

  test.each(ANSWERS)(
    "reports a lost login when the upstream responds with %i",
    async (answer, isLoggedOut) => {
      const { server, state: upstreamState } = await startAccountServer(answer);
      const clock = fakeClock();
      const { upstream, losses } = connectAndCollectLosses(server.origin, {
        csrf: null,
        session: { isLoggedOut },
        clock,
      });
      const state = createMemoryState();
      await upstream.request(state, account);
      expect(losses).toEqual([]);
      expect((await upstream.request(state, login)).text).toBe("<h1>Ada</h1>");
      expect((await upstream.request(state, account)).text).toBe("<h1>Ada</h1>");
      upstreamState.isLoggedIn = false;
      await expect(upstream.request(state, account)).rejects.toMatchObject({ code: "UPSTREAM_SESSION_LOST" });
      expect(losses).toMatchObject([{ reason: "logged-out", loggedInAt: clock.now() }]);
      // The loss is reported only once.
      await upstream.request(state, account);
      expect(losses).toHaveLength(1);
    },
  );

  test("reports no loss after a failed login", async () => {
    const { server } = await startAccountServer(302);
    const isLoggedOut = isLoginPage({ path: "/login", input: "password" });
    const { upstream, losses } = connectAndCollectLosses(server.origin, {
      csrf: null,
      session: { isLoggedOut },
    });
    const state = createMemoryState();
    await upstream.request(state, { ...login, body: { form: { password: "wrong" } } });
    await upstream.request(state, account);
    expect(losses).toEqual([]);
  });

  test("reports a lost login when the upstream redirects to the login page and the request does not follow redirects", async () => {
    const { server, state: upstreamState } = await startAccountServer(302);
    const session = { isLoggedOut: isLoginPage({ path: "/login" }) };
    const { upstream } = connectAndCollectLosses(server.origin, { csrf: null, session });
    const state = createMemoryState();
    await upstream.request(state, login);
    upstreamState.isLoggedIn = false;
    await expect(upstream.request(state, { ...account, redirect: "manual" })).rejects.toMatchObject({
      code: "UPSTREAM_SESSION_LOST",
    });
  });

  test("throws a UsageError if `isLoggedOut` throws", async () => {
    const { server } = await startAccountServer(200);
    const isLoggedOut = () => {
      throw new Error("secret");
    };
    const { upstream } = connectAndCollectLosses(server.origin, { csrf: null, session: { isLoggedOut } });
    await expect(upstream.request(createMemoryState(), login)).rejects.toMatchObject({
      name: "UsageError",
      message: expect.stringContaining("session.isLoggedOut must not throw"),
    });
  });
});
