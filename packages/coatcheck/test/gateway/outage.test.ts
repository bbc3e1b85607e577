import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test, vi } from "vitest";
import { connectUpstream, createMemoryState, sendJson, startServer } from "./fixtures.ts";

test("a safe request is retried up to `retries` times after a connection error; an unsafe request is not retried", async () => {
  for (const [method, times] of [
    ["GET", 3],
    ["POST", 1],
  ] as const) {
    const server = await startServer((request) => void request.socket.destroy());
    const upstream = connectUpstream(server.origin, { retries: 2 });
    await expect(upstream.request(createMemoryState(), { method, path: "/" })).rejects.toMatchObject({
      code: "UPSTREAM_UNAVAILABLE",
    });
    expect(server.received.length).toBe(times);
  }
});

test("a safe request is retried after a 503, and the second response is returned", async () => {
  const server = await startServer((_request, response) =>
    server.received.length < 3 ? response.writeHead(503).end() : sendJson(response, { ok: true }),
  );
  const upstream = connectUpstream(server.origin, { retries: 2 });
  expect((await upstream.request(createMemoryState(), { method: "GET", path: "/" })).json()).toEqual({
    ok: true,
  });
});

test("a safe request is not retried after a response that the gateway rejects", async () => {
  const server = await startServer((_request, response) =>
    response.writeHead(302, { location: "http://x.example" }).end(),
  );
  const upstream = connectUpstream(server.origin, { retries: 2 });
  await expect(upstream.request(createMemoryState(), { method: "GET", path: "/" })).rejects.toThrow(
    "another origin",
  );
  expect(server.received.length).toBe(1);
});

test("the circuit breaker opens after several failures and closes after a success", async () => {
  let down = true;
  const server = await startServer((request, response) =>
    down ? void request.socket.destroy() : sendJson(response, {}),
  );
  const upstream = connectUpstream(server.origin, { breaker: { failures: 3, halfOpenAfter: 100 } });
  const send = () => upstream.request(createMemoryState(), { method: "POST", path: "/" });
  for (let failure = 0; failure < 3; failure++) await expect(send()).rejects.toThrow("cannot be reached");
  await expect(send()).rejects.toMatchObject({
    code: "UPSTREAM_UNAVAILABLE",
    message: "The upstream keeps failing; the next attempt is allowed in 1 s.",
    retryAfter: 1,
  });
  expect(server.received.length).toBe(3);
  down = false;
  await vi.waitFor(async () => expect((await send()).status).toBe(200));
});

test("a status of 500 does not open the circuit breaker, because the request may have caused the error", async () => {
  const server = await startServer((_request, response) => response.writeHead(500).end());
  const upstream = connectUpstream(server.origin, { breaker: { failures: 2, halfOpenAfter: 60_000 } });
  for (let failure = 0; failure < 5; failure++) {
    await expect(upstream.request(createMemoryState(), { method: "POST", path: "/" })).rejects.toThrow(
      "status 500",
    );
  }
  expect(server.received.length).toBe(5);
});

test.each([
  ["contain an invalid character", "X-Search: a\x7fb\r\nContent-Length: 0\r\n\r\n", 7],
  ["are too large", `X-Search: ${"a".repeat(20_000)}\r\nContent-Length: 0\r\n\r\n`, 7],
  ["are incomplete", "X-Sea", 3],
])(
  "a response with headers that %s is retried and opens the circuit breaker only if the server closed the connection early",
  async (_name, headers, sent) => {
    const server = await startServer(({ socket }, response, { path }) =>
      path === "/valid" ? sendJson(response, {}) : socket.end(`HTTP/1.1 200 OK\r\n${headers}`),
    );
    const upstream = connectUpstream(server.origin, {
      retries: 2,
      breaker: { failures: 3, halfOpenAfter: 60_000 },
    });
    const send = (path: string) => upstream.request(createMemoryState(), { method: "GET", path });
    for (let request = 0; request < 6; request++) {
      await expect(send("/search")).rejects.toMatchObject({ code: "UPSTREAM_UNAVAILABLE" });
    }
    // A response with malformed headers is still a response: the request is not retried, and the circuit breaker stays
    // closed.
    await (sent === 7 ? send("/valid") : expect(send("/valid")).rejects.toMatchObject({ retryAfter: 60 }));
    expect(server.received.length).toBe(sent);
  },
);

test("a request to a port without a server throws UPSTREAM_UNAVAILABLE", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  await expect(
    connectUpstream(`http://127.0.0.1:${port}`).request(createMemoryState(), { method: "GET", path: "/" }),
  ).rejects.toMatchObject({ code: "UPSTREAM_UNAVAILABLE", status: 502 });
});

test("close() fails requests in flight with UPSTREAM_UNAVAILABLE", async () => {
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
  const server = await startServer(() => arrive());
  const upstream = connectUpstream(server.origin);
  const request = upstream.request(createMemoryState(), { method: "POST", path: "/" });
  await arrived;
  await Promise.all([
    upstream.close(),
    expect(request).rejects.toMatchObject({ code: "UPSTREAM_UNAVAILABLE" }),
  ]);
});
