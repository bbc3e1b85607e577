import { describe, expect, it } from "vitest";
import {
  createDeferred,
  failureResponse,
  Network,
  openClient,
  Page,
  SITE_ORIGIN,
  sessionView,
  successResponse,
  untilHandled,
} from "./fixtures.ts";

/** Creates a network whose server accepts only this CSRF token. */
function createNetworkAccepting(token: string): Network {
  return new Network()
    .on("POST /session/init", () => successResponse(sessionView("s1", null, { token })))
    .on("POST /orders", (request) =>
      request.headers.get("x-csrf-token") === token
        ? successResponse({ taken: true })
        : failureResponse(403, request.headers.has("x-csrf-token") ? "CSRF_INVALID" : "CSRF_MISSING"),
    );
}

describe("a request whose CSRF token is rejected", () => {
  it("is repeated with the newer token of the cookie, without a token request", async () => {
    const page = new Page({ cookie: "other=1; csrf_token=old" });
    const network = createNetworkAccepting("new");
    network.on("POST /orders", (request) => {
      // Another tab logs in while the request is in flight.
      page.jar.cookie = "csrf_token=new";
      return request.headers.get("x-csrf-token") === "new"
        ? successResponse({})
        : failureResponse(403, "CSRF_INVALID");
    });
    const response = await openClient(network, { page }).fetch(`${SITE_ORIGIN}/orders`, {
      method: "POST",
      body: "taco",
    });
    expect(response.status).toBe(200);
    expect(network.requests.map(({ line, token }) => [line, token])).toEqual([
      ["POST /orders", "old"],
      ["POST /orders", "new"],
    ]);
    expect(await network.requests[1]?.request.text()).toBe("taco");
  });

  it("is repeated with a token from /session/init and the same body if there is no cookie", async () => {
    const network = createNetworkAccepting("fresh");
    const response = await openClient(network).fetch(`${SITE_ORIGIN}/orders`, {
      method: "POST",
      body: "taco",
    });
    expect(response.status).toBe(200);
    expect(network.requests.map(({ line, token }) => [line, token])).toEqual([
      ["POST /orders", null],
      ["POST /session/init", null],
      ["POST /orders", "fresh"],
    ]);
    expect(await network.requests[2]?.request.text()).toBe("taco");
  });

  it("is repeated with the newer token of the cookie even while another tab holds the lock", async () => {
    const page = new Page({ cookie: "csrf_token=old" });
    const network = createNetworkAccepting("new");
    const held = createDeferred();
    const holder = navigator.locks.request("coatcheck:https://shop.test/session", () => held.promise);
    const client = openClient(network, { page });
    network.on("POST /session/init", () => failureResponse(500, "STORE_UNAVAILABLE"));
    const response = client.fetch(`${SITE_ORIGIN}/orders`, { method: "POST" });
    page.jar.cookie = "csrf_token=new";
    expect((await response).status).toBe(200);
    held.resolve();
    await holder;
  });

  it.each([
    ["with locks", navigator.locks],
    ["without locks", undefined],
  ])("shares one token request with nine other requests, %s", async (_, locks) => {
    const page = new Page({ cookie: "csrf_token=lost" });
    const network = createNetworkAccepting("fresh").on("POST /session/init", async () => {
      await untilHandled();
      page.jar.cookie = "csrf_token=fresh";
      return successResponse(sessionView("s1", null, { token: "fresh" }));
    });
    const client = openClient(network, { scope: { ...page.scope, navigator: locks ? { locks } : {} } });
    const responses = await Promise.all(
      Array.from({ length: 10 }, () => client.fetch(`${SITE_ORIGIN}/orders`, { method: "POST" })),
    );
    expect(responses.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(network.count("POST /session/init")).toBe(1);
    expect(network.count("POST /orders")).toBeLessThanOrEqual(20);
  });

  it("is repeated only once, and reported to the listener once if the retry is rejected too", async () => {
    const network = new Network()
      .on("POST /session/init", () => successResponse(sessionView("s1", null, { token: "useless" })))
      .on("POST /orders", () => failureResponse(403, "CSRF_INVALID"));
    const client = openClient(network);
    const codes: string[] = [];
    const stop = client.createCsrfErrorListener(({ code }) => codes.push(code));
    expect((await client.fetch(`${SITE_ORIGIN}/orders`, { method: "POST" })).status).toBe(403);
    expect(codes).toEqual(["CSRF_INVALID"]);
    expect(network.requests).toHaveLength(3);
    stop();
    await client.fetch(`${SITE_ORIGIN}/orders`, { method: "POST" });
    expect(codes).toHaveLength(1);
  });

  it("is reported to the listener if the server sends no token", async () => {
    const network = new Network().on("POST /orders", () => failureResponse(403, "CSRF_MISSING"));
    const client = openClient(network);
    const codes: string[] = [];
    client.createCsrfErrorListener(({ code }) => codes.push(code));
    expect((await client.fetch(`${SITE_ORIGIN}/orders`, { method: "POST" })).status).toBe(403);
    expect(codes).toEqual(["CSRF_MISSING"]);
    expect(network.requests.map(({ line }) => line)).toEqual(["POST /orders", "POST /session/init"]);
  });

  it("is repeated, unlike a request that received 403 for another reason", async () => {
    const network = new Network().on("POST /orders", () => failureResponse(403, "FORBIDDEN"));
    await openClient(network).fetch(`${SITE_ORIGIN}/orders`, { method: "POST" });
    expect(network.requests).toHaveLength(1);
  });

  it("is also repeated if it is a login", async () => {
    const network = new Network()
      .on("POST /session/init", () => successResponse(sessionView("s1", null, { token: "fresh" })))
      .on("POST /session", (request) =>
        request.headers.get("x-csrf-token") === "fresh"
          ? successResponse(sessionView("s1"))
          : failureResponse(403, "CSRF_MISSING"),
      );
    const client = openClient(network);
    expect((await client.createSession("ada@example.com", "secret"))?.subject).toBe("Ada");
    expect(await network.requests[2]?.request.json()).toEqual({
      email: "ada@example.com",
      password: "secret",
    });
  });
});

describe("the page's CSRF token", () => {
  it("is read from the cookie by synchronizeTokenFromCookie(), which returns false without a cookie", () => {
    const page = new Page();
    const client = openClient(new Network(), { page });
    expect(client.synchronizeTokenFromCookie()).toBe(false);
    page.jar.cookie = "a=1; csrf_token=abc; b=2";
    expect(client.synchronizeTokenFromCookie()).toBe(true);
    expect(client.$csrfToken.get()).toBe("abc");
    page.jar.cookie = "";
    expect(client.synchronizeTokenFromCookie()).toBe(false);
    expect(client.$csrfToken.get()).toBe("abc");
  });

  it("is updated from a response's header or body, and kept if the response's token is empty", async () => {
    const network = new Network()
      .on("GET /a", () => successResponse({ csrf_token: "from-body" }))
      .on("GET /b", () => successResponse({}, { "x-csrf-token": "from-header" }));
    const client = openClient(network);
    expect(client.updateCsrfTokenFromServer("")).toBe(false);
    await client.fetch(`${SITE_ORIGIN}/a`);
    expect(client.$csrfToken.get()).toBe("from-body");
    await client.fetch(`${SITE_ORIGIN}/b`);
    expect(client.$csrfToken.get()).toBe("from-header");
    expect(client.updateCsrfTokenFromServer("given")).toBe(true);
    expect(client.$csrfToken.get()).toBe("given");
  });

  it("is requested once by concurrent initSession() calls", async () => {
    const network = new Network().on("POST /session/init", () =>
      successResponse(sessionView("s1", null, { token: "t" })),
    );
    const client = openClient(network);
    expect(await Promise.all([client.initSession(), client.initSession()])).toEqual([true, true]);
    expect(network.requests).toHaveLength(1);
    expect(client.$session.get().status).toBe("anonymous");
  });
});
