import { expect, test } from "vitest";
import type { SessionRecord } from "../../src/session/record.ts";
import { compactId } from "../../src/session/token.ts";
import { Cluster, idle, SharedInMemory } from "./harness.ts";

const BOUND = 2000;

test("with the shared tier, a revocation shows at once where the hint arrives", async () => {
  const cluster = new Cluster();
  const shared = new SharedInMemory();
  const [one, other] = [await cluster.node({ shared }), await cluster.node({ shared })];
  const record = await cluster.session();
  const key = compactId(record.id);
  await other.cache.read(record.id);
  await idle();
  await cluster.store.revoke({ session: record.id }, "logout");
  one.cache.revoked({ session: record.id });
  await idle();
  expect(other.cache.peek(key)).toBeUndefined();
  expect((await other.cache.read(record.id)).tier).toBe("store");
  expect(shared.copies.get(key)).toBe("tombstone");
});

test("with the shared tier, the next process reads no store, and sees data as soon as it is written", async () => {
  const cluster = new Cluster();
  const shared = new SharedInMemory();
  const [one, other] = [await cluster.node({ shared }), await cluster.node({ shared })];
  const record = await cluster.session();
  await one.cache.read(record.id);
  await idle();
  expect(await other.cache.read(record.id)).toMatchObject({ tier: "shared", held: { record } });
  expect(other.way.gets).toBe(0);
  expect(shared.gets).toBe(2);

  const position = one.cache.position();
  const next = await cluster.write(record, { data: { theme: "dark" } });
  one.cache.wrote(next, position);
  await idle();
  expect(await other.cache.read(record.id)).toMatchObject({ tier: "shared", held: { record: next } });
});

test("an old copy does not answer in place of a new one that has not arrived yet", async () => {
  const cluster = new Cluster();
  const shared = new SharedInMemory();
  const options = { shared, local: { maxEntries: 1 } };
  const [one, other] = [await cluster.node(options), await cluster.node(options)];
  const [record, another] = [await cluster.session(), await cluster.session()];
  for (const { cache } of [one, other]) await cache.read(record.id);
  await idle();
  shared.fill = () => new Promise(() => {});
  const write = async (old: SessionRecord) => {
    const position = one.cache.position();
    const next = await cluster.write(old);
    one.cache.wrote(next, position);
    await idle();
    return next;
  };
  const second = await write(record);
  expect(await other.cache.read(record.id)).toMatchObject({ tier: "store", held: { record: second } });
  shared.copies.set(compactId(record.id), { record: second, position: one.cache.position() });
  shared.publish = () => Promise.reject(new Error("Hints may be lost."));
  const third = await write(second);
  await one.cache.read(another.id);
  expect(await one.cache.read(record.id)).toMatchObject({ tier: "store", held: { record: third } });
});

test("a copy that a shared tier brings back from the dead is refused", async () => {
  const cluster = new Cluster();
  const shared = new SharedInMemory();
  const [one, other] = [await cluster.node({ shared }), await cluster.node({ shared })];
  const record = await cluster.session();
  const key = compactId(record.id);
  await one.cache.read(record.id);
  await idle();
  const before = new Map(shared.copies);
  await cluster.store.revoke({ session: record.id }, "logout");
  one.cache.revoked({ session: record.id });
  await idle();
  for (const [each, copy] of before) shared.copies.set(each, copy);
  await cluster.time.pass(BOUND / 4);
  expect((await one.cache.read(record.id)).held?.record.state).toBe("revoked");
  expect((await other.cache.read(record.id)).held?.record.state).toBe("revoked");
  const newcomer = await cluster.node({ shared });
  expect(await newcomer.cache.read(record.id)).toMatchObject({
    tier: "store",
    held: { record: { state: "revoked" } },
  });
  expect(newcomer.cache.peek(key)).toBeUndefined();
});

test("who asks for the store's own word, or their own write, is not handed an older shared copy", async () => {
  const cluster = new Cluster();
  const shared = new SharedInMemory();
  const { cache } = await cluster.node({ shared });
  const old = await cluster.session();
  for (const options of [{ fresh: true }, { atLeast: 2 }]) {
    const record = await cluster.write(old).catch(() => old);
    const other = await cluster.node({ shared });
    shared.copies.set(compactId(old.id), { record: old, position: cache.position() });
    expect(await other.cache.read(record.id, options)).toMatchObject({
      tier: "store",
      held: { record: { version: 2 } },
    });
  }
});

test("a shared copy that looks expired is no reason to turn anybody away either", async () => {
  const cluster = new Cluster();
  const shared = new SharedInMemory();
  const [one, other] = [await cluster.node({ shared }), await cluster.node({ shared })];
  const record = await cluster.session();
  await one.cache.read(record.id);
  await cluster.time.pass(record.idleTimeout - 1000);
  await cluster.store.touch([{ id: record.id, lastSeenAt: cluster.time.wall }]);
  await cluster.time.pass(1000);
  const { held, tier } = await other.cache.read(record.id);
  expect(tier).toBe("store");
  expect(held?.lastSeenAt).toBe(cluster.time.wall - 1000);
});

test("without a lease the shared tier is not even asked", async () => {
  const cluster = new Cluster();
  const shared = new SharedInMemory();
  const { cache, way } = await cluster.node({ shared });
  const record = await cluster.session();
  way.changes = () => Promise.reject(new Error("The log cannot be read."));
  cluster.time.leap(BOUND + 1);
  expect((await cache.read(record.id)).tier).toBe("store");
  expect(shared.gets).toBe(0);
});

test("hints are listened to as soon as the shared tier lets us", async () => {
  const cluster = new Cluster();
  const shared = new SharedInMemory();
  shared.state = "down";
  const { cache } = await cluster.node({ shared });
  shared.state = "up";
  await cluster.time.pass(1000);
  const record = await cluster.session();
  await cache.read(record.id);
  await shared.publish({ kind: "written", session: record.id, version: 2 });
  expect(cache.peek(compactId(record.id))).toBeUndefined();
});

test("what was written while the shared tier was away arrives there when it is back", async () => {
  const cluster = new Cluster();
  const shared = new SharedInMemory();
  const { cache } = await cluster.node({ shared });
  const [first, second] = [await cluster.session(), await cluster.session()];
  for (const { id } of [first, second]) await cache.read(id);
  await idle();
  shared.state = "down";
  for (const record of [first, second]) {
    const position = cache.position();
    cache.wrote(await cluster.write(record), position);
  }
  await idle();
  shared.state = "up";
  await cluster.time.pass(BOUND / 4);
  for (const { id } of [first, second]) {
    expect(shared.copies.get(compactId(id))).toMatchObject({ record: { version: 2 } });
  }
});
