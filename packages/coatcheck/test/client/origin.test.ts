import { describe, expect, it } from "vitest";
import { XSRF_NAMES } from "../../src/client/index.ts";
import { failure, Network, ORIGIN, open, Page, success } from "./fixtures.ts";

const page = () => new Page({ cookie: "csrf_token=secret; XSRF-TOKEN=a%3Db" });

describe("the CSRF token", () => {
  it("is sent with unsafe requests to the page's own origin only", async () => {
    const network = new Network()
      .on("POST /orders", () => success({}))
      .on("GET /orders", () => success({}))
      .on("POST https://evil.test/orders", () => success({}))
      .on("POST https://shop.test.evil.test/orders", () => success({}))
      .on("POST http://shop.test/orders", () => success({}))
      .on("POST https://shop.test:8443/orders", () => success({}));
    const client = open(network, { page: page() });
    const urls = [
      `${ORIGIN}/orders`,
      new URL("//evil.test/orders", ORIGIN),
      "https://shop.test.evil.test/orders",
      "http://shop.test/orders",
      "https://shop.test:8443/orders",
    ];
    for (const url of urls) await client.fetch(url, { method: "POST" });
    await client.fetch(new Request(`${ORIGIN}/orders`, { method: "POST" }));
    await client.fetch(`${ORIGIN}/orders`);
    expect(network.seen.map(({ token }) => token)).toEqual([
      "secret",
      null,
      null,
      null,
      null,
      "secret",
      null,
    ]);
  });

  it("is not forwarded by a redirect, because the request has the mode same-origin", async () => {
    const network = new Network().on("POST /orders", () => success({}));
    await open(network, { page: page() }).fetch(`${ORIGIN}/orders`, { method: "POST", mode: "cors" });
    expect(network.seen[0]?.request.mode).toBe("same-origin");
  });

  it("is sent to an allowed origin in a request that refuses redirects", async () => {
    const network = new Network().on("POST https://api.shop.test/orders", () => success({}));
    const client = open(network, { page: page(), allowOrigins: ["https://api.shop.test"] });
    await client.fetch("https://api.shop.test/orders", { method: "POST" });
    const { token, request } = network.seen[0] ?? {};
    expect([token, request?.redirect, request?.credentials]).toEqual(["secret", "error", "include"]);
  });

  it("is ignored in a response from an untrusted origin, as is a 401 status", async () => {
    const network = new Network()
      .on("POST https://evil.test/a", () => success({ csrf_token: "planted" }, { "x-csrf-token": "planted" }))
      .on("POST https://evil.test/b", () => failure(401, "SESSION_REVOKED"));
    const client = open(network, { page: page() });
    await client.fetch("https://evil.test/a", { method: "POST" });
    await client.fetch("https://evil.test/b", { method: "POST" });
    expect(client.$csrfToken.get()).toBe("secret");
    expect(network.seen).toHaveLength(2);
  });

  it("is read and sent under the names of axios, Angular and Laravel with XSRF_NAMES", async () => {
    const network = new Network().on("POST /orders", () => success({}));
    await open(network, { page: page(), csrf: XSRF_NAMES }).fetch(`${ORIGIN}/orders`, { method: "POST" });
    expect(network.seen[0]?.request.headers.get("X-XSRF-TOKEN")).toBe("a=b");
  });
});
