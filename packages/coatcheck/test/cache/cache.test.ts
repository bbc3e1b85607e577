import { describe, expect, test } from "vitest";
import { createCache } from "../../src/cache/index.ts";
import { SessionManager } from "../../src/session/manager.ts";
import { compactId, createPooledRandom, newSessionId } from "../../src/session/token.ts";
import { Cluster, FakeTime, InMemorySharedTier, recordCreatedAt, untilIdle } from "./fixtures.ts";

const unknownId = () => newSessionId(createPooledRandom());

describe("cache.read()", () => {
  test("reads the store once for concurrent calls with the same id", async () => {
    const cluster = new Cluster();
    const { cache, faultyStore } = await cluster.startNode();
    const record = await cluster.storeSession();
    const readings = await Promise.all(Array.from({ length: 100 }, () => cache.read(record.id)));
    expect(readings.every(({ cached }) => cached?.record.id === record.id)).toBe(true);
    expect(faultyStore.gets).toBe(1);
  });

  test("does not join a load that started more than the staleness bound ago", async () => {
    const cluster = new Cluster();
    const { cache, faultyStore } = await cluster.startNode({ deadlines: { store: 60_000 } });
    const record = await cluster.storeSession();
    faultyStore.state = "hung";
    void cache.read(record.id);
    await untilIdle();
    faultyStore.state = "up";
    cluster.time.advanceWithoutTimers(2001);
    expect((await cache.read(record.id)).cached?.record.id).toBe(record.id);
    expect(faultyStore.gets).toBe(2);
  });

  test("lets the manager accept a token that another process issued after the load in flight had begun", async () => {
    const cluster = new Cluster();
    const { cache, faultyStore } = await cluster.startNode();
    const { clock, schedule } = cluster.time;
    const managerOptions = { secrets: ["a secret for these tests"], clock, schedule };
    const here = new SessionManager({ ...managerOptions, store: faultyStore.completeStore, cache });
    const elsewhere = new SessionManager({ ...managerOptions, store: cluster.store });
    const { record, token } = await elsewhere.create();
    const release = faultyStore.holdReads();
    const before = here.resume(token);
    await untilIdle();
    const { token: next } = await elsewhere.authenticate(record.id, "ada");
    const after = here.resume(next);
    release();
    await before;
    expect(await after).toMatchObject({ subject: "ada", refusal: null });
  });

  test("reads the store once for repeated lookups of an unknown, revoked or expired id", async () => {
    const cluster = new Cluster();
    const { cache, faultyStore } = await cluster.startNode();
    const revoked = await cluster.storeSession();
    await cluster.store.revoke({ session: revoked.id }, "logout");
    const expired = await cluster.storeSession({ expiresAt: cluster.time.wallTime - 1 });
    for (const id of [unknownId(), revoked.id, expired.id]) {
      const { gets } = faultyStore;
      for (let read = 0; read < 1000; read++) expect((await cache.read(id)).tier).toBe("store");
      expect(faultyStore.gets).toBe(gets + 1);
    }
    expect(cache.metrics().store.negativeHits).toBe(3 * 999);
  });

  test("finds a session created after a failed lookup: in the same process at once, in others within the staleness bound", async () => {
    const cluster = new Cluster();
    const [one, other] = [await cluster.startNode(), await cluster.startNode()];
    const record = recordCreatedAt(cluster.time.wallTime);
    for (const { cache } of [one, other]) expect((await cache.read(record.id)).cached).toBeNull();
    const position = one.cache.position();
    await cluster.store.put(record, { expectedVersion: 0, change: "data" });
    one.cache.recordWrite(record, position);
    expect((await one.cache.read(record.id)).cached?.record).toEqual(record);
    await cluster.time.advance(2001);
    expect((await other.cache.read(record.id)).cached?.record).toEqual(record);
  });

  test("returns null for a malformed id without reading the store", async () => {
    const cluster = new Cluster();
    const { cache, faultyStore } = await cluster.startNode();
    for (const id of ["", "../etc/passwd", "x".repeat(1e6)]) {
      expect(await cache.read(id)).toEqual({ cached: null, tier: "store" });
    }
    expect(faultyStore.gets).toBe(0);
  });

  test("keeps the last activity that this process recorded, even when a newer copy replaces the cached one", async () => {
    const cluster = new Cluster();
    const { cache } = await cluster.startNode();
    const record = await cluster.storeSession();
    const { cached } = await cache.read(record.id);
    if (!cached) throw new Error("Expected a stored session.");
    const soon = cluster.time.wallTime + 100_000;
    expect(cached.recordActivity(soon)).toBe(true);
    cache.recordWrite(await cluster.storeNextVersion(record), cache.position());
    const newer = cache.getCached(compactId(record.id));
    expect(newer).toMatchObject({ record: { version: 2 }, lastSeenAt: soon });
    expect(newer?.recordActivity(soon + 1)).toBe(false);
  });

  test("keeps the local tier within `maxEntries` and `maxBytes`", async () => {
    const cluster = new Cluster();
    const few = await cluster.startNode({ local: { maxEntries: 10 } });
    const small = await cluster.startNode({ local: { maxBytes: 50_000 } });
    for (let count = 0; count < 100; count++) {
      const record = await cluster.storeSession({ data: { text: "x".repeat(4000) } });
      await few.cache.read(record.id);
      await small.cache.read(record.id);
    }
    expect(few.cache.metrics().local.entries).toBe(10);
    const { bytes, entries } = small.cache.metrics().local;
    expect(bytes).toBeLessThanOrEqual(50_000);
    expect(entries).toBeGreaterThan(5);
    expect(entries).toBeLessThan(13);
  });
});

describe("createCache()", () => {
  const { store, time } = new Cluster();
  test.each([
    { maxStaleness: 0 },
    { maxStaleness: Number.POSITIVE_INFINITY },
    { local: { maxEntries: 0 } },
    { local: { maxBytes: 0.5 } },
    { local: { ttl: Number.NaN } },
    { singleProcess: true, dataVersion: () => 1 },
    { singleProcess: true, shared: new InMemorySharedTier() },
  ])("rejects the invalid options %o", (options) => {
    expect(() => createCache({ store, schedule: time.schedule, ...options })).toThrow(
      expect.objectContaining({ code: "VALIDATION_FAILED" }),
    );
  });

  test("throws an error whose message names the first invalid option and whose `faults` name all of them", () => {
    const create = () => createCache({ store, maxStaleness: 0, local: { maxEntries: 1.5 } });
    expect(create).toThrow(
      expect.objectContaining({
        code: "VALIDATION_FAILED",
        message:
          "Invalid cache options: maxStaleness must be a finite number of milliseconds, at least 100 (got 0).",
        faults: [
          { path: "maxStaleness", message: expect.stringContaining("at least 100") },
          { path: "local.maxEntries", message: "must be a positive integer (got 1.5)" },
        ],
      }),
    );
  });
});

test("metrics() reports the reads of each tier, the polls and the age of the lease", async () => {
  const cluster = new Cluster();
  const { cache } = await cluster.startNode({ shared: new InMemorySharedTier() });
  const record = await cluster.storeSession();
  const key = compactId(record.id);
  cache.getCached(key);
  await cache.read(record.id);
  cache.getCached(key);
  cluster.time.advanceWithoutTimers(2001);
  cache.getCached(key);
  expect(cache.metrics()).toMatchObject({
    local: { entries: 1, hits: 1, misses: 1, refusals: 1 },
    shared: { hits: 0, misses: 1, breaker: "closed" },
    store: { reads: 1, failures: 0, latency: { count: 1 } },
    lease: { maxStaleness: 2000, age: 2001, isValid: false },
    log: { polls: 1, failures: 0, entries: 0 },
  });
});

test("close() stops the polling", async () => {
  const time = new FakeTime();
  const cluster = new Cluster();
  const { cache, faultyStore } = await cluster.startNode({ schedule: time.schedule });
  await cache.close();
  const { polls } = faultyStore;
  await time.advance(10_000);
  expect(faultyStore.polls).toBe(polls);
});
