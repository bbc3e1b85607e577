import { afterEach, expect, test, vi } from "vitest";
import { SessionQueue } from "../../src/gateway/queue.ts";
import { connectUpstream, createMemoryState, sendJson, startServer } from "./fixtures.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

test("requests of one session reach the upstream one at a time, in order", async () => {
  let running = 0;
  let maxRunning = 0;
  const server = await startServer((_request, response) => {
    maxRunning = Math.max(maxRunning, ++running);
    setImmediate(() => {
      running--;
      sendJson(response, {});
    });
  });
  const upstream = connectUpstream(server.origin);
  const state = createMemoryState();
  const paths = Array.from({ length: 30 }, (_, index) => `/${index}`);
  await Promise.all(paths.map((path) => upstream.request(state, { method: "POST", path })));
  expect(server.received.map(({ path }) => path)).toEqual(paths);
  expect(maxRunning).toBe(1);
});

test("requests of different sessions run concurrently and reuse their connections", async () => {
  const sessions = 20;
  let waiting: (() => void)[] = [];
  const server = await startServer(async (_request, response) => {
    await new Promise<void>((release) => {
      waiting.push(release);
      if (waiting.length < sessions) return;
      for (const each of waiting) each();
      waiting = [];
    });
    sendJson(response, {});
  });
  const upstream = connectUpstream(server.origin, { connections: sessions });
  const states = Array.from({ length: sessions }, () => createMemoryState());
  for (let round = 0; round < 3; round++) {
    await Promise.all(states.map((state) => upstream.request(state, { method: "GET", path: "/" })));
  }
  expect(server.connections()).toBe(sessions);
});

test("a failed request does not block the next request of its session", async () => {
  const server = await startServer((request, response, { path }) =>
    path === "/bad" ? request.socket.destroy() : sendJson(response, {}),
  );
  const upstream = connectUpstream(server.origin);
  const state = createMemoryState();
  const [bad, good] = await Promise.allSettled(
    ["/bad", "/good"].map((path) => upstream.request(state, { method: "POST", path })),
  );
  expect([bad?.status, good?.status]).toEqual(["rejected", "fulfilled"]);
});

test("a request is not sent if its deadline passes while the request waits", async () => {
  const deadlines: AbortController[] = [];
  vi.spyOn(AbortSignal, "timeout").mockImplementation(() => {
    const deadline = new AbortController();
    deadlines.push(deadline);
    return deadline.signal;
  });
  const arrived = Promise.withResolvers<void>();
  const server = await startServer(() => arrived.resolve());
  const upstream = connectUpstream(server.origin);
  const state = createMemoryState();
  const outcomes = [1, 2, 3].map((number) => upstream.request(state, { method: "POST", path: `/${number}` }));
  await arrived.promise;
  // Abort the waiting requests first, starting with the latest one, and then the running request.
  for (const [index, deadline] of [...deadlines.entries()].reverse()) {
    deadline.abort(new DOMException("The deadline has passed.", "TimeoutError"));
    await expect(outcomes[index]).rejects.toMatchObject({ code: "UPSTREAM_TIMEOUT" });
  }
  expect(server.received.map(({ path }) => path)).toEqual(["/1"]);
});

test("a task waits for the running task, even if the task between them in the queue was aborted", async () => {
  const queue = new SessionQueue();
  const never = new AbortController().signal;
  const aborting = new AbortController();
  const first = Promise.withResolvers<void>();
  const order: string[] = [];
  const running = queue.run("a", never, async () => {
    await first.promise;
    order.push("first");
  });
  const aborted = queue.run("a", aborting.signal, async () => order.push("second"));
  aborting.abort(new Error("aborted"));
  await expect(aborted).rejects.toThrow("aborted");
  const last = queue.run("a", never, async () => order.push("third"));
  first.resolve();
  await Promise.all([running, last]);
  expect(order).toEqual(["first", "third"]);
  await Promise.resolve();
  expect(queue.size).toBe(0);
});
