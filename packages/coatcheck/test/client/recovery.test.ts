import { describe, expect, it } from "vitest";
import { failure, gate, Network, ORIGIN, open, Page, settle, success, view } from "./browser.ts";

/** A server that accepts one token only. */
function strict(token: string): Network {
  return new Network()
    .on("POST /session/init", () => success(view("s1", null, { token })))
    .on("POST /orders", (request) =>
      request.headers.get("x-csrf-token") === token
        ? success({ taken: true })
        : failure(403, request.headers.has("x-csrf-token") ? "CSRF_INVALID" : "CSRF_MISSING"),
    );
}

describe("recovery from a rejected token", () => {
  it("takes a token over that the cookie has by now, and asks for none", async () => {
    const page = new Page({ cookie: "other=1; csrf_token=old" });
    const network = strict("new");
    network.on("POST /orders", (request) => {
      // Another tab logs in while the request is under way.
      page.jar.cookie = "csrf_token=new";
      return request.headers.get("x-csrf-token") === "new" ? success({}) : failure(403, "CSRF_INVALID");
    });
    const response = await open(network, { page }).fetch(`${ORIGIN}/orders`, {
      method: "POST",
      body: "taco",
    });
    expect(response.status).toBe(200);
    expect(network.seen.map(({ line, token }) => [line, token])).toEqual([
      ["POST /orders", "old"],
      ["POST /orders", "new"],
    ]);
    expect(await network.seen[1]?.request.text()).toBe("taco");
  });

  it("asks for a token once where the cookie has none, and sends the same body again", async () => {
    const network = strict("fresh");
    const response = await open(network).fetch(`${ORIGIN}/orders`, { method: "POST", body: "taco" });
    expect(response.status).toBe(200);
    expect(network.seen.map(({ line, token }) => [line, token])).toEqual([
      ["POST /orders", null],
      ["POST /session/init", null],
      ["POST /orders", "fresh"],
    ]);
    expect(await network.seen[2]?.request.text()).toBe("taco");
  });

  it("takes the newer cookie over though another tab holds the lock", async () => {
    const page = new Page({ cookie: "csrf_token=old" });
    const network = strict("new");
    const held = gate();
    const holder = navigator.locks.request("coatcheck:https://shop.test/session", () => held.promise);
    const client = open(network, { page });
    network.on("POST /session/init", () => failure(500, "STORE_UNAVAILABLE"));
    const answer = client.fetch(`${ORIGIN}/orders`, { method: "POST" });
    page.jar.cookie = "csrf_token=new";
    expect((await answer).status).toBe(200);
    held.resolve();
    await holder;
  });

  it.each([
    ["with locks", navigator.locks],
    ["without", undefined],
  ])("asks once for ten requests that lost their token together, %s", async (_, locks) => {
    const page = new Page({ cookie: "csrf_token=lost" });
    const network = strict("fresh").on("POST /session/init", async () => {
      await settle();
      page.jar.cookie = "csrf_token=fresh";
      return success(view("s1", null, { token: "fresh" }));
    });
    const client = open(network, { scope: { ...page.scope, navigator: locks ? { locks } : {} } });
    const responses = await Promise.all(
      Array.from({ length: 10 }, () => client.fetch(`${ORIGIN}/orders`, { method: "POST" })),
    );
    expect(responses.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(network.count("POST /session/init")).toBe(1);
    expect(network.count("POST /orders")).toBeLessThanOrEqual(20);
  });

  it("gives up after one recovery, and says so once", async () => {
    const network = new Network()
      .on("POST /session/init", () => success(view("s1", null, { token: "useless" })))
      .on("POST /orders", () => failure(403, "CSRF_INVALID"));
    const client = open(network);
    const heard: string[] = [];
    const stop = client.createCsrfErrorListener(({ code }) => heard.push(code));
    expect((await client.fetch(`${ORIGIN}/orders`, { method: "POST" })).status).toBe(403);
    expect(heard).toEqual(["CSRF_INVALID"]);
    expect(network.seen).toHaveLength(3);
    stop();
    await client.fetch(`${ORIGIN}/orders`, { method: "POST" });
    expect(heard).toHaveLength(1);
  });

  it("says so when the server gives no token", async () => {
    const network = new Network().on("POST /orders", () => failure(403, "CSRF_MISSING"));
    const client = open(network);
    const heard: string[] = [];
    client.createCsrfErrorListener(({ code }) => heard.push(code));
    expect((await client.fetch(`${ORIGIN}/orders`, { method: "POST" })).status).toBe(403);
    expect(heard).toEqual(["CSRF_MISSING"]);
    expect(network.seen.map(({ line }) => line)).toEqual(["POST /orders", "POST /session/init"]);
  });

  it("takes no other 403 for one", async () => {
    const network = new Network().on("POST /orders", () => failure(403, "FORBIDDEN"));
    await open(network).fetch(`${ORIGIN}/orders`, { method: "POST" });
    expect(network.seen).toHaveLength(1);
  });

  it("recovers a login as well", async () => {
    const network = new Network()
      .on("POST /session/init", () => success(view("s1", null, { token: "fresh" })))
      .on("POST /session", (request) =>
        request.headers.get("x-csrf-token") === "fresh" ? success(view("s1")) : failure(403, "CSRF_MISSING"),
      );
    const client = open(network);
    expect((await client.createSession("ada@example.com", "secret"))?.subject).toBe("Ada");
    expect(await network.seen[2]?.request.json()).toEqual({ email: "ada@example.com", password: "secret" });
  });
});

describe("the token of the page", () => {
  it("follows the cookie, and says whether there is one", () => {
    const page = new Page();
    const client = open(new Network(), { page });
    expect(client.synchronizeTokenFromCookie()).toBe(false);
    page.jar.cookie = "a=1; csrf_token=abc; b=2";
    expect(client.synchronizeTokenFromCookie()).toBe(true);
    expect(client.$csrfToken.get()).toBe("abc");
    page.jar.cookie = "";
    expect(client.synchronizeTokenFromCookie()).toBe(false);
    expect(client.$csrfToken.get()).toBe("abc");
  });

  it("is taken from the server's header and body, and never emptied", async () => {
    const network = new Network()
      .on("GET /a", () => success({ csrf_token: "from-body" }))
      .on("GET /b", () => success({}, { "x-csrf-token": "from-header" }));
    const client = open(network);
    expect(client.updateCsrfTokenFromServer("")).toBe(false);
    await client.fetch(`${ORIGIN}/a`);
    expect(client.$csrfToken.get()).toBe("from-body");
    await client.fetch(`${ORIGIN}/b`);
    expect(client.$csrfToken.get()).toBe("from-header");
    expect(client.updateCsrfTokenFromServer("given")).toBe(true);
    expect(client.$csrfToken.get()).toBe("given");
  });

  it("is asked for once by several that want it", async () => {
    const network = new Network().on("POST /session/init", () => success(view("s1", null, { token: "t" })));
    const client = open(network);
    expect(await Promise.all([client.initSession(), client.initSession()])).toEqual([true, true]);
    expect(network.seen).toHaveLength(1);
    expect(client.$session.get().status).toBe("anonymous");
  });
});
