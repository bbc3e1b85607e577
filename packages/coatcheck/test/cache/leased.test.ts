import { expect, test } from "vitest";
import type { CacheOptions } from "../../src/cache/index.ts";
import { compactId } from "../../src/session/token.ts";
import { Cluster, idle } from "./harness.ts";

const BOUND = 2000;

/** Two processes that both hold one session. */
async function holders(options: Partial<CacheOptions> = { local: { ttl: 60 * 60_000 } }) {
  const cluster = new Cluster();
  const [one, other] = [await cluster.node(options), await cluster.node(options)];
  const record = await cluster.session();
  await one.cache.read(record.id);
  await other.cache.read(record.id);
  return { cluster, one, other, record, key: compactId(record.id) };
}

test("a hit answers synchronously, without a read of the store", async () => {
  const { one, key, record } = await holders();
  const { gets } = one.way;
  expect(one.cache.peek(key)?.record).toEqual(record);
  expect(await one.cache.read(record.id)).toMatchObject({ tier: "local" });
  expect(one.way.gets).toBe(gets);
});

test("what is held cannot be changed by whoever is handed it", async () => {
  const cluster = new Cluster();
  const { cache } = await cluster.node();
  const record = await cluster.session({ data: { cart: { tacos: 2 } } });
  const { held } = await cache.read(record.id);
  expect(Object.isFrozen(held?.record.data.cart)).toBe(true);
});

test("a revocation elsewhere is known after the next poll, a quarter of the bound", async () => {
  const { cluster, other, key, record } = await holders();
  await cluster.store.revoke({ session: record.id }, "logout");
  expect(other.cache.peek(key)).toBeDefined();
  await cluster.time.pass(BOUND / 4);
  expect(other.cache.peek(key)).toBeUndefined();
  expect((await other.cache.read(record.id)).held?.record.state).toBe("revoked");
});

test("a process that cannot ask the log stops answering at the bound, and goes on when it can", async () => {
  const { cluster, other, key } = await holders();
  await cluster.time.pass(BOUND / 4);
  other.way.state = "hung";
  await cluster.time.pass(BOUND);
  expect(other.cache.peek(key)).toBeDefined();
  await cluster.time.pass(1);
  expect(other.cache.peek(key)).toBeUndefined();
  other.way.state = "up";
  await cluster.time.pass(BOUND);
  expect(other.cache.peek(key)).toBeDefined();
});

test("a process that was paused does not answer before it has asked the log, whatever runs first", async () => {
  const { cluster, other, key, record } = await holders();
  await cluster.store.revoke({ session: record.id }, "logout");
  cluster.time.leap(BOUND + 1);
  expect(other.cache.peek(key)).toBeUndefined();
});

test("neither a clock set back nor a frozen one makes the lease longer", async () => {
  const { cluster, one, key } = await holders();
  const { wall } = cluster.time;
  cluster.time.elapsed += BOUND + 1;
  expect(one.cache.peek(key)).toBeUndefined();
  cluster.time.elapsed -= BOUND + 1;
  cluster.time.wall = wall + BOUND + 1;
  expect(one.cache.peek(key)).toBeUndefined();
  cluster.time.wall = wall;
  expect(one.cache.peek(key)).toBeDefined();
});

test("after a pause, one poll brings everybody's copy back", async () => {
  const { cluster, one, record } = await holders();
  const second = await cluster.session();
  await one.cache.read(second.id);
  cluster.time.leap(BOUND + 1);
  const { gets, polls } = one.way;
  const readings = await Promise.all([record, second, record, second].map(({ id }) => one.cache.read(id)));
  expect(readings.map(({ tier }) => tier)).toEqual(["local", "local", "local", "local"]);
  expect(one.way.gets).toBe(gets);
  expect(one.way.polls).toBe(polls + 1);
});

test("after a silence longer than the log is kept, nothing held is believed", async () => {
  const { cluster, other, key, record } = await holders();
  cluster.time.leap(11 * 60_000);
  await cluster.store.revoke({ session: record.id }, "logout");
  await cluster.store.sweep(cluster.time.wall + 1, 100);
  await cluster.time.pass(BOUND);
  expect(other.cache.metrics().lease.isHeld).toBe(true);
  expect(other.cache.peek(key)).toBeUndefined();
  expect((await other.cache.read(record.id)).held).toBeNull();
});

test("a process refuses at once what it revoked itself, though a load of it was under way", async () => {
  const { cluster, one } = await holders();
  const record = await cluster.session();
  const loading = one.cache.read(record.id);
  await cluster.store.revoke({ session: record.id }, "logout");
  one.cache.revoked({ session: record.id });
  await loading;
  expect(one.cache.peek(compactId(record.id))).toBeUndefined();
  expect((await one.cache.read(record.id)).held?.record.state).toBe("revoked");
});

test("a tenant's revocation is one log row, and reaches the tenant's copies only", async () => {
  const { cluster, one, other, key, record } = await holders();
  const neighbour = await cluster.session({ tenant: "umbrella", subject: "grace" });
  await other.cache.read(neighbour.id);
  const { cursor } = await cluster.store.changes(null);
  await cluster.store.revoke({ tenant: "acme" }, "admin");
  expect((await cluster.store.changes(cursor)).items).toHaveLength(1);
  one.cache.revoked({ tenant: "acme" });
  expect(one.cache.peek(key)).toBeUndefined();
  await cluster.time.pass(BOUND / 4);
  expect(other.cache.peek(key)).toBeUndefined();
  expect(other.cache.peek(compactId(neighbour.id))).toBeDefined();
  expect((await other.cache.read(record.id)).held?.record.state).toBe("revoked");
});

test("who logs in again after 'log out everywhere' is held again", async () => {
  const { cluster, one, other } = await holders();
  await cluster.store.revoke({ subject: "ada" }, "logout");
  one.cache.revoked({ subject: "ada" });
  await idle();
  const record = await cluster.session();
  one.cache.wrote(record, one.cache.position());
  expect(one.cache.peek(compactId(record.id))).toBeDefined();
  await cluster.time.pass(BOUND / 4);
  await other.cache.read(record.id);
  expect(other.cache.peek(compactId(record.id))).toBeDefined();
});

test("the session that 'log out my other devices' spares goes on being held, after one read", async () => {
  const { cluster, other, key, record } = await holders();
  await cluster.session();
  await cluster.store.revoke({ subject: "ada", except: record.id }, "logout");
  await cluster.time.pass(BOUND / 4);
  expect(other.cache.peek(key)).toBeUndefined();
  expect((await other.cache.read(record.id)).tier).toBe("store");
  expect(other.cache.peek(key)).toBeDefined();
});

test("a copy that looks expired is no reason to turn anybody away: another process may have seen them", async () => {
  const { cluster, one, key, record } = await holders();
  await cluster.time.pass(record.idleTimeout - 1000);
  await cluster.store.touch([{ id: record.id, lastSeenAt: cluster.time.wall }]);
  await cluster.time.pass(1000);
  expect(one.cache.peek(key)).toBeUndefined();
  const { held, tier } = await one.cache.read(record.id);
  expect(tier).toBe("store");
  expect(held?.lastSeenAt).toBe(cluster.time.wall - 1000);
});

test("revoke with 'everywhere' waits for the bound and a clock that is slow", async () => {
  const { cluster, one } = await holders();
  let isSettled = false;
  void one.cache.settled().then(() => {
    isSettled = true;
  });
  await cluster.time.pass(BOUND);
  expect(isSettled).toBe(false);
  await cluster.time.pass(BOUND / 100);
  await idle();
  expect(isSettled).toBe(true);
});

test("data written elsewhere is seen after the ttl, the bound where there are no hints", async () => {
  const { cluster, one, key, record } = await holders({});
  await cluster.write(record, { data: { theme: "dark" } });
  expect(one.cache.peek(key)?.record.version).toBe(1);
  await cluster.time.pass(BOUND + 1);
  expect(one.cache.peek(key)).toBeUndefined();
  expect((await one.cache.read(record.id)).held?.record.data).toEqual({ theme: "dark" });
});

test("who must see their own write made elsewhere, does", async () => {
  const { cluster, one, record } = await holders();
  const next = await cluster.write(record);
  expect((await one.cache.read(record.id, { atLeast: next.version })).held?.record.version).toBe(2);
  await cluster.write(next);
  expect((await one.cache.read(record.id, { fresh: true })).held?.record.version).toBe(3);
});

test("a log that went back has lost acknowledged revocations: nothing held is believed any more", async () => {
  const { cluster, one, key } = await holders();
  await cluster.store.revoke({ session: (await cluster.session()).id }, "logout");
  await cluster.time.pass(BOUND / 4);
  one.way.changes = async (cursor) => ({ ...(await cluster.store.changes(cursor)), cursor: 1 });
  await cluster.time.pass(BOUND + 1);
  expect(one.cache.peek(key)).toBeUndefined();
  expect(one.cache.metrics().lease.isHeld).toBe(false);
});
