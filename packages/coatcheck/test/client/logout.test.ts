import { describe, expect, it } from "vitest";
import { type SessionClient, SessionError } from "../../src/client/index.ts";
import {
  createDeferred,
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
} from "./fixtures.ts";

const GET = "GET /session";
const LOGOUT_LINE = "DELETE /session";

describe("logout()", () => {
  it("ignores the late response of a refresh that was sent before the logout", async () => {
    const late = createDeferred<Response>();
    const network = new Network()
      .on(GET, () => late.promise)
      .on(LOGOUT_LINE, () => successResponse(noSession));
    const client = openClient(network, { initialState: sessionView("s1") });
    const refreshed = client.getSession({ fresh: true });
    await untilHandled();
    await client.logout();
    late.resolve(successResponse(sessionView("s1", { name: "Ada" }, { rev: 1e6 })));
    expect(await refreshed).toBe(null);
    expect(client.$session.get()).toMatchObject({ status: "none", reason: "signed-out" });
  });

  it("delays a refresh until the server has confirmed the sign-out", async () => {
    const deleted = createDeferred<Response>();
    const network = new Network()
      .on(GET, () => successResponse(sessionView("s1")))
      .on(LOGOUT_LINE, () => deleted.promise);
    const client = openClient(network, { initialState: sessionView("s1") });
    const out = client.logout();
    const refreshed = client.getSession({ fresh: true });
    await untilHandled();
    expect(client.$meta.get().signOut).toBe("pending");
    expect(network.count(GET)).toBe(0);
    deleted.resolve(successResponse(noSession));
    await out;
    expect(client.$meta.get().signOut).toBe(undefined);
    // Another node may not know of the sign-out yet. Its response must not restore the session.
    expect(await refreshed).toBe(null);
    expect(client.$session.get().status).toBe("none");
  });

  it("rejects if the server cannot be reached, and retries when the page is shown", async () => {
    const page = new Page();
    const network = new Network().on(GET, () => successResponse(sessionView("s1")));
    const client = openClient(network, {
      page,
      initialState: sessionView("s1"),
      revalidate: { focus: false },
    });
    await expect(client.logout({ everywhere: true })).rejects.toMatchObject({ code: "NETWORK" });
    expect(client.$session.get().status).toBe("none");
    expect(client.$meta.get().signOut).toBe("failed");
    expect(await client.getSession({ fresh: true })).toBe(null);
    expect(client.$meta.get().signOut).toBe("failed");
    network.on("DELETE /session?everywhere", () => successResponse(noSession));
    page.show();
    await untilHandled();
    expect(client.$meta.get().signOut).toBe(undefined);
    expect(network.count("DELETE /session?everywhere")).toBe(2);
  });

  it.each([true, false])(
    "keeps the user logged in if the server requires a recent login for everywhere: true (optimistic: %s)",
    async (optimistic) => {
      const network = new Network().on(GET, () => successResponse(sessionView("s1")));
      network.on("DELETE /session?everywhere", () => failureResponse(403, "REAUTHENTICATION_REQUIRED"));
      const client = openClient(network, { initialState: sessionView("s1") });
      await expect(client.logout({ everywhere: true, optimistic })).rejects.toMatchObject({
        code: "REAUTHENTICATION_REQUIRED",
      });
      expect(client.$session.get().status).toBe("authenticated");
      expect(client.$meta.get().signOut).toBe(undefined);
      expect(await client.getSession({ fresh: true })).toMatchObject({ id: "s1" });
      expect(network.count("DELETE /session?everywhere")).toBe(1);
    },
  );

  it("retries a failed sign-out when the browser comes online", async () => {
    const page = new Page();
    const network = new Network();
    const client = openClient(network, { page, initialState: sessionView("s1") });
    page.dispatch("offline");
    await expect(client.logout()).rejects.toMatchObject({ code: "NETWORK" });
    network.on(LOGOUT_LINE, () => successResponse(noSession));
    page.dispatch("online");
    await untilHandled();
    expect(client.$meta.get().signOut).toBe(undefined);
  });

  it("keeps the session until the server has confirmed the sign-out, if `optimistic` is false", async () => {
    const network = new Network().on(LOGOUT_LINE, () => failureResponse(503, "STORE_UNAVAILABLE"));
    const client = openClient(network, { initialState: sessionView("s1") });
    await expect(client.logout({ optimistic: false })).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(client.$session.get().status).toBe("authenticated");
    network.on(LOGOUT_LINE, () => successResponse(noSession));
    await client.logout({ optimistic: false });
    expect(client.$session.get().status).toBe("none");
  });

  it("allows a login into the same session after a failed logout", async () => {
    const network = new Network().on("POST /session", () =>
      successResponse(sessionView("s1", { name: "Ada" })),
    );
    const client = openClient(network, { initialState: sessionView("s1") });
    await expect(client.logout()).rejects.toThrow();
    await client.createSession("ada@example.com", "secret");
    expect(client.$session.get().status).toBe("authenticated");
    expect(client.$meta.get().signOut).toBe(undefined);
  });

  it("waits for a login in progress, and then ends the session that the login created", async () => {
    const login = createDeferred<Response>();
    const network = new Network()
      .on("POST /session", () => login.promise)
      .on(LOGOUT_LINE, () => successResponse(noSession));
    const client = openClient(network);
    const inside = client.createSession("ada@example.com", "secret");
    const outside = client.logout();
    await untilHandled();
    expect(network.count(LOGOUT_LINE)).toBe(0);
    login.resolve(successResponse(sessionView("s1")));
    await Promise.all([inside, outside]);
    expect(client.$session.get().status).toBe("none");
    expect(network.requests.map(({ line }) => line)).toEqual(["POST /session", LOGOUT_LINE]);
  });

  it("sends the request with keepalive, so that it is sent even if the page is closed", async () => {
    const network = new Network().on(LOGOUT_LINE, () => successResponse(noSession));
    await openClient(network).logout();
    expect(network.requests[0]?.request.keepalive).toBe(true);
  });
});

describe("client.fetch() before the server has confirmed a sign-out", () => {
  const ORDERS = "GET /orders";
  const lines = (network: Network) => network.requests.map(({ line }) => line);
  const order = (client: SessionClient<User>) => client.fetch(`${SITE_ORIGIN}/orders`);

  it.each([true, false])("waits for the sign-out in progress (optimistic: %s)", async (optimistic) => {
    const deleted = createDeferred<Response>();
    const network = new Network()
      .on(ORDERS, () => successResponse([]))
      .on(LOGOUT_LINE, () => deleted.promise);
    const client = openClient(network, { initialState: sessionView("s1") });
    const out = client.logout({ optimistic });
    await untilHandled();
    const ordered = order(client);
    await untilHandled();
    expect(lines(network)).toEqual([LOGOUT_LINE]);
    deleted.resolve(successResponse(noSession));
    await out;
    expect((await ordered).status).toBe(200);
    expect(lines(network)).toEqual([LOGOUT_LINE, ORDERS]);
  });

  it("waits for the sign-out if a subscriber calls fetch() as soon as the status is `none`", async () => {
    const network = new Network()
      .on(ORDERS, () => successResponse([]))
      .on(LOGOUT_LINE, () => successResponse(noSession));
    const client = openClient(network, { initialState: sessionView("s1") });
    const ordered = createDeferred<Response>();
    client.$session.listen(({ status }) => {
      if (status === "none") ordered.resolve(order(client));
    });
    await client.logout();
    await ordered.promise;
    expect(lines(network)).toEqual([LOGOUT_LINE, ORDERS]);
  });

  it("repeats a failed sign-out once for all concurrent calls, and rejects if the repetition fails", async () => {
    const network = new Network().on(ORDERS, () => successResponse([]));
    const client = openClient(network, { initialState: sessionView("s1") });
    await expect(client.logout({ everywhere: true })).rejects.toThrow();
    const everywhere = "DELETE /session?everywhere";
    network.on(everywhere, () => failureResponse(503, "STORE_UNAVAILABLE", { "retry-after": "7" }));
    const refused = await Promise.allSettled([order(client), order(client)]);
    for (const { status, reason } of refused as PromiseRejectedResult[]) {
      expect([status, reason instanceof SessionError]).toEqual(["rejected", true]);
      expect(reason).toMatchObject({ code: "STORE_UNAVAILABLE", retryAfter: 7 });
    }
    expect(lines(network)).toEqual([everywhere, everywhere]);
    expect(client.$meta.get().signOut).toBe("failed");
    network.on(everywhere, () => successResponse(noSession));
    expect((await order(client)).status).toBe(200);
    expect(lines(network).slice(2)).toEqual([everywhere, ORDERS]);
    await order(client);
    expect(lines(network).slice(4)).toEqual([ORDERS]);
  });

  it("sends the request immediately if a user has logged in after the sign-out", async () => {
    const network = new Network()
      .on(ORDERS, () => successResponse([]))
      .on("POST /session", () => successResponse(sessionView("s1")));
    const client = openClient(network, { initialState: sessionView("s1") });
    await expect(client.logout()).rejects.toThrow();
    await client.createSession("ada@example.com", "secret");
    expect((await order(client)).status).toBe(200);
    expect(network.count(LOGOUT_LINE)).toBe(1);
  });
});

describe("createSession()", () => {
  it("ignores the late response of an older refresh, and rejects with the server's error code if the login fails", async () => {
    const late = createDeferred<Response>();
    const network = new Network()
      .on(GET, () => late.promise)
      .on("POST /session", () => successResponse(sessionView("s2")));
    const client = openClient(network);
    const refreshed = client.getSession();
    await untilHandled();
    await client.createSession("ada@example.com", "secret");
    late.resolve(successResponse(noSession));
    expect((await refreshed)?.id).toBe("s2");
    expect(client.$session.get().status).toBe("authenticated");
    network.on("POST /session", () => failureResponse(401, "FORBIDDEN"));
    await expect(client.createSession("ada@example.com", "wrong")).rejects.toMatchObject({
      code: "FORBIDDEN",
    });
    expect(client.$session.get().status).toBe("authenticated");
  });

  it("applies the response of an earlier refresh if the login fails", async () => {
    const late = createDeferred<Response>();
    const network = new Network()
      .on(GET, () => late.promise)
      .on("POST /session", () => failureResponse(403, "FORBIDDEN"));
    const client = openClient(network);
    const refreshed = client.getSession();
    await untilHandled();
    await expect(client.createSession("ada@example.com", "wrong")).rejects.toMatchObject({
      code: "FORBIDDEN",
    });
    late.resolve(successResponse(sessionView("s1", null)));
    expect((await refreshed)?.id).toBe("s1");
    expect(client.$session.get().status).toBe("anonymous");
  });
});

describe("elevate(), migrateLegacySession() and extend()", () => {
  it("send requests to their endpoints and apply the returned view", async () => {
    const clock = new TestClock();
    const network = new Network()
      .on("POST /session/elevate", () => successResponse(sessionView("s1", { name: "Ada" }, { token: "t2" })))
      .on("POST /session/migrate", () => successResponse(sessionView("s1", { name: "Ada" })))
      .on("GET /session?touch", () =>
        successResponse(sessionView("s1", { name: "Ada" }, { expiresInMs: 9_000 })),
      );
    const client = openClient(network, { clock });
    await client.elevate({ credentials: { password: "x" }, scope: "client.devices" });
    expect(client.$csrfToken.get()).toBe("t2");
    expect((await client.migrateLegacySession())?.id).toBe("s1");
    await client.extend();
    clock.advance(1_000);
    expect(client.expiresIn()).toBe(8_000);
  });
});

describe("client.devices", () => {
  it("lists and revokes devices, and signs this page out if the current device is revoked", async () => {
    const network = new Network()
      .on("GET /session/devices", () => successResponse([{ id: "s1", current: true }]))
      .on("DELETE /session/devices/s2", () => successResponse({ ended: 1 }))
      .on("DELETE /session/devices?others", () => successResponse({ ended: 2 }))
      .on("DELETE /session/devices?all", () => successResponse({ ended: 3 }))
      .on(GET, () => successResponse(sessionView("s1")));
    const { devices, $session } = openClient(network, { initialState: sessionView("s1") });
    expect(await devices.list()).toEqual([{ id: "s1", current: true }]);
    await devices.revoke("s2");
    await devices.revokeOthers();
    expect($session.get().status).toBe("authenticated");
    network.on(GET, () => failureResponse(401, "SESSION_REVOKED"));
    await devices.revokeAll();
    expect($session.get().status).toBe("none");
  });
});
