import { describe, expect, test } from "vitest";
import { createCache } from "../../src/cache/index.ts";
import { createEncryption } from "../../src/encryption/index.ts";
import { SessionManager } from "../../src/session/manager.ts";
import type { SessionStore } from "../../src/session/store.ts";
import { compactId } from "../../src/session/token.ts";
import { sqliteStore } from "../../src/store/sqlite/store.ts";
import { makeRecord } from "../../src/testing/records.ts";
import { Cluster, recordCreatedAt, untilIdle } from "./fixtures.ts";

describe("a single process", () => {
  test("serves copies without a lease and without polling", async () => {
    const cluster = new Cluster();
    const { cache, faultyStore } = await cluster.startNode({ singleProcess: true });
    const record = await cluster.storeSession();
    await cache.read(record.id);
    const { polls } = faultyStore;
    await cluster.time.advance(20 * 60_000);
    expect(cache.getCached(compactId(record.id))?.record).toEqual(record);
    expect(faultyStore.polls).toBe(polls);
  });

  test("immediately refuses sessions that it has revoked, and waitForPropagation() does not wait", async () => {
    const cluster = new Cluster();
    const { cache } = await cluster.startNode({ singleProcess: true });
    const [first, second, other] = [
      await cluster.storeSession(),
      await cluster.storeSession(),
      await cluster.storeSession({ subject: "grace" }),
    ];
    for (const { id } of [first, second, other]) await cache.read(id);
    for (const scope of [{ session: first.id }, { subject: "ada" }]) {
      await cluster.store.revoke(scope, "logout");
      cache.recordRevocation(scope);
      await cache.waitForPropagation();
      for (const id of "session" in scope ? [first.id] : [first.id, second.id]) {
        expect(cache.getCached(compactId(id))).toBeUndefined();
        expect((await cache.read(id)).cached?.record.state).toBe("revoked");
      }
    }
    expect(cache.getCached(compactId(other.id))).toBeDefined();
  });

  test("does not cache a load that started before a write", async () => {
    const cluster = new Cluster();
    const { cache } = await cluster.startNode({ singleProcess: true });
    const record = await cluster.storeSession();
    const position = cache.position();
    const loading = cache.read(record.id);
    const next = await cluster.storeNextVersion(record);
    cache.recordWrite(next, position);
    await loading;
    expect(cache.getCached(compactId(record.id))?.record.version).toBe(2);
    cache.invalidate(record.id);
    expect(cache.getCached(compactId(record.id))).toBeUndefined();
  });

  test("does not cache a result that was read before a write and arrives after it", async () => {
    const cluster = new Cluster();
    const { cache, faultyStore } = await cluster.startNode({ singleProcess: true });
    const record = await cluster.storeSession();
    const release = faultyStore.holdReads();
    const loading = cache.read(record.id);
    await untilIdle();
    await cluster.storeNextVersion(record);
    cache.invalidate(record.id);
    release();
    await loading;
    expect(cache.getCached(compactId(record.id))).toBeUndefined();
  });

  test("ignores a late acknowledgement after a newer write was evicted", async () => {
    const cluster = new Cluster();
    const { cache } = await cluster.startNode({ singleProcess: true, local: { maxEntries: 1 } });
    const [record, another] = [await cluster.storeSession(), await cluster.storeSession()];
    const position = cache.position();
    const second = await cluster.storeNextVersion(record);
    const third = await cluster.storeNextVersion(second);
    cache.recordWrite(third, position);
    await cache.read(another.id);
    cache.recordWrite(second, position);
    expect(cache.getCached(compactId(record.id))).toBeUndefined();
    expect((await cache.read(record.id)).cached?.record).toEqual(third);
  });

  test("does not remember an id as missing if its session was created during the lookup", async () => {
    const cluster = new Cluster();
    const { cache, faultyStore } = await cluster.startNode({ singleProcess: true });
    const record = recordCreatedAt(cluster.time.wallTime);
    const release = faultyStore.holdReads();
    const loading = cache.read(record.id);
    await untilIdle();
    await cluster.store.put(record, { expectedVersion: 0, change: "data" });
    cache.recordWrite(record, cache.position());
    release();
    expect((await loading).cached).toBeNull();
    expect((await cache.read(record.id)).cached?.record).toEqual(record);
  });

  test.each(["one session", "many sessions"])(
    "does not join a load that started before a revocation of %s",
    async (scopeName) => {
      const cluster = new Cluster();
      const { cache, faultyStore } = await cluster.startNode({ singleProcess: true });
      const record = await cluster.storeSession();
      const scope = scopeName === "many sessions" ? { subject: "ada" } : { session: record.id };
      const release = faultyStore.holdReads();
      const before = cache.read(record.id);
      await untilIdle();
      await cluster.store.revoke(scope, "logout");
      cache.recordRevocation(scope);
      const after = cache.read(record.id);
      release();
      await before;
      expect((await after).cached?.record.state).toBe("revoked");
      expect(cache.getCached(compactId(record.id))).toBeUndefined();
    },
  );

  test("caches sessions as soon as the store is available, if it was down at startup", async () => {
    const cluster = new Cluster();
    const { cache, faultyStore } = await cluster.startNode({ singleProcess: true });
    faultyStore.state = "down";
    const late = await cluster.startNode({ singleProcess: true, store: faultyStore.completeStore });
    faultyStore.state = "up";
    await cluster.time.advance(500);
    const record = await cluster.storeSession();
    for (const each of [cache, late.cache]) {
      await each.read(record.id);
      expect(each.getCached(compactId(record.id))).toBeDefined();
    }
  });

  test("lets a manager resume a session without store reads until it is revoked", async () => {
    const cluster = new Cluster();
    const { cache, faultyStore } = await cluster.startNode({ singleProcess: true });
    const { clock, schedule } = cluster.time;
    const secrets = ["a secret for these tests"];
    const manager = new SessionManager({ store: faultyStore.completeStore, secrets, cache, clock, schedule });
    const { token, record } = await manager.create({ subject: "ada" });
    for (let request = 0; request < 10; request++) {
      expect(await manager.resume(token)).toMatchObject({ id: record.id, tier: "local" });
    }
    expect(faultyStore.gets).toBe(0);
    await manager.revoke({ subject: "ada" }, "logout", { wait: "everywhere" });
    expect(await manager.resume(token)).toMatchObject({ refusal: "revoked" });
  });
});

describe("a single process with a SQLite database in memory", () => {
  test.each([
    ["plain", (store: SessionStore) => store],
    ["encrypted", createEncryption({ secrets: ["a secret for these tests"] }).store],
  ])("never reads a cached session again (%s store)", async (_name, wrap) => {
    const { time } = new Cluster();
    const { clock, monotonic, schedule } = time;
    const store = wrap(sqliteStore(":memory:"));
    const cache = createCache({ store, singleProcess: true, clock, monotonic, schedule });
    const record = makeRecord({ createdAt: clock.now() });
    await store.put(record, { expectedVersion: 0, change: "data" });
    await cache.read(record.id);
    await time.advance(60_000);
    expect(cache.getCached(compactId(record.id))).toBeDefined();
    await cache.close();
    await store.close();
  });
});

describe("several processes on one SQLite file", () => {
  test("refuse a session at the first request after the other process has revoked it", async () => {
    const cluster = new Cluster();
    let dataVersion = 1;
    const { cache, faultyStore } = await cluster.startNode({
      dataVersion: () => dataVersion,
      local: { ttl: 60 * 60_000 },
    });
    const record = await cluster.storeSession();
    await cache.read(record.id);
    await cluster.time.advance(60_000);
    const { gets } = faultyStore;
    expect(cache.getCached(compactId(record.id))).toBeDefined();

    await cluster.storeSession();
    dataVersion++;
    expect(cache.getCached(compactId(record.id))).toBeUndefined();
    expect(await cache.read(record.id)).toMatchObject({ tier: "local" });
    expect(faultyStore.gets).toBe(gets);

    await cluster.store.revoke({ session: record.id }, "logout");
    dataVersion++;
    expect((await cache.read(record.id)).cached?.record.state).toBe("revoked");
    await cache.waitForPropagation();
  });

  test("serve no copy while the file cannot be read", async () => {
    const cluster = new Cluster();
    let fails = false;
    const dataVersion = () => {
      if (fails) throw new Error("disk I/O error");
      return 1;
    };
    const { cache } = await cluster.startNode({ dataVersion });
    const record = await cluster.storeSession();
    await cache.read(record.id);
    expect(cache.getCached(compactId(record.id))).toBeDefined();
    fails = true;
    expect(cache.getCached(compactId(record.id))).toBeUndefined();
  });
});
