import { describe, expect, test } from "vitest";
import { connectUpstream, createMemoryState, sendJson, startServer } from "./fixtures.ts";

const csrf = { path: "/token", source: { json: "token" }, sendAs: { header: "x-csrf-token" } } as const;
const POST = { method: "POST", path: "/orders" } as const;

describe("the option `headers`", () => {
  test("is sent with every request, also when the gateway fetches a token, unless the request sets the same header", async () => {
    const seen: (string | undefined)[][] = [];
    const server = await startServer((request, response) => {
      const { host, authorization, "x-api-key": key } = request.headers;
      seen.push([request.url, host, authorization, String(key)]);
      sendJson(response, { token: "t" });
    });
    const headers = { Host: "shop.example", Authorization: "Basic dTpw", "X-API-Key": "general" };
    const upstream = connectUpstream(server.origin, { csrf, headers });
    const state = createMemoryState();
    await upstream.request(state, { ...POST, headers: { "x-api-key": "own" } });
    await upstream.requestWithoutSession({ method: "GET", path: "/list" });
    expect(seen).toEqual([
      ["/token", "shop.example", "Basic dTpw", "general"],
      ["/orders", "shop.example", "Basic dTpw", "own"],
      ["/list", "shop.example", "Basic dTpw", "general"],
    ]);
  });

  test("can set a public https origin, so that redirects and Secure cookies of the upstream are accepted", async () => {
    const server = await startServer((request, response, { path, cookie }) => {
      if (path === "/") {
        response.setHeader("set-cookie", "sid=1; Path=/; Secure; Domain=shop.example");
        const target = `https://${request.headers.host}/next`;
        return response.writeHead(302, { location: target }).end();
      }
      return sendJson(response, { cookie, proto: request.headers["x-forwarded-proto"] });
    });
    const headers = { host: "www.shop.example", "x-forwarded-proto": "https" };
    const upstream = connectUpstream(server.origin, { headers });
    const response = await upstream.request(createMemoryState(), { method: "GET", path: "/" });
    expect(response.json()).toEqual({ cookie: "sid=1", proto: "https" });
    expect(response).toMatchObject({ url: "https://www.shop.example/next", redirected: true });
  });

  test.each([
    [{ cookie: "a=b" }, "headers.cookie"],
    [{ "bad name": "x" }, "headers.bad name"],
    [{ "x-a": "line\nbreak" }, "headers.x-a"],
    [{ host: "a/b" }, "headers.host"],
    [{ Host: "user@host" }, "headers.host"],
  ])("is rejected by createUpstream() for the value %j", (headers, path) => {
    expect(() =>
      connectUpstream("http://127.0.0.1:1", { headers: headers as Record<string, string> }),
    ).toThrow(expect.objectContaining({ faults: [{ path, message: expect.any(String) }] }));
  });
});

describe("a redirect of the upstream", () => {
  const start = () =>
    startServer((_request, response, { method, path }) => {
      if (path === "/orders") return response.writeHead(301, { location: "/orders/" }).end();
      if (path === "/away") return response.writeHead(302, { location: "https://elsewhere.example/" }).end();
      return sendJson(response, method);
    });

  test("turns a POST into a GET, and the response has the final URL and `redirected: true`", async () => {
    const server = await start();
    const upstream = connectUpstream(server.origin);
    const response = await upstream.request(createMemoryState(), POST);
    expect(response.json()).toBe("GET");
    expect(response).toMatchObject({ redirected: true, url: `${server.origin}/orders/` });
    const direct = await upstream.request(createMemoryState(), { method: "POST", path: "/orders/" });
    expect(direct).toMatchObject({ redirected: false, url: `${server.origin}/orders/` });
  });

  test("is returned to the caller if `redirect` is `manual`, even if it leads to another origin", async () => {
    const server = await start();
    const upstream = connectUpstream(server.origin);
    const response = await upstream.request(createMemoryState(), { ...POST, redirect: "manual" });
    expect([response.status, response.headers.get("location")]).toEqual([301, "/orders/"]);
    const away = await upstream.requestWithoutSession({ method: "GET", path: "/away", redirect: "manual" });
    expect(away.headers.get("location")).toBe("https://elsewhere.example/");
    expect(server.received).toHaveLength(2);
  });

  test("is not followed if `redirect` or `session` has a misspelt value, because request() then throws", async () => {
    const upstream = connectUpstream("http://127.0.0.1:1");
    for (const wrong of [{ redirect: "error" }, { session: "start" }]) {
      await expect(upstream.request(createMemoryState(), { ...POST, ...wrong } as never)).rejects.toThrow(
        /must be one of/,
      );
    }
  });
});
