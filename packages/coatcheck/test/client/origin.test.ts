import { describe, expect, it } from "vitest";
import { XSRF_NAMES } from "../../src/client/index.ts";
import { failureResponse, Network, openClient, Page, SITE_ORIGIN, successResponse } from "./fixtures.ts";

const page = () => new Page({ cookie: "csrf_token=secret; XSRF-TOKEN=a%3Db" });

describe("the CSRF token", () => {
  it("is sent only in unsafe requests to the page's own origin", async () => {
    const network = new Network()
      .on("POST /orders", () => successResponse({}))
      .on("GET /orders", () => successResponse({}))
      .on("POST https://evil.test/orders", () => successResponse({}))
      .on("POST https://shop.test.evil.test/orders", () => successResponse({}))
      .on("POST http://shop.test/orders", () => successResponse({}))
      .on("POST https://shop.test:8443/orders", () => successResponse({}));
    const client = openClient(network, { page: page() });
    const urls = [
      `${SITE_ORIGIN}/orders`,
      new URL("//evil.test/orders", SITE_ORIGIN),
      "https://shop.test.evil.test/orders",
      "http://shop.test/orders",
      "https://shop.test:8443/orders",
    ];
    for (const url of urls) await client.fetch(url, { method: "POST" });
    await client.fetch(new Request(`${SITE_ORIGIN}/orders`, { method: "POST" }));
    await client.fetch(`${SITE_ORIGIN}/orders`);
    expect(network.requests.map(({ token }) => token)).toEqual([
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
    const network = new Network().on("POST /orders", () => successResponse({}));
    await openClient(network, { page: page() }).fetch(`${SITE_ORIGIN}/orders`, {
      method: "POST",
      mode: "cors",
    });
    expect(network.requests[0]?.request.mode).toBe("same-origin");
  });

  it("is sent to an allowed origin in a request that refuses redirects", async () => {
    const network = new Network().on("POST https://api.shop.test/orders", () => successResponse({}));
    const client = openClient(network, { page: page(), allowOrigins: ["https://api.shop.test"] });
    await client.fetch("https://api.shop.test/orders", { method: "POST" });
    const { token, request } = network.requests[0] ?? {};
    expect([token, request?.redirect, request?.credentials]).toEqual(["secret", "error", "include"]);
  });

  it("is ignored in a response from an untrusted origin, and status 401 of that response does not end the session", async () => {
    const network = new Network()
      .on("POST https://evil.test/a", () =>
        successResponse({ csrf_token: "planted" }, { "x-csrf-token": "planted" }),
      )
      .on("POST https://evil.test/b", () => failureResponse(401, "SESSION_REVOKED"));
    const client = openClient(network, { page: page() });
    await client.fetch("https://evil.test/a", { method: "POST" });
    await client.fetch("https://evil.test/b", { method: "POST" });
    expect(client.$csrfToken.get()).toBe("secret");
    expect(network.requests).toHaveLength(2);
  });

  it("is read and sent under the names in XSRF_NAMES, which axios, Angular and Laravel use", async () => {
    const network = new Network().on("POST /orders", () => successResponse({}));
    await openClient(network, { page: page(), csrf: XSRF_NAMES }).fetch(`${SITE_ORIGIN}/orders`, {
      method: "POST",
    });
    expect(network.requests[0]?.request.headers.get("X-XSRF-TOKEN")).toBe("a=b");
  });
});
