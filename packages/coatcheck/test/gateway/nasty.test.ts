import type { ServerResponse } from "node:http";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import type { UpstreamOptions, UpstreamRequest } from "../../src/gateway/index.ts";
import { connect, json, type Seen, serve, stateInMemory } from "./support.ts";

const MEGABYTE = 1024 * 1024;
const SECRET_OF_THEIRS = "mysql://root:hunter2@db";

/** Asks a server that answers like this; POST unless told otherwise, so that nothing is repeated. */
async function ask(
  answer: (response: ServerResponse, seen: Seen) => unknown,
  request: Partial<UpstreamRequest> = {},
  options: Partial<UpstreamOptions> = {},
) {
  const server = await serve((_request, response, seen) => void answer(response, seen));
  const upstream = connect(server.origin, options);
  const state = stateInMemory();
  const outcome = upstream.request(state, { method: "POST", path: "/", ...request });
  return { outcome, server, state, upstream };
}

test("an HTML page where JSON was due is an error that does not show the page", async () => {
  const { outcome } = await ask((response) => response.end(`<h1>Fatal error</h1>${SECRET_OF_THEIRS}`));
  const answer = await outcome;
  expect(() => answer.json()).toThrow(
    expect.objectContaining({
      code: "UPSTREAM_UNAVAILABLE",
      message: "The upstream answered 200 with something else than JSON.",
    }),
  );
});

test("nothing is not JSON either", async () => {
  const { outcome } = await ask((response) => response.end());
  const answer = await outcome;
  expect(() => answer.json()).toThrow("The upstream answered 200 with nothing.");
});

test("a server error is UPSTREAM_UNAVAILABLE, its body unseen, its cookies kept", async () => {
  const { outcome, state } = await ask((response) =>
    response.writeHead(500, { "set-cookie": "a=1" }).end(SECRET_OF_THEIRS),
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
  ["announced", (response: ServerResponse) => response.writeHead(200, { "content-length": 30 * MEGABYTE })],
  ["unannounced", (response: ServerResponse) => response.writeHead(200)],
])("30 MB, %s, are cut off at the limit", async (_name, head) => {
  let sent = 0;
  const { outcome } = await ask((response) => {
    head(response);
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
    message: "The upstream answered with more than 2097152 bytes.",
  });
  expect(sent).toBeLessThan(12 * MEGABYTE);
});

test("a gzip bomb is not unpacked", async () => {
  const bomb = gzipSync(Buffer.alloc(30 * MEGABYTE));
  const { outcome } = await ask((response) =>
    response.writeHead(200, { "content-encoding": "gzip" }).end(bomb),
  );
  await expect(outcome).rejects.toThrow("more than 2097152 bytes");
});

test.each([
  ["gzip", gzipSync],
  ["zstd", zstdCompressSync],
])("%s is unpacked", async (encoding, compress) => {
  const packed = await ask((response) =>
    response.writeHead(200, { "content-encoding": encoding }).end(compress('{"sauce":"algérienne"}')),
  );
  const answer = await packed.outcome;
  expect(answer.json()).toEqual({ sauce: "algérienne" });
  expect(answer.headers.has("content-encoding")).toBe(false);
});

test.each([
  ["gzip", "not gzip at all", "with something that does not decompress"],
  ["rot13", "{}", "in a compression that nobody asked for"],
])("a body that is said to be %s and is not", async (encoding, body, message) => {
  const { outcome } = await ask((response) =>
    response.writeHead(200, { "content-encoding": encoding }).end(body),
  );
  await expect(outcome).rejects.toThrow(message);
});

test("an old charset is decoded; one that nobody knows is taken for UTF-8", async () => {
  const latin = Buffer.from('{"sauce":"algérienne"}', "latin1");
  const old = await ask((response) =>
    response.writeHead(200, { "content-type": 'application/json; charset="ISO-8859-1"' }).end(latin),
  );
  expect((await old.outcome).json()).toEqual({ sauce: "algérienne" });
  const odd = await ask((response) =>
    response.writeHead(200, { "content-type": "application/json; charset=klingon" }).end('\ufeff{"a":"é"}'),
  );
  expect((await odd.outcome).json()).toEqual({ a: "é" });
});

test("redirects within the origin are followed, with their cookies and without the body", async () => {
  const { outcome, server } = await ask(
    (response, { path }) => {
      if (path === "/")
        response.writeHead(302, { location: "/done?x=1", "set-cookie": "hop=1; Path=/" }).end();
      else json(response, { path });
    },
    { body: { json: { a: 1 } } },
  );
  expect((await outcome).json()).toEqual({ path: "/done?x=1" });
  expect(server.seen[1]).toMatchObject({ method: "GET", cookie: "hop=1", body: "" });
});

test("what a redirect brought is kept when its target fails", async () => {
  const { outcome, state, upstream } = await ask((response, { path, cookie }) => {
    if (path === "/") response.writeHead(303, { location: "/broken", "set-cookie": "new=id; Path=/" }).end();
    else if (path === "/broken") response.socket?.destroy();
    else json(response, cookie);
  });
  await expect(outcome).rejects.toMatchObject({ code: "UPSTREAM_UNAVAILABLE" });
  expect((await upstream.request(state, { method: "GET", path: "/echo" })).json()).toBe("new=id");
});

test("307 keeps method and body", async () => {
  const { outcome, server } = await ask(
    (response, { path }) =>
      path === "/" ? response.writeHead(307, { location: "there" }).end() : json(response, {}),
    { body: { form: { a: "1" } } },
  );
  await outcome;
  expect(server.seen[1]).toMatchObject({ method: "POST", path: "/there", body: "a=1" });
});

test("a redirect to another host is not followed, and its host never contacted", async () => {
  const elsewhere = await serve((_request, response) => json(response, {}));
  for (const location of [`${elsewhere.origin}/steal`, elsewhere.origin.replace("http:", "")]) {
    const { outcome } = await ask((response) => response.writeHead(302, { location }).end());
    await expect(outcome).rejects.toMatchObject({
      code: "UPSTREAM_UNAVAILABLE",
      message: "The upstream redirected to another host, which is never contacted.",
    });
  }
  expect(elsewhere.connections()).toBe(0);
});

test("a redirect in circles, or to nowhere, ends", async () => {
  const circle = await ask((response) => response.writeHead(302, { location: "/" }).end());
  await expect(circle.outcome).rejects.toThrow("redirected more than 5 times");
  const nowhere = await ask((response) => response.writeHead(301).end());
  await expect(nowhere.outcome).rejects.toThrow("redirected without saying where");
});

test("a cookie for another domain is not kept", async () => {
  const { outcome, state } = await ask((response) =>
    json(response, {}, { "set-cookie": ["evil=1; Domain=bank.example", "evil=1; Domain=com"] }),
  );
  await outcome;
  expect(state.text).toBeNull();
});

test("a slow drip ends at the deadline", async () => {
  const { outcome } = await ask(
    (response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write(" "), 10);
      response.on("close", () => clearInterval(drip));
    },
    {},
    { timeout: 200 },
  );
  await expect(outcome).rejects.toMatchObject({
    code: "UPSTREAM_TIMEOUT",
    message: "The upstream did not answer within 200 ms.",
  });
});

test.each([
  ["before it answers", (response: ServerResponse) => response.socket?.destroy()],
  [
    "while it answers",
    (response: ServerResponse) => {
      response.writeHead(200, { "content-length": 100 }).write("{");
      setImmediate(() => response.socket?.resetAndDestroy());
    },
  ],
])("a connection that is reset %s", async (_name, answer) => {
  const { outcome } = await ask(answer);
  await expect(outcome).rejects.toMatchObject({
    code: "UPSTREAM_UNAVAILABLE",
    message: "The upstream cannot be reached, or broke off while answering.",
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
])("the path %j is refused before anything is sent", async (path) => {
  const { outcome, server } = await ask((response) => json(response, {}), { path });
  await expect(outcome).rejects.toMatchObject({ code: "VALIDATION_FAILED", faults: [{ path: "path" }] });
  expect(server.seen).toEqual([]);
});

test("headers that are not the caller's are refused", async () => {
  for (const [name, value] of [
    ["Cookie", "a=1"],
    ["Host", "evil"],
    ["X-A", "a\r\nb: c"],
    ["bad name", "x"],
  ] as const) {
    const { outcome } = await ask((response) => json(response, {}), { headers: { [name]: value } });
    await expect(outcome).rejects.toMatchObject({
      code: "VALIDATION_FAILED",
      faults: [{ path: `headers.${name}` }],
    });
  }
});

test("a base path is kept, and cannot be left", async () => {
  const server = await serve((_request, response, { path }) => json(response, path));
  const upstream = connect(`${server.origin}/shop/`);
  expect((await upstream.ask({ method: "GET", path: "/menu?x=%C3%A9" })).json()).toBe("/shop/menu?x=%C3%A9");
  await expect(upstream.ask({ method: "GET", path: "/../admin" })).rejects.toMatchObject({
    code: "VALIDATION_FAILED",
  });
});

test("state that no secret opens is left as it is", async () => {
  const server = await serve((_request, response) => json(response, {}, { "set-cookie": "a=1" }));
  const state = stateInMemory();
  await connect(server.origin).request(state, { method: "GET", path: "/" });
  const { text } = state;
  const stranger = connect(server.origin, { secrets: ["quite another secret"] });
  await expect(stranger.request(state, { method: "GET", path: "/" })).rejects.toMatchObject({
    code: "UPSTREAM_UNAVAILABLE",
  });
  expect([state.text, server.seen.length]).toEqual([text, 1]);
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
  [{ answerLimit: 1.5 }, "answerLimit"],
])("options %j are refused", (options, path) => {
  expect(() => connect("http://127.0.0.1:1", options)).toThrow(
    expect.objectContaining({ code: "VALIDATION_FAILED", faults: [expect.objectContaining({ path })] }),
  );
});
