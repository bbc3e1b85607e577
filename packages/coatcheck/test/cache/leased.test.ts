import { expect, test } from "vitest";
import type { CacheOptions } from "../../src/cache/index.ts";
import { compactId } from "../../src/session/token.ts";
import { Cluster, untilIdle } from "./fixtures.ts";

const STALENESS_BOUND = 2000;

/** Starts two processes that have both cached the same session. */
async function startTwoProcesses(options: Partial<CacheOptions> = { local: { ttl: 60 * 60_000 } }) {
  const cluster = new Cluster();
  const [one, other] = [await cluster.startNode(options), await cluster.startNode(options)];
  const record = await cluster.storeSession();
  await one.cache.read(record.id);
  await other.cache.read(record.id);
  return { cluster, one, other, record, key: compactId(record.id) };
}

test("a cache hit is synchronous and does not read the store", async () => {
  const { one, key, record } = await startTwoProcesses();
  const { gets } = one.faultyStore;
  expect(one.cache.getCached(key)?.record).toEqual(record);
  expect(await one.cache.read(record.id)).toMatchObject({ tier: "local" });
  expect(one.faultyStore.gets).toBe(gets);
});

test("a cached record is deeply frozen", async () => {
  const cluster = new Cluster();
  const { cache } = await cluster.startNode();
  const record = await cluster.storeSession({ data: { cart: { tacos: 2 } } });
  const { cached } = await cache.read(record.id);
  expect(Object.isFrozen(cached?.record.data.cart)).toBe(true);
});

test("a revocation in another process is applied at the next poll, after a quarter of the staleness bound", async () => {
  const { cluster, other, key, record } = await startTwoProcesses();
  await cluster.store.revoke({ session: record.id }, "logout");
  expect(other.cache.getCached(key)).toBeDefined();
  await cluster.time.advance(STALENESS_BOUND / 4);
  expect(other.cache.getCached(key)).toBeUndefined();
  expect((await other.cache.read(record.id)).cached?.record.state).toBe("revoked");
});

test("a process that cannot poll stops serving copies after the staleness bound, until a poll succeeds", async () => {
  const { cluster, other, key } = await startTwoProcesses();
  await cluster.time.advance(STALENESS_BOUND / 4);
  other.faultyStore.state = "hung";
  await cluster.time.advance(STALENESS_BOUND);
  expect(other.cache.getCached(key)).toBeDefined();
  await cluster.time.advance(1);
  expect(other.cache.getCached(key)).toBeUndefined();
  other.faultyStore.state = "up";
  await cluster.time.advance(STALENESS_BOUND);
  expect(other.cache.getCached(key)).toBeDefined();
});

test("a process that was paused serves no copy before it has polled the log", async () => {
  const { cluster, other, key, record } = await startTwoProcesses();
  await cluster.store.revoke({ session: record.id }, "logout");
  cluster.time.advanceWithoutTimers(STALENESS_BOUND + 1);
  expect(other.cache.getCached(key)).toBeUndefined();
});

test("a clock that is set back or frozen does not make the lease longer", async () => {
  const { cluster, one, key } = await startTwoProcesses();
  const { wallTime: wall } = cluster.time;
  cluster.time.elapsedTime += STALENESS_BOUND + 1;
  expect(one.cache.getCached(key)).toBeUndefined();
  cluster.time.elapsedTime -= STALENESS_BOUND + 1;
  cluster.time.wallTime = wall + STALENESS_BOUND + 1;
  expect(one.cache.getCached(key)).toBeUndefined();
  cluster.time.wallTime = wall;
  expect(one.cache.getCached(key)).toBeDefined();
});

test("after a pause, one poll is enough to serve all copies again", async () => {
  const { cluster, one, record } = await startTwoProcesses();
  const second = await cluster.storeSession();
  await one.cache.read(second.id);
  cluster.time.advanceWithoutTimers(STALENESS_BOUND + 1);
  const { gets, polls } = one.faultyStore;
  const readings = await Promise.all([record, second, record, second].map(({ id }) => one.cache.read(id)));
  expect(readings.map(({ tier }) => tier)).toEqual(["local", "local", "local", "local"]);
  expect(one.faultyStore.gets).toBe(gets);
  expect(one.faultyStore.polls).toBe(polls + 1);
});

test("a process that has not polled for longer than the log retention serves no cached copy", async () => {
  const { cluster, other, key, record } = await startTwoProcesses();
  cluster.time.advanceWithoutTimers(11 * 60_000);
  await cluster.store.revoke({ session: record.id }, "logout");
  await cluster.store.sweep(cluster.time.wallTime + 1, 100);
  await cluster.time.advance(STALENESS_BOUND);
  expect(other.cache.metrics().lease.isValid).toBe(true);
  expect(other.cache.getCached(key)).toBeUndefined();
  expect((await other.cache.read(record.id)).cached).toBeNull();
});

test("a process immediately refuses a session that it revoked itself, even if a load was in flight", async () => {
  const { cluster, one } = await startTwoProcesses();
  const record = await cluster.storeSession();
  const loading = one.cache.read(record.id);
  await cluster.store.revoke({ session: record.id }, "logout");
  one.cache.recordRevocation({ session: record.id });
  await loading;
  expect(one.cache.getCached(compactId(record.id))).toBeUndefined();
  expect((await one.cache.read(record.id)).cached?.record.state).toBe("revoked");
});

test("revoking a tenant writes one log row and affects only that tenant's copies", async () => {
  const { cluster, one, other, key, record } = await startTwoProcesses();
  const neighbour = await cluster.storeSession({ tenant: "umbrella", subject: "grace" });
  await other.cache.read(neighbour.id);
  const { cursor } = await cluster.store.changes(null);
  await cluster.store.revoke({ tenant: "acme" }, "admin");
  expect((await cluster.store.changes(cursor)).items).toHaveLength(1);
  one.cache.recordRevocation({ tenant: "acme" });
  expect(one.cache.getCached(key)).toBeUndefined();
  await cluster.time.advance(STALENESS_BOUND / 4);
  expect(other.cache.getCached(key)).toBeUndefined();
  expect(other.cache.getCached(compactId(neighbour.id))).toBeDefined();
  expect((await other.cache.read(record.id)).cached?.record.state).toBe("revoked");
});

test("a session created after 'log out everywhere' is cached again", async () => {
  const { cluster, one, other } = await startTwoProcesses();
  await cluster.store.revoke({ subject: "ada" }, "logout");
  one.cache.recordRevocation({ subject: "ada" });
  await untilIdle();
  const record = await cluster.storeSession();
  one.cache.recordWrite(record, one.cache.position());
  expect(one.cache.getCached(compactId(record.id))).toBeDefined();
  await cluster.time.advance(STALENESS_BOUND / 4);
  await other.cache.read(record.id);
  expect(other.cache.getCached(compactId(record.id))).toBeDefined();
});

test("after 'log out my other devices', the remaining session is cached again after one read", async () => {
  const { cluster, other, key, record } = await startTwoProcesses();
  await cluster.storeSession();
  await cluster.store.revoke({ subject: "ada", except: record.id }, "logout");
  await cluster.time.advance(STALENESS_BOUND / 4);
  expect(other.cache.getCached(key)).toBeUndefined();
  expect((await other.cache.read(record.id)).tier).toBe("store");
  expect(other.cache.getCached(key)).toBeDefined();
});

test("a copy that looks expired is read again, because another process may have recorded activity", async () => {
  const { cluster, one, key, record } = await startTwoProcesses();
  await cluster.time.advance(record.idleTimeout - 1000);
  await cluster.store.touch([{ id: record.id, lastSeenAt: cluster.time.wallTime }]);
  await cluster.time.advance(1000);
  expect(one.cache.getCached(key)).toBeUndefined();
  const { cached, tier } = await one.cache.read(record.id);
  expect(tier).toBe("store");
  expect(cached?.lastSeenAt).toBe(cluster.time.wallTime - 1000);
});

test("waitForPropagation() waits as long as the staleness bound plus the clock drift", async () => {
  const { cluster, one } = await startTwoProcesses();
  let isSettled = false;
  void one.cache.waitForPropagation().then(() => {
    isSettled = true;
  });
  await cluster.time.advance(STALENESS_BOUND);
  expect(isSettled).toBe(false);
  await cluster.time.advance(STALENESS_BOUND / 100);
  await untilIdle();
  expect(isSettled).toBe(true);
});

test("data that another process wrote is visible after the TTL, which is the staleness bound by default", async () => {
  const { cluster, one, key, record } = await startTwoProcesses({});
  await cluster.storeNextVersion(record, { data: { theme: "dark" } });
  expect(one.cache.getCached(key)?.record.version).toBe(1);
  await cluster.time.advance(STALENESS_BOUND + 1);
  expect(one.cache.getCached(key)).toBeUndefined();
  expect((await one.cache.read(record.id)).cached?.record.data).toEqual({ theme: "dark" });
});

test("a read with `atLeast` or `fresh` returns what another process wrote", async () => {
  const { cluster, one, record } = await startTwoProcesses();
  const next = await cluster.storeNextVersion(record);
  expect((await one.cache.read(record.id, { atLeast: next.version })).cached?.record.version).toBe(2);
  await cluster.storeNextVersion(next);
  expect((await one.cache.read(record.id, { fresh: true })).cached?.record.version).toBe(3);
});

test("no cached copy is served after the log lost its newest items, because these may have been revocations", async () => {
  const { cluster, one, key } = await startTwoProcesses();
  await cluster.store.revoke({ session: (await cluster.storeSession()).id }, "logout");
  await cluster.time.advance(STALENESS_BOUND / 4);
  one.faultyStore.changes = async (cursor) => ({ ...(await cluster.store.changes(cursor)), cursor: 1 });
  await cluster.time.advance(STALENESS_BOUND + 1);
  expect(one.cache.getCached(key)).toBeUndefined();
  expect(one.cache.metrics().lease.isValid).toBe(false);
});
