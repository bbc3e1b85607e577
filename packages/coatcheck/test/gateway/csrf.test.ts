import { expect, test } from "vitest";
import type { CsrfSource } from "../../src/gateway/index.ts";
import { connect, json, serve, stateInMemory } from "./support.ts";

const TOKEN = `t"&'é<${"x".repeat(20)}`;
const ESCAPED = TOKEN.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("'", "&#39;");
const DECOYS = `<!-- <meta name="csrf" content="no"> --><script>"<meta name='csrf' content='no'>"</script><p title='<meta'>`;
const SEND_AS = { header: "X-CSRF-Token" } as const;

const sources: [string, CsrfSource, { body?: string; headers?: Record<string, string> }][] = [
  ["a JSON field", { json: "data.token" }, { body: JSON.stringify({ data: { token: "plain" } }) }],
  ["a header", { header: "X-Token" }, { headers: { "x-token": "plain" } }],
  ["a cookie", { cookie: "XSRF-TOKEN" }, { headers: { "set-cookie": "XSRF-TOKEN=plai%6E" } }],
  ["a meta tag", { meta: "csrf" }, { body: `${DECOYS}<META content=plain  name = 'csrf' />` }],
  ["a hidden input", { input: "csrf" }, { body: `<input type=hidden disabled name="csrf" value="plain">` }],
];

test.each(sources)("takes the token from %s", async (_name, source, { body = "", headers = {} }) => {
  const server = await serve((_request, response, { method, token }) => {
    if (method === "GET") response.writeHead(200, headers).end(body);
    else response.writeHead(token === "plain" ? 200 : 403).end();
  });
  const upstream = connect(server.origin, { csrf: { path: "/token", source, sendAs: SEND_AS } });
  const state = stateInMemory();
  expect((await upstream.request(state, { method: "POST", path: "/" })).status).toBe(200);
  expect((await upstream.request(state, { method: "DELETE", path: "/" })).status).toBe(200);
  expect(server.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
    "GET /token",
    "POST /",
    "DELETE /",
  ]);
});

test("decodes what HTML escapes", async () => {
  const server = await serve((_request, response, { method, body }) =>
    method === "GET"
      ? response.end(`<meta name="csrf" content="${ESCAPED}">`)
      : json(response, { body: Object.fromEntries(new URLSearchParams(body)) }),
  );
  const upstream = connect(server.origin, {
    csrf: { path: "/", source: { meta: "csrf" }, sendAs: { field: "_token" } },
  });
  const answer = await upstream.request(stateInMemory(), {
    method: "POST",
    path: "/",
    body: { form: { a: "ü" } },
  });
  expect(answer.json()).toEqual({ body: { a: "ü", _token: TOKEN } });
});

test("adds the token to JSON objects, and makes a form of it where there is no body", async () => {
  const server = await serve((_request, response, { method, body }) =>
    method === "GET" ? json(response, { token: "t" }) : json(response, body),
  );
  const upstream = connect(server.origin, {
    csrf: { path: "/", source: { json: "token" }, sendAs: { field: "_token" } },
  });
  const state = stateInMemory();
  const post = { method: "POST", path: "/" } as const;
  expect((await upstream.request(state, { ...post, body: { json: { a: 1 } } })).json()).toBe(
    '{"a":1,"_token":"t"}',
  );
  expect((await upstream.request(state, { method: "DELETE", path: "/" })).json()).toBe("_token=t");
  await expect(upstream.request(state, { ...post, body: { json: [1] } })).rejects.toMatchObject({
    code: "VALIDATION_FAILED",
  });
});

/** Gives out a token per page view and takes only the newest, as long as `accepts` says. */
async function fussyServer(accepts = () => true) {
  let newest = 0;
  return await serve((_request, response, { method, path, token }) => {
    if (path === "/token") return json(response, { token: `token-${++newest}` });
    const fine = method === "GET" || (token === `token-${newest}` && accepts());
    if (path === "/outdate") newest++;
    response.writeHead(fine ? 200 : 403).end();
  });
}
const csrf = { path: "/token", source: { json: "token" }, sendAs: SEND_AS } as const;

test("on 403 fetches the token anew and repeats, once each", async () => {
  const server = await fussyServer();
  const upstream = connect(server.origin, { csrf });
  const state = stateInMemory();
  await upstream.request(state, { method: "GET", path: "/outdate" });
  const answer = await upstream.request(state, { method: "PUT", path: "/cart", body: { json: { a: 1 } } });
  expect(answer.status).toBe(200);
  expect(server.seen.map(({ path, token, body }) => [path, token, body])).toEqual([
    ["/token", "", ""],
    ["/outdate", "", ""],
    ["/cart", "token-1", '{"a":1}'],
    ["/token", "", ""],
    ["/cart", "token-3", '{"a":1}'],
  ]);
});

test("returns a second 403, and the 403 of a safe request, as they are", async () => {
  const server = await fussyServer(() => false);
  const upstream = connect(server.origin, { csrf });
  expect((await upstream.request(stateInMemory(), { method: "POST", path: "/" })).status).toBe(403);
  expect(server.seen.map(({ path }) => path)).toEqual(["/token", "/", "/token", "/"]);
  const closed = await serve((_request, response, { path }) =>
    path === "/token" ? json(response, { token: "t" }) : response.writeHead(403).end(),
  );
  const answer = await connect(closed.origin, { csrf }).request(stateInMemory(), {
    method: "GET",
    path: "/",
  });
  expect([answer.status, closed.seen.length]).toEqual([403, 2]);
});

test("a 403 that is not about the token is returned after one repetition", async () => {
  const server = await serve((_request, response, { path }) =>
    path === "/token" ? json(response, { token: "always the same" }) : response.writeHead(403).end(),
  );
  const upstream = connect(server.origin, { csrf });
  expect((await upstream.request(stateInMemory(), { method: "POST", path: "/" })).status).toBe(403);
  expect(server.seen.map(({ path }) => path)).toEqual(["/token", "/", "/token", "/"]);
});

test("nodes that open a session at the same time end up with one account", async () => {
  const nodes = 6;
  const held: (() => void)[] = [];
  const server = await serve(async (_request, response, { path, cookie, token }) => {
    if (path !== "/token") return json(response, { cookie, token });
    const number = held.length;
    await new Promise<void>((release) => {
      held.push(release);
      if (held.length === nodes) for (const each of held) each();
    });
    json(response, { token: `token-${number}` }, { "set-cookie": `PHPSESSID=session-${number}; Path=/` });
  });
  const state = stateInMemory();
  const answers = await Promise.all(
    Array.from({ length: nodes }, async () =>
      (await connect(server.origin, { csrf }).request(state, { method: "POST", path: "/" })).json(),
    ),
  );
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  expect(answers[0]).toEqual({
    cookie: expect.stringMatching(/^PHPSESSID=session-(\d)$/),
    token: expect.stringMatching(/^token-(\d)$/),
  });
});

test("uses the token that another node has fetched meanwhile", async () => {
  const server = await fussyServer();
  const [here, there] = [connect(server.origin, { csrf }), connect(server.origin, { csrf })];
  const state = stateInMemory();
  await here.request(state, { method: "POST", path: "/" });
  const stale = state.text;
  await there.request(state, { method: "GET", path: "/outdate" });
  await there.request(state, { method: "POST", path: "/" });
  const fresh = state.text;
  let reads = 0;
  const lagging = { ...state, read: async () => (reads++ === 0 ? stale : fresh) };
  server.seen.length = 0;
  expect((await here.request(lagging, { method: "POST", path: "/" })).status).toBe(200);
  expect(server.seen.map(({ path }) => path)).toEqual(["/", "/"]);
});

test("says so when there is no token", async () => {
  const server = await serve((_request, response) => response.end("<html>maintenance</html>"));
  const upstream = connect(server.origin, { csrf: { path: "/", source: { meta: "csrf" }, sendAs: SEND_AS } });
  await expect(upstream.request(stateInMemory(), { method: "GET", path: "/cart" })).rejects.toMatchObject({
    code: "UPSTREAM_UNAVAILABLE",
    message: "The upstream answered 200 without the CSRF token it was asked for.",
  });
});

test("a page built to be slow to parse is parsed at once", async () => {
  const page = `${"<meta a=".repeat(40_000)}${"<!-- ".repeat(40_000)}<meta name='x`;
  const server = await serve((_request, response) => response.end(page));
  const upstream = connect(server.origin, {
    csrf: { path: "/", source: { meta: "csrf" }, sendAs: SEND_AS },
    timeout: 2000,
  });
  const started = performance.now();
  await expect(upstream.request(stateInMemory(), { method: "GET", path: "/" })).rejects.toThrow(
    "without the CSRF",
  );
  expect(performance.now() - started).toBeLessThan(1000);
});

test("carries no request out again because the page it was redirected to says 403", async () => {
  const server = await serve((_request, response, { method, path }) => {
    if (path === "/token") return json(response, { token: "t" });
    if (method === "GET") return response.writeHead(403).end();
    return response.writeHead(303, { location: "/orders/1" }).end();
  });
  const upstream = connect(server.origin, { csrf });
  expect((await upstream.request(stateInMemory(), { method: "POST", path: "/orders" })).status).toBe(403);
  expect(server.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
    "GET /token",
    "POST /orders",
    "GET /orders/1",
  ]);
});

test("repeats a request that was redirected as it is, and refused there", async () => {
  const server = await serve((_request, response, { path, token }) => {
    if (path === "/token") return json(response, { token: `t${server.seen.length}` });
    if (path === "/orders") return response.writeHead(307, { location: "/new/orders" }).end();
    return response.writeHead(token === "t1" ? 403 : 200).end();
  });
  const upstream = connect(server.origin, { csrf });
  expect((await upstream.request(stateInMemory(), { method: "POST", path: "/orders" })).status).toBe(200);
});

test("finds the token behind letters that are longer in lower case", async () => {
  const page = `<TITLE>${"\u0130".repeat(9)}stanbul</TITLE><META NAME="csrf" CONTENT="t">`;
  const server = await serve((_request, response, { method, token }) =>
    method === "GET" ? response.end(page) : json(response, token),
  );
  const upstream = connect(server.origin, { csrf: { path: "/", source: { meta: "csrf" }, sendAs: SEND_AS } });
  expect((await upstream.request(stateInMemory(), { method: "POST", path: "/" })).json()).toBe("t");
});
