import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test, vi } from "vitest";
import { connect, json, serve, stateInMemory } from "./support.ts";

test("a safe request is repeated, a bounded number of times; an unsafe one never", async () => {
  for (const [method, times] of [
    ["GET", 3],
    ["POST", 1],
  ] as const) {
    const server = await serve((request) => void request.socket.destroy());
    const upstream = connect(server.origin, { retries: 2 });
    await expect(upstream.request(stateInMemory(), { method, path: "/" })).rejects.toMatchObject({
      code: "UPSTREAM_UNAVAILABLE",
    });
    expect(server.seen.length).toBe(times);
  }
});

test("503 is repeated as well, and what comes of it returned", async () => {
  const server = await serve((_request, response) =>
    server.seen.length < 3 ? response.writeHead(503).end() : json(response, { fine: true }),
  );
  const upstream = connect(server.origin, { retries: 2 });
  expect((await upstream.request(stateInMemory(), { method: "GET", path: "/" })).json()).toEqual({
    fine: true,
  });
});

test("an answer that cannot be used is no reason to repeat", async () => {
  const server = await serve((_request, response) =>
    response.writeHead(302, { location: "http://x.example" }).end(),
  );
  const upstream = connect(server.origin, { retries: 2 });
  await expect(upstream.request(stateInMemory(), { method: "GET", path: "/" })).rejects.toThrow(
    "another host",
  );
  expect(server.seen.length).toBe(1);
});

test("after several failures the upstream is left alone, then tried again", async () => {
  let down = true;
  const server = await serve((request, response) =>
    down ? void request.socket.destroy() : json(response, {}),
  );
  const upstream = connect(server.origin, { breaker: { failures: 3, halfOpenAfter: 100 } });
  const ask = () => upstream.request(stateInMemory(), { method: "POST", path: "/" });
  for (let failure = 0; failure < 3; failure++) await expect(ask()).rejects.toThrow("cannot be reached");
  await expect(ask()).rejects.toMatchObject({
    code: "UPSTREAM_UNAVAILABLE",
    message: "The upstream has not been answering and is left alone for a moment.",
    retryAfter: 1,
  });
  expect(server.seen.length).toBe(3);
  down = false;
  await vi.waitFor(async () => expect((await ask()).status).toBe(200));
});

test("server errors of the request's own making do not open the breaker", async () => {
  const server = await serve((_request, response) => response.writeHead(500).end());
  const upstream = connect(server.origin, { breaker: { failures: 2, halfOpenAfter: 60_000 } });
  for (let failure = 0; failure < 5; failure++) {
    await expect(upstream.request(stateInMemory(), { method: "POST", path: "/" })).rejects.toThrow(
      "status 500",
    );
  }
  expect(server.seen.length).toBe(5);
});

test.each([
  ["with a character that no header has", "X-Search: a\x7fb\r\nContent-Length: 0\r\n\r\n", 7],
  ["larger than headers may be", `X-Search: ${"a".repeat(20_000)}\r\nContent-Length: 0\r\n\r\n`, 7],
  ["broken off", "X-Sea", 3],
])("headers %s", async (_name, headers, sent) => {
  const server = await serve(({ socket }, response, { path }) =>
    path === "/fine" ? json(response, {}) : socket.end(`HTTP/1.1 200 OK\r\n${headers}`),
  );
  const upstream = connect(server.origin, { retries: 2, breaker: { failures: 3, halfOpenAfter: 60_000 } });
  const ask = (path: string) => upstream.request(stateInMemory(), { method: "GET", path });
  for (let request = 0; request < 6; request++) {
    await expect(ask("/search")).rejects.toMatchObject({ code: "UPSTREAM_UNAVAILABLE" });
  }
  // Whoever breaks off is asked again, and left alone after the third time; whoever answers is neither.
  await (sent === 7 ? ask("/fine") : expect(ask("/fine")).rejects.toMatchObject({ retryAfter: 60 }));
  expect(server.seen.length).toBe(sent);
});

test("an upstream that is not there at all", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  await expect(
    connect(`http://127.0.0.1:${port}`).request(stateInMemory(), { method: "GET", path: "/" }),
  ).rejects.toMatchObject({ code: "UPSTREAM_UNAVAILABLE", status: 502 });
});

test("closing ends what is under way", async () => {
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
  const server = await serve(() => arrive());
  const upstream = connect(server.origin);
  const request = upstream.request(stateInMemory(), { method: "POST", path: "/" });
  await arrived;
  await Promise.all([
    upstream.close(),
    expect(request).rejects.toMatchObject({ code: "UPSTREAM_UNAVAILABLE" }),
  ]);
});
