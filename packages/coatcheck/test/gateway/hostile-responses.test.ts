import type { ServerResponse } from "node:http";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import type { UpstreamOptions, UpstreamRequest } from "../../src/gateway/index.ts";
import {
  connectUpstream,
  createMemoryState,
  type ReceivedRequest,
  sendJson,
  startServer,
} from "./fixtures.ts";

const MEGABYTE = 1024 * 1024;
const UPSTREAM_SECRET = "mysql://root:hunter2@db";

/**
 * Sends a request to a server that responds with `respond`. The default method is POST, because the gateway never
 * retries a POST.
 */
async function sendRequest(
  respond: (response: ServerResponse, seen: ReceivedRequest) => unknown,
  request: Partial<UpstreamRequest> = {},
  options: Partial<UpstreamOptions> = {},
) {
  const server = await startServer((_request, response, seen) => void respond(response, seen));
  const upstream = connectUpstream(server.origin, options);
  const state = createMemoryState();
  const outcome = upstream.request(state, { method: "POST", path: "/", ...request });
  return { outcome, server, state, upstream };
}

test("json() rejects an HTML page without quoting it", async () => {
  const { outcome } = await sendRequest((response) => response.end(`<h1>Fatal error</h1>${UPSTREAM_SECRET}`));
  const response = await outcome;
  expect(() => response.json()).toThrow(
    expect.objectContaining({
      code: "UPSTREAM_UNAVAILABLE",
      message: "The upstream responded with status 200 and a body that is not JSON.",
    }),
  );
});

test("json() rejects an empty body", async () => {
  const { outcome } = await sendRequest((response) => response.end());
  const response = await outcome;
  expect(() => response.json()).toThrow("The upstream responded with status 200 and an empty body.");
});

test("after a 5xx response, request() throws UPSTREAM_UNAVAILABLE, whose message omits the body, and stores the response's cookies", async () => {
  const { outcome, state } = await sendRequest((response) =>
    response.writeHead(500, { "set-cookie": "a=1" }).end(UPSTREAM_SECRET),
  );
  const error = await outcome.catch((reason) => reason);
  expect(error).toMatchObject({
    code: "UPSTREAM_UNAVAILABLE",
    message: "The upstream failed with status 500.",
  });
  expect(JSON.stringify(error) + String(error.cause)).not.toContain("hunter2");
  expect(state.text).not.toBeNull();
});

test.each([
  ["with", (response: ServerResponse) => response.writeHead(200, { "content-length": 30 * MEGABYTE })],
  ["without", (response: ServerResponse) => response.writeHead(200)],
])(
  "reading a body of 30 MB %s Content-Length is aborted at maxResponseBytes",
  async (_name, writeHeaders) => {
    let sent = 0;
    const { outcome } = await sendRequest((response) => {
      writeHeaders(response);
      const chunk = Buffer.alloc(64 * 1024, " ");
      const push = () => {
        while (sent < 30 * MEGABYTE && !response.destroyed) {
          sent += chunk.length;
          if (!response.write(chunk)) return response.once("drain", push);
        }
        return response.end();
      };
      push();
    });
    await expect(outcome).rejects.toMatchObject({
      code: "UPSTREAM_UNAVAILABLE",
      message: "The upstream sent a body of more than 2097152 bytes.",
    });
    expect(sent).toBeLessThan(12 * MEGABYTE);
  },
);

test("a gzip bomb is not decompressed beyond `maxResponseBytes`", async () => {
  const bomb = gzipSync(Buffer.alloc(30 * MEGABYTE));
  const { outcome } = await sendRequest((response) =>
    response.writeHead(200, { "content-encoding": "gzip" }).end(bomb),
  );
  await expect(outcome).rejects.toThrow("more than 2097152 bytes");
});

test.each([
  ["gzip", gzipSync],
  ["zstd", zstdCompressSync],
])("a %s body is decompressed", async (encoding, compress) => {
  const compressed = await sendRequest((response) =>
    response.writeHead(200, { "content-encoding": encoding }).end(compress('{"sauce":"algérienne"}')),
  );
  const response = await compressed.outcome;
  expect(response.json()).toEqual({ sauce: "algérienne" });
  expect(response.headers.has("content-encoding")).toBe(false);
});

test.each([
  ["gzip", "not gzip at all", "a body that cannot be decompressed"],
  ["rot13", "{}", "a content encoding that was not requested"],
])("a body with Content-Encoding %s that cannot be decoded is rejected", async (encoding, body, message) => {
  const { outcome } = await sendRequest((response) =>
    response.writeHead(200, { "content-encoding": encoding }).end(body),
  );
  await expect(outcome).rejects.toThrow(message);
});

test("text is decoded by its charset, and as UTF-8 when the charset is unknown", async () => {
  const latin = Buffer.from('{"sauce":"algérienne"}', "latin1");
  const declared = await sendRequest((response) =>
    response.writeHead(200, { "content-type": 'application/json; charset="ISO-8859-1"' }).end(latin),
  );
  expect((await declared.outcome).json()).toEqual({ sauce: "algérienne" });
  const unknown = await sendRequest((response) =>
    response.writeHead(200, { "content-type": "application/json; charset=klingon" }).end('\ufeff{"a":"é"}'),
  );
  expect((await unknown.outcome).json()).toEqual({ a: "é" });
});

test("a 302 redirect within the origin is followed with its cookies and without the body", async () => {
  const { outcome, server } = await sendRequest(
    (response, { path }) => {
      if (path === "/")
        response.writeHead(302, { location: "/done?x=1", "set-cookie": "hop=1; Path=/" }).end();
      else sendJson(response, { path });
    },
    { body: { json: { a: 1 } } },
  );
  expect((await outcome).json()).toEqual({ path: "/done?x=1" });
  expect(server.received[1]).toMatchObject({ method: "GET", cookie: "hop=1", body: "" });
});

test("the cookies of a redirect are stored when its target fails", async () => {
  const { outcome, state, upstream } = await sendRequest((response, { path, cookie }) => {
    if (path === "/") response.writeHead(303, { location: "/broken", "set-cookie": "new=id; Path=/" }).end();
    else if (path === "/broken") response.socket?.destroy();
    else sendJson(response, cookie);
  });
  await expect(outcome).rejects.toMatchObject({ code: "UPSTREAM_UNAVAILABLE" });
  expect((await upstream.request(state, { method: "GET", path: "/echo" })).json()).toBe("new=id");
});

test("a 307 redirect keeps the method and the body", async () => {
  const { outcome, server } = await sendRequest(
    (response, { path }) =>
      path === "/" ? response.writeHead(307, { location: "there" }).end() : sendJson(response, {}),
    { body: { form: { a: "1" } } },
  );
  await outcome;
  expect(server.received[1]).toMatchObject({ method: "POST", path: "/there", body: "a=1" });
});

test("a redirect to another origin is rejected, and that origin is not contacted", async () => {
  const elsewhere = await startServer((_request, response) => sendJson(response, {}));
  for (const location of [`${elsewhere.origin}/steal`, elsewhere.origin.replace("http:", "")]) {
    const { outcome } = await sendRequest((response) => response.writeHead(302, { location }).end());
    await expect(outcome).rejects.toMatchObject({
      code: "UPSTREAM_UNAVAILABLE",
      message: "The upstream redirected to another origin, which the gateway never contacts.",
    });
  }
  expect(elsewhere.connections()).toBe(0);
});

test("a redirect loop and a redirect without Location are rejected", async () => {
  const loop = await sendRequest((response) => response.writeHead(302, { location: "/" }).end());
  await expect(loop.outcome).rejects.toThrow("redirected more than 5 times");
  const missing = await sendRequest((response) => response.writeHead(301).end());
  await expect(missing.outcome).rejects.toThrow("redirected without a valid Location header");
});

test("a cookie for another domain is not stored", async () => {
  const { outcome, state } = await sendRequest((response) =>
    sendJson(response, {}, { "set-cookie": ["evil=1; Domain=bank.example", "evil=1; Domain=com"] }),
  );
  await outcome;
  expect(state.text).toBeNull();
});

test("a response that arrives too slowly is aborted at the deadline", async () => {
  const { outcome } = await sendRequest(
    (response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write(" "), 10);
      response.on("close", () => clearInterval(timer));
    },
    {},
    { timeout: 200 },
  );
  await expect(outcome).rejects.toMatchObject({
    code: "UPSTREAM_TIMEOUT",
    message: "The upstream did not respond within 200 ms.",
  });
});

test.each([
  ["before the response", (response: ServerResponse) => response.socket?.destroy()],
  [
    "during the response",
    (response: ServerResponse) => {
      response.writeHead(200, { "content-length": 100 }).write("{");
      setImmediate(() => response.socket?.resetAndDestroy());
    },
  ],
])("a connection reset %s throws UPSTREAM_UNAVAILABLE", async (_name, respond) => {
  const { outcome } = await sendRequest(respond);
  await expect(outcome).rejects.toMatchObject({
    code: "UPSTREAM_UNAVAILABLE",
    message: "The upstream cannot be reached, or closed the connection before its response was complete.",
  });
});

test.each([
  "cart",
  "//evil.example/",
  "/../admin",
  "/a/%2e%2e/b",
  "/a\\b",
  "/a%2Fb",
  "/a b",
  "/#a",
  "/\r\nHost: x",
  "",
])("the path %j is rejected before a request is sent", async (path) => {
  const { outcome, server } = await sendRequest((response) => sendJson(response, {}), { path });
  await expect(outcome).rejects.toMatchObject({ code: "VALIDATION_FAILED", faults: [{ path: "path" }] });
  expect(server.received).toEqual([]);
});

test("a request is rejected if it has a malformed header or a header that only the gateway may set", async () => {
  for (const [name, value] of [
    ["Cookie", "a=1"],
    ["Host", "evil"],
    ["X-A", "a\r\nb: c"],
    ["bad name", "x"],
  ] as const) {
    const { outcome } = await sendRequest((response) => sendJson(response, {}), {
      headers: { [name]: value },
    });
    await expect(outcome).rejects.toMatchObject({
      code: "VALIDATION_FAILED",
      faults: [{ path: `headers.${name}` }],
    });
  }
});

test("a request cannot leave the path of the option `baseUrl`", async () => {
  const server = await startServer((_request, response, { path }) => sendJson(response, path));
  const upstream = connectUpstream(`${server.origin}/shop/`);
  expect((await upstream.requestWithoutSession({ method: "GET", path: "/menu?x=%C3%A9" })).json()).toBe(
    "/shop/menu?x=%C3%A9",
  );
  await expect(upstream.requestWithoutSession({ method: "GET", path: "/../admin" })).rejects.toMatchObject({
    code: "VALIDATION_FAILED",
  });
});

test("request() throws UPSTREAM_UNAVAILABLE if no secret decrypts the state, and does not change the state", async () => {
  const server = await startServer((_request, response) => sendJson(response, {}, { "set-cookie": "a=1" }));
  const state = createMemoryState();
  await connectUpstream(server.origin).request(state, { method: "GET", path: "/" });
  const { text } = state;
  const other = connectUpstream(server.origin, { secrets: ["quite another secret"] });
  await expect(other.request(state, { method: "GET", path: "/" })).rejects.toMatchObject({
    code: "UPSTREAM_UNAVAILABLE",
  });
  expect([state.text, server.received.length]).toEqual([text, 1]);
});

const CSRF = { path: "/", source: { json: "token" }, sendAs: { header: "X-CSRF-Token" } };

test.each([
  [{ baseUrl: "ftp://shop" }, "baseUrl"],
  [{ baseUrl: "shop" }, "baseUrl"],
  [{ baseUrl: "http://user:pw@shop/" }, "baseUrl"],
  [{ csrf: { ...CSRF, path: "//evil.example" } }, "csrf.path"],
  [{ csrf: { ...CSRF, sendAs: { header: "X CSRF" } } }, "csrf.sendAs.header"],
  [{ csrf: { ...CSRF, sendAs: { header: "Cookie" } } }, "csrf.sendAs.header"],
  [{ timeout: 0 }, "timeout"],
  [{ retries: -1 }, "retries"],
  [{ maxResponseBytes: 1.5 }, "maxResponseBytes"],
])("createUpstream() rejects the options %j", (options, path) => {
  expect(() => connectUpstream("http://127.0.0.1:1", options)).toThrow(
    expect.objectContaining({
      code: "VALIDATION_FAILED",
      message: expect.stringMatching(`^Invalid upstream options: ${path} must .+\\.$`),
      faults: [expect.objectContaining({ path })],
    }),
  );
});
