import { describe, expect, it } from "vitest";
import { createSessionClient, type Scope } from "../../src/client/index.ts";
import {
  createDeferred,
  createUniqueBaseUrl,
  failureResponse,
  Network,
  noSession,
  openClient,
  Page,
  SITE_ORIGIN,
  sessionView,
  successResponse,
  TestClock,
  type User,
  untilHandled,
  untilValue,
} from "./fixtures.ts";

/** Opens two tabs of one browser, which share a real channel and real locks. */
function openTwoTabs(network: Network, options: Parameters<typeof openClient>[1] = {}) {
  const baseUrl = createUniqueBaseUrl();
  const path = new URL(baseUrl).pathname;
  const tab = () => openClient(network, { baseUrl, clock: new TestClock(), ...options });
  return { path, left: tab(), right: tab() };
}

describe("two tabs", () => {
  it("are both signed out without a refresh if one signs out, even with the option `focus: false`", async () => {
    const network = new Network();
    const { path, left, right } = openTwoTabs(network, {
      initialState: sessionView("s1"),
      revalidate: { focus: false },
    });
    network.on(`DELETE ${path}`, () => successResponse(noSession));
    const out = left.logout();
    await untilValue(right.$session, ({ status }) => status === "none");
    expect(left.$session.get().status).toBe("none");
    await out;
    expect(network.requests.map(({ line }) => line)).toEqual([`DELETE ${path}`]);
  });

  it("send no request after a sign-out in either tab until the server has confirmed the sign-out", async () => {
    const network = new Network().on("GET /orders", () => successResponse([]));
    const { path, left, right } = openTwoTabs(network, { initialState: sessionView("s1") });
    const everywhere = `DELETE ${path}?everywhere`;
    const order = () => right.fetch(`${SITE_ORIGIN}/orders`);
    const refused = new Promise((resolve) => {
      // The listener runs as soon as the message about the other tab's logout arrives.
      right.$session.listen(() => resolve(expect(order()).rejects.toMatchObject({ code: "NETWORK" })));
    });
    await expect(left.logout({ everywhere: true })).rejects.toThrow();
    await refused;
    network.on(everywhere, () => successResponse(noSession));
    expect((await order()).status).toBe(200);
    await untilValue(left.$meta, ({ signOut }) => signOut === undefined);
    expect(network.requests.map(({ line }) => line)).toEqual([...Array(3).fill(everywhere), "GET /orders"]);
  });

  it("retry a failed sign-out when either tab is shown", async () => {
    const network = new Network();
    const baseUrl = createUniqueBaseUrl();
    const path = new URL(baseUrl).pathname;
    const page = new Page();
    const left = openClient(network, { baseUrl, initialState: sessionView("s1") });
    const right = openClient(network, { baseUrl, initialState: sessionView("s1"), page });
    await expect(left.logout()).rejects.toThrow();
    await untilValue(right.$session, ({ status }) => status === "none");
    network.on(`DELETE ${path}`, () => successResponse(noSession));
    page.show();
    await untilValue(left.$meta, ({ signOut }) => signOut === undefined);
    expect(network.requests.map(({ line }) => line)).toEqual([`DELETE ${path}`, `DELETE ${path}`]);
  });

  it("stay signed out if another page calls migrateLegacySession() before the server has confirmed the sign-out", async () => {
    const network = new Network();
    const { path, left, right } = openTwoTabs(network, { initialState: sessionView("s1") });
    network.on(`POST ${path}/migrate`, () => successResponse(sessionView("s1")));
    await expect(left.logout()).rejects.toThrow();
    await untilValue(right.$session, ({ status }) => status === "none");
    const later = openClient(network, { baseUrl: `${SITE_ORIGIN}${path}`, clock: new TestClock() });
    await later.migrateLegacySession();
    await untilHandled();
    expect([left, right].map(({ $session }) => $session.get().status)).toEqual(["none", "none"]);
  });

  it("are both logged in after a login, and stop retrying an earlier sign-out that failed", async () => {
    const network = new Network();
    const page = new Page();
    const { path, left, right } = openTwoTabs(network, { page, initialState: sessionView("s1") });
    await expect(left.logout()).rejects.toThrow();
    network.on(`POST ${path}`, () => successResponse(sessionView("s1")));
    await right.createSession("ada@example.com", "secret");
    await untilValue(left.$session, ({ status }) => status === "authenticated");
    expect(left.$meta.get().signOut).toBe(undefined);
    page.show();
    await untilHandled();
    expect(network.requests.map(({ line }) => line)).toEqual([`DELETE ${path}`, `POST ${path}`]);
  });

  it("are both logged in after one logs in, and both receive the new CSRF token", async () => {
    const network = new Network();
    const { path, left, right } = openTwoTabs(network);
    network.on(`POST ${path}`, () => successResponse(sessionView("s1", { name: "Ada" }, { token: "t2" })));
    await left.createSession("ada@example.com", "secret");
    await untilValue(right.$session, ({ status }) => status === "authenticated");
    expect(right.$csrfToken.get()).toBe("t2");
    expect(network.requests).toHaveLength(1);
  });

  it("share one request if both refresh", async () => {
    const network = new Network();
    const response = createDeferred<Response>();
    const clock = new TestClock();
    const { path, left, right } = openTwoTabs(network, { clock });
    network.on(`GET ${path}`, () => response.promise);
    const refreshed = Promise.all([left.getSession(), right.getSession()]);
    await untilHandled();
    response.resolve(successResponse(sessionView("s1")));
    await Promise.all(
      [left, right].map(({ $session }) => untilValue($session, ({ status }) => status !== "pending")),
    );
    clock.advance(100);
    expect((await refreshed).map((session) => session?.id)).toEqual(["s1", "s1"]);
    await untilHandled();
    expect(network.requests).toHaveLength(1);
    // Only the tab that sent no request receives a view, and it does not send that view back.
    expect([left, right].map((tab) => tab.getMetrics().crossTabAdoptions)).toEqual([0, 1]);
  });

  it("both send a request if the first request fails", async () => {
    const network = new Network();
    const clock = new TestClock();
    const { path, left, right } = openTwoTabs(network, { clock });
    let requests = 0;
    const first = createDeferred<Response>();
    network.on(`GET ${path}`, () => (requests++ === 0 ? first.promise : successResponse(sessionView("s1"))));
    const refreshed = Promise.allSettled([left.getSession(), right.getSession()]);
    await untilHandled();
    first.reject(new TypeError("Failed to fetch"));
    for (let step = 0; step < 5; step++) {
      await untilHandled();
      clock.advance(100);
    }
    expect((await refreshed).map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(network.requests).toHaveLength(2);
  });

  it("send only one request when the session that they share expires", async () => {
    const network = new Network();
    const clock = new TestClock();
    const { path, left, right } = openTwoTabs(network, {
      clock,
      initialState: sessionView("s1", null, { expiresInMs: 60_000 }),
    });
    network.on(`GET ${path}`, () => failureResponse(401, "SESSION_EXPIRED"));
    clock.advance(60_000);
    await Promise.all(
      [left, right].map(({ $session }) => untilValue($session, ({ status }) => status === "none")),
    );
    expect(network.requests).toHaveLength(1);
    expect(right.$session.get()).toMatchObject({ reason: "expired" });
  });

  it("share one token request if both have lost their CSRF token", async () => {
    const network = new Network();
    const page = new Page();
    const { path, left, right } = openTwoTabs(network, { page });
    network.on(`POST ${path}/init`, () => {
      page.jar.cookie = "csrf_token=t1";
      return successResponse(sessionView("s1", null, { token: "t1" }));
    });
    expect(await Promise.all([left.initSession(), right.initSession()])).toEqual([true, true]);
    expect(network.requests).toHaveLength(1);
    expect(right.$csrfToken.get()).toBe("t1");
  });

  it("do not receive each other's sign-out if `crossTab` is false", async () => {
    const network = new Network();
    const { path, left, right } = openTwoTabs(network, {
      initialState: sessionView("s1"),
      revalidate: { crossTab: false },
    });
    network.on(`DELETE ${path}`, () => successResponse(noSession));
    await left.logout();
    await untilHandled();
    expect(right.$session.get().status).toBe("authenticated");
  });
});

describe("a client", () => {
  it("can log in, recover a token and log out in a browser without cookies, BroadcastChannel and Web Locks", async () => {
    const refuse = (): never => {
      throw new DOMException("denied", "SecurityError");
    };
    const page = new Page();
    const scope: Scope = {
      document: {
        get cookie() {
          return refuse();
        },
        visibilityState: "visible",
      },
      location: { origin: "https://shop.test", reload() {} },
      BroadcastChannel: class {
        constructor() {
          refuse();
        }
        onmessage = null;
        postMessage() {}
        close() {}
      },
      navigator: { locks: { request: () => Promise.reject(new DOMException("denied", "SecurityError")) } },
      addEventListener: page.window.addEventListener.bind(page.window),
    };
    const network = new Network()
      .on("GET /session", () => successResponse(noSession))
      .on("POST /session/init", () => successResponse(sessionView("s1", null, { token: "t1" })))
      .on("POST /session", (request) =>
        request.headers.get("x-csrf-token") === "t1"
          ? successResponse(sessionView("s1"))
          : failureResponse(403, "CSRF_MISSING"),
      )
      .on("DELETE /session", () => successResponse(noSession));
    const client = openClient(network, { scope });
    expect(await client.getSession()).toBe(null);
    expect(client.synchronizeTokenFromCookie()).toBe(false);
    expect((await client.createSession("ada@example.com", "secret"))?.id).toBe("s1");
    await client.logout();
    expect(client.$session.get().status).toBe("none");
  });

  it("sends no request and applies no view of another tab after dispose()", async () => {
    const network = new Network();
    const page = new Page();
    const { path, left, right } = openTwoTabs(network, { page, initialState: sessionView("s1") });
    network.on(`DELETE ${path}`, () => successResponse(noSession));
    right.clearCache();
    right.dispose();
    page.show();
    await left.logout();
    await untilHandled();
    expect(right.$session.get().status).toBe("authenticated");
    expect(network.requests.map(({ line }) => line)).toEqual([`DELETE ${path}`]);
  });

  it("refreshes without the lock if a frozen tab holds it", async () => {
    const network = new Network().on("GET /session-frozen", () => successResponse(sessionView("s1")));
    const baseUrl = "https://shop.test/session-frozen";
    const frozen = createDeferred();
    const held = createDeferred();
    const holder = navigator.locks.request(`coatcheck:${baseUrl}`, () => {
      held.resolve();
      return frozen.promise;
    });
    await held.promise;
    expect((await openClient(network, { baseUrl, timeout: 30 }).getSession())?.id).toBe("s1");
    frozen.resolve();
    await holder;
  });

  it("shares nothing with other clients of the same process on a server", async () => {
    // Node has channels and locks too. A client that used them would share data with the clients of other users.
    const baseUrl = "https://shop.test/session-server";
    const network = new Network().on("GET /session-server", () => successResponse(sessionView("s1")));
    const make = () => createSessionClient<User>({ baseUrl, transport: network.send });
    const [left, right] = [make(), make()];
    await left.getSession();
    await untilHandled();
    expect([left.$session.get().status, right.$session.get().status]).toEqual(["authenticated", "pending"]);
    left.dispose();
    right.dispose();
  });
});
