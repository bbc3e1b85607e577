import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createCache } from "../../src/cache/index.ts";
import { coatcheck } from "../../src/http/node/adapter.ts";
import type { OutagePolicy } from "../../src/http/options.ts";
import { CoatcheckError } from "../../src/session/errors.ts";
import { SessionManager } from "../../src/session/manager.ts";
import { memoryStore } from "../../src/store/memory.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const cleanUp of cleanups.splice(0)) await cleanUp();
});

/**
 * Starts a server, logs in, stops the store, and waits until the lease of the cache has expired. The store stays
 * stopped, and the cache may no longer use its copies.
 */
async function startWithExpiredLease(outage: OutagePolicy) {
  const state = { isDown: false, time: 0 };
  const memory = memoryStore();
  const store = {
    ...memory,
    get: async (id: string) => {
      if (state.isDown) throw new Error("down");
      return await memory.get(id);
    },
    put: async (...args: Parameters<typeof memory.put>) => {
      if (state.isDown) throw new CoatcheckError("STORE_UNAVAILABLE", "down");
      return await memory.put(...args);
    },
    changes: async (cursor: number | null) => {
      if (state.isDown) throw new Error("down");
      return await memory.changes(cursor);
    },
  };
  const ticks: (() => void)[] = [];
  const clock = { now: () => Date.UTC(2026, 0, 1) + state.time };
  const cache = createCache({
    store,
    clock,
    monotonic: () => state.time,
    schedule: (_delay, task) => {
      ticks.push(task);
      return () => undefined;
    },
  });
  const manager = new SessionManager<{ theme?: string }>({
    store,
    secrets: ["a secret for these tests"],
    cache,
    clock,
  });
  cleanups.push(() => manager.close());
  const failed: { operation: string; error: unknown }[] = [];
  manager.events.on("failed", (event) => failed.push(event));
  const { token } = await manager.create({ subject: "alice" });
  const reported: unknown[] = [];
  const withSession = coatcheck(manager, {
    cookie: { secure: false },
    outage,
    onCommitFailure: (error) => reported.push(error),
  });
  const server = createServer(
    withSession(async (request, response) => {
      const session = await request.session.load();
      if (request.url === "/pay") session.requireElevated("payment");
      if (request.url === "/theme" || request.url === "/saved") session.data.theme = "dark";
      if (request.url === "/saved") await session.save();
      if (request.url === "/notice") session.flash("notice", "Saved.");
      response.end(`${session.subject} ${session.assurance}`);
    }),
  ).listen(0, "127.0.0.1");
  cleanups.push(() => server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { cookie: `sid=${token}` } });
    return { status: response.status, body: await response.text(), cookies: response.headers.getSetCookie() };
  };
  expect(await get("/")).toMatchObject({ body: "alice full" });
  state.isDown = true;
  state.time = 10_000;
  return { get, reported, failed };
}

describe("the outage policy `degraded` during a long outage", () => {
  it("serves a cached session that is marked as degraded", async () => {
    const { get } = await startWithExpiredLease({ degraded: { maxAge: 60_000 } });
    expect(await get("/")).toEqual({ status: 200, body: "alice degraded", cookies: [] });
  });

  it("responds 503 to a request that requires an elevation", async () => {
    const { get } = await startWithExpiredLease({ degraded: { maxAge: 60_000 } });
    expect(await get("/pay")).toMatchObject({ status: 503, cookies: [] });
  });

  it("responds 503 when the cached copy is older than `maxAge`", async () => {
    const { get } = await startWithExpiredLease({ degraded: { maxAge: 5_000 } });
    expect(await get("/")).toMatchObject({ status: 503, cookies: [] });
  });
});

it.each(["/theme", "/notice"])(
  "the outage policy `degraded` responds 503 to %s, whose change cannot be saved",
  async (path) => {
    const { get, reported } = await startWithExpiredLease({ degraded: { maxAge: 60_000 } });
    expect(await get(path)).toMatchObject({ status: 503, cookies: [] });
    expect(reported).toMatchObject([{ code: "STORE_UNAVAILABLE" }]);
  },
);

describe("the outage policy `anonymous` during a long outage", () => {
  it("serves a page that only reads the session, without reporting an error", async () => {
    const { get, reported, failed } = await startWithExpiredLease("anonymous");
    expect(await get("/")).toEqual({ status: 200, body: "null full", cookies: [] });
    expect([reported, failed]).toEqual([[], []]);
  });

  it.each(["/theme", "/notice"])(
    "serves %s, and reports that the page's change cannot be saved",
    async (path) => {
      vi.spyOn(process, "emitWarning").mockImplementation(() => {});
      const { get, reported, failed } = await startWithExpiredLease("anonymous");
      expect(await get(path)).toMatchObject({ status: 200, cookies: [] });
      expect(failed.map(({ operation }) => operation)).toEqual(["outage-data"]);
      expect(reported).toEqual(failed.map(({ error }) => error));
      expect(String(reported[0])).toContain("call session.save()");
    },
  );

  it("responds 503 to a page that calls save()", async () => {
    const { get, failed } = await startWithExpiredLease("anonymous");
    expect(await get("/saved")).toMatchObject({ status: 503, cookies: [] });
    expect(failed.map(({ operation }) => operation)).toEqual(["outage-data"]);
  });
});
