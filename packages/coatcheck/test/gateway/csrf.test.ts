import { expect, test } from "vitest";
import type { UpstreamCsrfSource } from "../../src/gateway/index.ts";
import { connectUpstream, createMemoryState, sendJson, startServer } from "./fixtures.ts";

const TOKEN = `t"&'é<${"x".repeat(20)}`;
const ESCAPED_TOKEN = TOKEN.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("'", "&#39;");
const DECOY_TAGS = `<!-- <meta name="csrf" content="no"> --><script>"<meta name='csrf' content='no'>"</script><p title='<meta'>`;
const SEND_AS = { header: "X-CSRF-Token" } as const;

const sources: [string, UpstreamCsrfSource, { body?: string; headers?: Record<string, string> }][] = [
  ["a JSON field", { json: "data.token" }, { body: JSON.stringify({ data: { token: "plain" } }) }],
  ["a header", { header: "X-Token" }, { headers: { "x-token": "plain" } }],
  ["a cookie", { cookie: "XSRF-TOKEN" }, { headers: { "set-cookie": "XSRF-TOKEN=plai%6E" } }],
  ["a meta tag", { meta: "csrf" }, { body: `${DECOY_TAGS}<META content=plain  name = 'csrf' />` }],
  ["a hidden input", { input: "csrf" }, { body: `<input type=hidden disabled name="csrf" value="plain">` }],
];

test.each(sources)(
  "request() reads the CSRF token from %s",
  async (_name, source, { body = "", headers = {} }) => {
    const server = await startServer((_request, response, { method, token }) => {
      if (method === "GET") response.writeHead(200, headers).end(body);
      else response.writeHead(token === "plain" ? 200 : 403).end();
    });
    const upstream = connectUpstream(server.origin, { csrf: { path: "/token", source, sendAs: SEND_AS } });
    const state = createMemoryState();
    expect((await upstream.request(state, { method: "POST", path: "/" })).status).toBe(200);
    expect((await upstream.request(state, { method: "DELETE", path: "/" })).status).toBe(200);
    expect(server.received.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /token",
      "POST /",
      "DELETE /",
    ]);
  },
);

test("request() decodes HTML entities in a token from a meta tag", async () => {
  const server = await startServer((_request, response, { method, body }) =>
    method === "GET"
      ? response.end(`<meta name="csrf" content="${ESCAPED_TOKEN}">`)
      : sendJson(response, { body: Object.fromEntries(new URLSearchParams(body)) }),
  );
  const upstream = connectUpstream(server.origin, {
    csrf: { path: "/", source: { meta: "csrf" }, sendAs: { field: "_token" } },
  });
  const response = await upstream.request(createMemoryState(), {
    method: "POST",
    path: "/",
    body: { form: { a: "ü" } },
  });
  expect(response.json()).toEqual({ body: { a: "ü", _token: TOKEN } });
});

test("request() with the option `sendAs.field` adds the token to a JSON object and to an empty form, but rejects a JSON array", async () => {
  const server = await startServer((_request, response, { method, body }) =>
    method === "GET" ? sendJson(response, { token: "t" }) : sendJson(response, body),
  );
  const upstream = connectUpstream(server.origin, {
    csrf: { path: "/", source: { json: "token" }, sendAs: { field: "_token" } },
  });
  const state = createMemoryState();
  const post = { method: "POST", path: "/" } as const;
  expect((await upstream.request(state, { ...post, body: { json: { a: 1 } } })).json()).toBe(
    '{"a":1,"_token":"t"}',
  );
  expect((await upstream.request(state, { method: "DELETE", path: "/" })).json()).toBe("_token=t");
  await expect(upstream.request(state, { ...post, body: { json: [1] } })).rejects.toMatchObject({
    code: "VALIDATION_FAILED",
  });
});

/**
 * Starts a server that issues a new token for each token request, and accepts only the newest token while `accepts`
 * returns true.
 */
async function startSingleTokenServer(accepts = () => true) {
  let newest = 0;
  return await startServer((_request, response, { method, path, token }) => {
    if (path === "/token") return sendJson(response, { token: `token-${++newest}` });
    const isAccepted = method === "GET" || (token === `token-${newest}` && accepts());
    if (path === "/outdate") newest++;
    response.writeHead(isAccepted ? 200 : 403).end();
  });
}
const csrf = { path: "/token", source: { json: "token" }, sendAs: SEND_AS } as const;

test("request() fetches a new token after a 403 and repeats the request once", async () => {
  const server = await startSingleTokenServer();
  const upstream = connectUpstream(server.origin, { csrf });
  const state = createMemoryState();
  await upstream.request(state, { method: "GET", path: "/outdate" });
  const response = await upstream.request(state, { method: "PUT", path: "/cart", body: { json: { a: 1 } } });
  expect(response.status).toBe(200);
  expect(server.received.map(({ path, token, body }) => [path, token, body])).toEqual([
    ["/token", "", ""],
    ["/outdate", "", ""],
    ["/cart", "token-1", '{"a":1}'],
    ["/token", "", ""],
    ["/cart", "token-3", '{"a":1}'],
  ]);
});

test("request() does not repeat a request after a second 403, or after a 403 to a safe request", async () => {
  const server = await startSingleTokenServer(() => false);
  const upstream = connectUpstream(server.origin, { csrf });
  expect((await upstream.request(createMemoryState(), { method: "POST", path: "/" })).status).toBe(403);
  expect(server.received.map(({ path }) => path)).toEqual(["/token", "/", "/token", "/"]);
  const forbidding = await startServer((_request, response, { path }) =>
    path === "/token" ? sendJson(response, { token: "t" }) : response.writeHead(403).end(),
  );
  const response = await connectUpstream(forbidding.origin, { csrf }).request(createMemoryState(), {
    method: "GET",
    path: "/",
  });
  expect([response.status, forbidding.received.length]).toEqual([403, 2]);
});

test("request() does not repeat a request when the new token equals the rejected token", async () => {
  const server = await startServer((_request, response, { path }) =>
    path === "/token" ? sendJson(response, { token: "always the same" }) : response.writeHead(403).end(),
  );
  const upstream = connectUpstream(server.origin, { csrf });
  expect((await upstream.request(createMemoryState(), { method: "POST", path: "/" })).status).toBe(403);
  expect(server.received.map(({ path }) => path)).toEqual(["/token", "/", "/token"]);
});

test("two nodes that send a session's first request at the same time use the same token and cookie", async () => {
  const nodes = 6;
  const waiting: (() => void)[] = [];
  const server = await startServer(async (_request, response, { path, cookie, token }) => {
    if (path !== "/token") return sendJson(response, { cookie, token });
    const number = waiting.length;
    await new Promise<void>((release) => {
      waiting.push(release);
      if (waiting.length === nodes) for (const each of waiting) each();
    });
    sendJson(response, { token: `token-${number}` }, { "set-cookie": `PHPSESSID=session-${number}; Path=/` });
  });
  const state = createMemoryState();
  const bodies = await Promise.all(
    Array.from({ length: nodes }, async () =>
      (await connectUpstream(server.origin, { csrf }).request(state, { method: "POST", path: "/" })).json(),
    ),
  );
  expect(new Set(bodies.map((response) => JSON.stringify(response))).size).toBe(1);
  expect(bodies[0]).toEqual({
    cookie: expect.stringMatching(/^PHPSESSID=session-(\d)$/),
    token: expect.stringMatching(/^token-(\d)$/),
  });
});

test("request() uses the token that another node has stored after the 403, instead of fetching a new token", async () => {
  const server = await startSingleTokenServer();
  const [here, there] = [connectUpstream(server.origin, { csrf }), connectUpstream(server.origin, { csrf })];
  const state = createMemoryState();
  await here.request(state, { method: "POST", path: "/" });
  const stale = state.text;
  await there.request(state, { method: "GET", path: "/outdate" });
  await there.request(state, { method: "POST", path: "/" });
  const fresh = state.text;
  let reads = 0;
  const lagging = { ...state, read: async () => (reads++ === 0 ? stale : fresh) };
  server.received.length = 0;
  expect((await here.request(lagging, { method: "POST", path: "/" })).status).toBe(200);
  expect(server.received.map(({ path }) => path)).toEqual(["/", "/"]);
});

test("request() throws UPSTREAM_UNAVAILABLE when the token page contains no token", async () => {
  const server = await startServer((_request, response) => response.end("<html>maintenance</html>"));
  const upstream = connectUpstream(server.origin, {
    csrf: { path: "/", source: { meta: "csrf" }, sendAs: SEND_AS },
  });
  await expect(upstream.request(createMemoryState(), { method: "GET", path: "/cart" })).rejects.toMatchObject(
    {
      code: "UPSTREAM_UNAVAILABLE",
      message: "The upstream responded with status 200 but without a CSRF token.",
    },
  );
});

test("a page that is made to exhaust the HTML parser is parsed in at most one second of CPU time", async () => {
  const page = `${"<meta a=".repeat(40_000)}${"<!-- ".repeat(40_000)}<meta name='x`;
  const server = await startServer((_request, response) => response.end(page));
  const upstream = connectUpstream(server.origin, {
    csrf: { path: "/", source: { meta: "csrf" }, sendAs: SEND_AS },
    timeout: 2000,
  });
  const before = process.cpuUsage();
  await expect(upstream.request(createMemoryState(), { method: "GET", path: "/" })).rejects.toThrow(
    "without a CSRF token",
  );
  expect(process.cpuUsage(before).user).toBeLessThan(1_000_000);
});

test("request() does not repeat a request whose redirect target responds 403", async () => {
  const server = await startServer((_request, response, { method, path }) => {
    if (path === "/token") return sendJson(response, { token: "t" });
    if (method === "GET") return response.writeHead(403).end();
    return response.writeHead(303, { location: "/orders/1" }).end();
  });
  const upstream = connectUpstream(server.origin, { csrf });
  expect((await upstream.request(createMemoryState(), { method: "POST", path: "/orders" })).status).toBe(403);
  expect(server.received.map(({ method, path }) => `${method} ${path}`)).toEqual([
    "GET /token",
    "POST /orders",
    "GET /orders/1",
  ]);
});

test("request() repeats a request that received 403 after a 307 redirect", async () => {
  const server = await startServer((_request, response, { path, token }) => {
    if (path === "/token") return sendJson(response, { token: `t${server.received.length}` });
    if (path === "/orders") return response.writeHead(307, { location: "/new/orders" }).end();
    return response.writeHead(token === "t1" ? 403 : 200).end();
  });
  const upstream = connectUpstream(server.origin, { csrf });
  expect((await upstream.request(createMemoryState(), { method: "POST", path: "/orders" })).status).toBe(200);
});

test("request() finds the token in a page that contains letters which become longer in lower case", async () => {
  const page = `<TITLE>${"\u0130".repeat(9)}stanbul</TITLE><META NAME="csrf" CONTENT="t">`;
  const server = await startServer((_request, response, { method, token }) =>
    method === "GET" ? response.end(page) : sendJson(response, token),
  );
  const upstream = connectUpstream(server.origin, {
    csrf: { path: "/", source: { meta: "csrf" }, sendAs: SEND_AS },
  });
  expect((await upstream.request(createMemoryState(), { method: "POST", path: "/" })).json()).toBe("t");
});
