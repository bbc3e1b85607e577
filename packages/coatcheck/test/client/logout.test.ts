import { describe, expect, it } from "vitest";
import { type SessionClient, SessionError } from "../../src/client/index.ts";
import {
  deferred,
  failure,
  Network,
  noSession,
  ORIGIN,
  open,
  Page,
  settle,
  success,
  TestClock,
  type User,
  view,
} from "./fixtures.ts";

const GET = "GET /session";
const DELETE = "DELETE /session";

describe("logout()", () => {
  it("ignores the late response of a refresh that was sent before the logout", async () => {
    const late = deferred<Response>();
    const network = new Network().on(GET, () => late.promise).on(DELETE, () => success(noSession));
    const client = open(network, { initialState: view("s1") });
    const refreshed = client.getSession({ fresh: true });
    await settle();
    await client.logout();
    late.resolve(success(view("s1", { name: "Ada" }, { rev: 1e6 })));
    expect(await refreshed).toBe(null);
    expect(client.$session.get()).toMatchObject({ status: "none", reason: "signed-out" });
  });

  it("delays a refresh until the server has confirmed the sign-out", async () => {
    const deleted = deferred<Response>();
    const network = new Network().on(GET, () => success(view("s1"))).on(DELETE, () => deleted.promise);
    const client = open(network, { initialState: view("s1") });
    const out = client.logout();
    const refreshed = client.getSession({ fresh: true });
    await settle();
    expect(client.$meta.get().signOut).toBe("pending");
    expect(network.count(GET)).toBe(0);
    deleted.resolve(success(noSession));
    await out;
    expect(client.$meta.get().signOut).toBe(undefined);
    // Another node may not know of the sign-out yet. Its response must not restore the session.
    expect(await refreshed).toBe(null);
    expect(client.$session.get().status).toBe("none");
  });

  it("rejects if the server cannot be reached, and retries when the page is shown", async () => {
    const page = new Page();
    const network = new Network().on(GET, () => success(view("s1")));
    const client = open(network, { page, initialState: view("s1"), revalidate: { focus: false } });
    await expect(client.logout({ everywhere: true })).rejects.toMatchObject({ code: "NETWORK" });
    expect(client.$session.get().status).toBe("none");
    expect(client.$meta.get().signOut).toBe("failed");
    expect(await client.getSession({ fresh: true })).toBe(null);
    expect(client.$meta.get().signOut).toBe("failed");
    network.on("DELETE /session?everywhere", () => success(noSession));
    page.show();
    await settle();
    expect(client.$meta.get().signOut).toBe(undefined);
    expect(network.count("DELETE /session?everywhere")).toBe(2);
  });

  it.each([true, false])(
    "keeps the user logged in if everywhere: true requires a recent login (optimistic: %s)",
    async (optimistic) => {
      const network = new Network().on(GET, () => success(view("s1")));
      network.on("DELETE /session?everywhere", () => failure(403, "REAUTHENTICATION_REQUIRED"));
      const client = open(network, { initialState: view("s1") });
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
    const client = open(network, { page, initialState: view("s1") });
    page.fire("offline");
    await expect(client.logout()).rejects.toMatchObject({ code: "NETWORK" });
    network.on(DELETE, () => success(noSession));
    page.fire("online");
    await settle();
    expect(client.$meta.get().signOut).toBe(undefined);
  });

  it("keeps the session until the server has confirmed, if optimistic is false", async () => {
    const network = new Network().on(DELETE, () => failure(503, "STORE_UNAVAILABLE"));
    const client = open(network, { initialState: view("s1") });
    await expect(client.logout({ optimistic: false })).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(client.$session.get().status).toBe("authenticated");
    network.on(DELETE, () => success(noSession));
    await client.logout({ optimistic: false });
    expect(client.$session.get().status).toBe("none");
  });

  it("allows a later login into the same session after the logout has failed", async () => {
    const network = new Network().on("POST /session", () => success(view("s1", { name: "Ada" })));
    const client = open(network, { initialState: view("s1") });
    await expect(client.logout()).rejects.toThrow();
    await client.createSession("ada@example.com", "secret");
    expect(client.$session.get().status).toBe("authenticated");
    expect(client.$meta.get().signOut).toBe(undefined);
  });

  it("waits for a login in progress and ends the session of that login", async () => {
    const login = deferred<Response>();
    const network = new Network()
      .on("POST /session", () => login.promise)
      .on(DELETE, () => success(noSession));
    const client = open(network);
    const inside = client.createSession("ada@example.com", "secret");
    const outside = client.logout();
    await settle();
    expect(network.count(DELETE)).toBe(0);
    login.resolve(success(view("s1")));
    await Promise.all([inside, outside]);
    expect(client.$session.get().status).toBe("none");
    expect(network.seen.map(({ line }) => line)).toEqual(["POST /session", DELETE]);
  });

  it("sends the request with keepalive, so that it is sent even if the page is closed", async () => {
    const network = new Network().on(DELETE, () => success(noSession));
    await open(network).logout();
    expect(network.seen[0]?.request.keepalive).toBe(true);
  });
});

describe("client.fetch() before the server has confirmed a sign-out", () => {
  const ORDERS = "GET /orders";
  const lines = (network: Network) => network.seen.map(({ line }) => line);
  const order = (client: SessionClient<User>) => client.fetch(`${ORIGIN}/orders`);

  it.each([true, false])("waits for the sign-out in progress (optimistic: %s)", async (optimistic) => {
    const deleted = deferred<Response>();
    const network = new Network().on(ORDERS, () => success([])).on(DELETE, () => deleted.promise);
    const client = open(network, { initialState: view("s1") });
    const out = client.logout({ optimistic });
    await settle();
    const ordered = order(client);
    await settle();
    expect(lines(network)).toEqual([DELETE]);
    deleted.resolve(success(noSession));
    await out;
    expect((await ordered).status).toBe(200);
    expect(lines(network)).toEqual([DELETE, ORDERS]);
  });

  it("waits for the sign-out if a subscriber calls fetch() as soon as the status is none", async () => {
    const network = new Network().on(ORDERS, () => success([])).on(DELETE, () => success(noSession));
    const client = open(network, { initialState: view("s1") });
    const ordered = deferred<Response>();
    client.$session.listen(({ status }) => {
      if (status === "none") ordered.resolve(order(client));
    });
    await client.logout();
    await ordered.promise;
    expect(lines(network)).toEqual([DELETE, ORDERS]);
  });

  it("repeats a failed sign-out once for all concurrent calls, and rejects with its code if it fails again", async () => {
    const network = new Network().on(ORDERS, () => success([]));
    const client = open(network, { initialState: view("s1") });
    await expect(client.logout({ everywhere: true })).rejects.toThrow();
    const everywhere = "DELETE /session?everywhere";
    network.on(everywhere, () => failure(503, "STORE_UNAVAILABLE", { "retry-after": "7" }));
    const refused = await Promise.allSettled([order(client), order(client)]);
    for (const { status, reason } of refused as PromiseRejectedResult[]) {
      expect([status, reason instanceof SessionError]).toEqual(["rejected", true]);
      expect(reason).toMatchObject({ code: "STORE_UNAVAILABLE", retryAfter: 7 });
    }
    expect(lines(network)).toEqual([everywhere, everywhere]);
    expect(client.$meta.get().signOut).toBe("failed");
    network.on(everywhere, () => success(noSession));
    expect((await order(client)).status).toBe(200);
    expect(lines(network).slice(2)).toEqual([everywhere, ORDERS]);
    await order(client);
    expect(lines(network).slice(4)).toEqual([ORDERS]);
  });

  it("sends the request immediately if a user has logged in after the sign-out", async () => {
    const network = new Network()
      .on(ORDERS, () => success([]))
      .on("POST /session", () => success(view("s1")));
    const client = open(network, { initialState: view("s1") });
    await expect(client.logout()).rejects.toThrow();
    await client.createSession("ada@example.com", "secret");
    expect((await order(client)).status).toBe(200);
    expect(network.count(DELETE)).toBe(1);
  });
});

describe("createSession()", () => {
  it("ignores the late response of an older refresh, and rejects with the server's code", async () => {
    const late = deferred<Response>();
    const network = new Network().on(GET, () => late.promise).on("POST /session", () => success(view("s2")));
    const client = open(network);
    const refreshed = client.getSession();
    await settle();
    await client.createSession("ada@example.com", "secret");
    late.resolve(success(noSession));
    expect((await refreshed)?.id).toBe("s2");
    expect(client.$session.get().status).toBe("authenticated");
    network.on("POST /session", () => failure(401, "FORBIDDEN"));
    await expect(client.createSession("ada@example.com", "wrong")).rejects.toMatchObject({
      code: "FORBIDDEN",
    });
    expect(client.$session.get().status).toBe("authenticated");
  });

  it("applies the response of an earlier refresh if the login fails", async () => {
    const late = deferred<Response>();
    const network = new Network()
      .on(GET, () => late.promise)
      .on("POST /session", () => failure(403, "FORBIDDEN"));
    const client = open(network);
    const refreshed = client.getSession();
    await settle();
    await expect(client.createSession("ada@example.com", "wrong")).rejects.toMatchObject({
      code: "FORBIDDEN",
    });
    late.resolve(success(view("s1", null)));
    expect((await refreshed)?.id).toBe("s1");
    expect(client.$session.get().status).toBe("anonymous");
  });
});

describe("elevate(), migrateLegacySession() and extend()", () => {
  it("send requests to their endpoints and apply the returned view", async () => {
    const clock = new TestClock();
    const network = new Network()
      .on("POST /session/elevate", () => success(view("s1", { name: "Ada" }, { token: "t2" })))
      .on("POST /session/migrate", () => success(view("s1", { name: "Ada" })))
      .on("GET /session?touch", () => success(view("s1", { name: "Ada" }, { expiresInMs: 9_000 })));
    const client = open(network, { clock });
    await client.elevate({ credentials: { password: "x" }, scope: "client.devices" });
    expect(client.$csrfToken.get()).toBe("t2");
    expect((await client.migrateLegacySession())?.id).toBe("s1");
    await client.extend();
    clock.advance(1_000);
    expect(client.expiresIn()).toBe(8_000);
  });
});

describe("client.devices", () => {
  it("lists and revokes devices, and ends this page's session if its own device is revoked", async () => {
    const network = new Network()
      .on("GET /session/devices", () => success([{ id: "s1", current: true }]))
      .on("DELETE /session/devices/s2", () => success({ ended: 1 }))
      .on("DELETE /session/devices?others", () => success({ ended: 2 }))
      .on("DELETE /session/devices?all", () => success({ ended: 3 }))
      .on(GET, () => success(view("s1")));
    const { devices, $session } = open(network, { initialState: view("s1") });
    expect(await devices.list()).toEqual([{ id: "s1", current: true }]);
    await devices.revoke("s2");
    await devices.revokeOthers();
    expect($session.get().status).toBe("authenticated");
    network.on(GET, () => failure(401, "SESSION_REVOKED"));
    await devices.revokeAll();
    expect($session.get().status).toBe("none");
  });
});
