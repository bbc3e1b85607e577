import { expect, test } from "vitest";
import type { SessionRecord } from "../../src/session/record.ts";
import { compactId } from "../../src/session/token.ts";
import { Cluster, InMemorySharedTier, untilIdle } from "./fixtures.ts";

const STALENESS_BOUND = 2000;

test("with a shared tier, a process refuses a revoked session as soon as the other process's hint arrives", async () => {
  const cluster = new Cluster();
  const shared = new InMemorySharedTier();
  const [one, other] = [await cluster.startNode({ shared }), await cluster.startNode({ shared })];
  const record = await cluster.storeSession();
  const key = compactId(record.id);
  await other.cache.read(record.id);
  await untilIdle();
  await cluster.store.revoke({ session: record.id }, "logout");
  one.cache.recordRevocation({ session: record.id });
  await untilIdle();
  expect(other.cache.getCached(key)).toBeUndefined();
  expect((await other.cache.read(record.id)).tier).toBe("store");
  expect(shared.copies.get(key)).toBe("tombstone");
});

test("with a shared tier, another process gets written data immediately without reading the store", async () => {
  const cluster = new Cluster();
  const shared = new InMemorySharedTier();
  const [one, other] = [await cluster.startNode({ shared }), await cluster.startNode({ shared })];
  const record = await cluster.storeSession();
  await one.cache.read(record.id);
  await untilIdle();
  expect(await other.cache.read(record.id)).toMatchObject({ tier: "shared", cached: { record } });
  expect(other.faultyStore.gets).toBe(0);
  expect(shared.gets).toBe(2);

  const position = one.cache.position();
  const next = await cluster.storeNextVersion(record, { data: { theme: "dark" } });
  one.cache.recordWrite(next, position);
  await untilIdle();
  expect(await other.cache.read(record.id)).toMatchObject({ tier: "shared", cached: { record: next } });
});

test("an older shared copy is not served, even if the newer copy has not arrived in the shared tier yet", async () => {
  const cluster = new Cluster();
  const shared = new InMemorySharedTier();
  const options = { shared, local: { maxEntries: 1 } };
  const [one, other] = [await cluster.startNode(options), await cluster.startNode(options)];
  const [record, another] = [await cluster.storeSession(), await cluster.storeSession()];
  for (const { cache } of [one, other]) await cache.read(record.id);
  await untilIdle();
  shared.fill = () => new Promise(() => {});
  const write = async (old: SessionRecord) => {
    const position = one.cache.position();
    const next = await cluster.storeNextVersion(old);
    one.cache.recordWrite(next, position);
    await untilIdle();
    return next;
  };
  const second = await write(record);
  expect(await other.cache.read(record.id)).toMatchObject({ tier: "store", cached: { record: second } });
  shared.copies.set(compactId(record.id), { record: second, position: one.cache.position() });
  shared.publish = () => Promise.reject(new Error("The hint is lost."));
  const third = await write(second);
  await one.cache.read(another.id);
  expect(await one.cache.read(record.id)).toMatchObject({ tier: "store", cached: { record: third } });
});

test("a revoked copy that the shared tier restores is refused", async () => {
  const cluster = new Cluster();
  const shared = new InMemorySharedTier();
  const [one, other] = [await cluster.startNode({ shared }), await cluster.startNode({ shared })];
  const record = await cluster.storeSession();
  const key = compactId(record.id);
  await one.cache.read(record.id);
  await untilIdle();
  const before = new Map(shared.copies);
  await cluster.store.revoke({ session: record.id }, "logout");
  one.cache.recordRevocation({ session: record.id });
  await untilIdle();
  for (const [each, copy] of before) shared.copies.set(each, copy);
  await cluster.time.advance(STALENESS_BOUND / 4);
  expect((await one.cache.read(record.id)).cached?.record.state).toBe("revoked");
  expect((await other.cache.read(record.id)).cached?.record.state).toBe("revoked");
  const newcomer = await cluster.startNode({ shared });
  expect(await newcomer.cache.read(record.id)).toMatchObject({
    tier: "store",
    cached: { record: { state: "revoked" } },
  });
  expect(newcomer.cache.getCached(key)).toBeUndefined();
});

test("a read with `fresh` or `atLeast` does not return an older shared copy", async () => {
  const cluster = new Cluster();
  const shared = new InMemorySharedTier();
  const { cache } = await cluster.startNode({ shared });
  const old = await cluster.storeSession();
  for (const options of [{ fresh: true }, { atLeast: 2 }]) {
    const record = await cluster.storeNextVersion(old).catch(() => old);
    const other = await cluster.startNode({ shared });
    shared.copies.set(compactId(old.id), { record: old, position: cache.position() });
    expect(await other.cache.read(record.id, options)).toMatchObject({
      tier: "store",
      cached: { record: { version: 2 } },
    });
  }
});

test("a shared copy that looks expired is checked against the store before it is rejected", async () => {
  const cluster = new Cluster();
  const shared = new InMemorySharedTier();
  const [one, other] = [await cluster.startNode({ shared }), await cluster.startNode({ shared })];
  const record = await cluster.storeSession();
  await one.cache.read(record.id);
  await cluster.time.advance(record.idleTimeout - 1000);
  await cluster.store.touch([{ id: record.id, lastSeenAt: cluster.time.wallTime }]);
  await cluster.time.advance(1000);
  const { cached, tier } = await other.cache.read(record.id);
  expect(tier).toBe("store");
  expect(cached?.lastSeenAt).toBe(cluster.time.wallTime - 1000);
});

test("without a lease the shared tier is not read", async () => {
  const cluster = new Cluster();
  const shared = new InMemorySharedTier();
  const { cache, faultyStore } = await cluster.startNode({ shared });
  const record = await cluster.storeSession();
  faultyStore.changes = () => Promise.reject(new Error("The log is unavailable."));
  cluster.time.advanceWithoutTimers(STALENESS_BOUND + 1);
  expect((await cache.read(record.id)).tier).toBe("store");
  expect(shared.gets).toBe(0);
});

test("a failed subscription to hints is retried until the shared tier is available", async () => {
  const cluster = new Cluster();
  const shared = new InMemorySharedTier();
  shared.state = "down";
  const { cache } = await cluster.startNode({ shared });
  shared.state = "up";
  await cluster.time.advance(1000);
  const record = await cluster.storeSession();
  await cache.read(record.id);
  await shared.publish({ kind: "written", session: record.id, version: 2 });
  expect(cache.getCached(compactId(record.id))).toBeUndefined();
});

test("writes that fail during an outage of the shared tier are stored in the tier after the outage", async () => {
  const cluster = new Cluster();
  const shared = new InMemorySharedTier();
  const { cache } = await cluster.startNode({ shared });
  const [first, second] = [await cluster.storeSession(), await cluster.storeSession()];
  for (const { id } of [first, second]) await cache.read(id);
  await untilIdle();
  shared.state = "down";
  for (const record of [first, second]) {
    const position = cache.position();
    cache.recordWrite(await cluster.storeNextVersion(record), position);
  }
  await untilIdle();
  shared.state = "up";
  await cluster.time.advance(STALENESS_BOUND / 4);
  for (const { id } of [first, second]) {
    expect(shared.copies.get(compactId(id))).toMatchObject({ record: { version: 2 } });
  }
});
