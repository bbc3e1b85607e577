import { describe, expect, test } from "vitest";
import { createCache } from "../../src/cache/index.ts";
import { CoatcheckError } from "../../src/session/errors.ts";
import { SessionManager } from "../../src/session/manager.ts";
import { compactId, newSessionId, pooledRandom } from "../../src/session/token.ts";
import { Cluster, FakeTime, idle, recordAt, SharedInMemory } from "./harness.ts";

const unknownId = () => newSessionId(pooledRandom());

describe("reading", () => {
  test("many at once cost one read", async () => {
    const cluster = new Cluster();
    const { cache, way } = await cluster.node();
    const record = await cluster.session();
    const readings = await Promise.all(Array.from({ length: 100 }, () => cache.read(record.id)));
    expect(readings.every(({ held }) => held?.record.id === record.id)).toBe(true);
    expect(way.gets).toBe(1);
  });

  test("a load older than the bound is not joined: what it brings may be staler than that", async () => {
    const cluster = new Cluster();
    const { cache, way } = await cluster.node({ deadlines: { store: 60_000 } });
    const record = await cluster.session();
    way.state = "hung";
    void cache.read(record.id);
    await idle();
    way.state = "up";
    cluster.time.leap(2001);
    expect((await cache.read(record.id)).held?.record.id).toBe(record.id);
    expect(way.gets).toBe(2);
  });

  test("a load under way turns nobody away whose token is newer than what it found", async () => {
    const cluster = new Cluster();
    const { cache, way } = await cluster.node();
    const { clock, schedule } = cluster.time;
    const parts = { secrets: ["a secret for these tests"], clock, schedule };
    const here = new SessionManager({ ...parts, store: way.asStore, cache });
    const elsewhere = new SessionManager({ ...parts, store: cluster.store });
    const { record, token } = await elsewhere.create();
    const answer = way.slowDown();
    const before = here.resume(token);
    await idle();
    const { token: next } = await elsewhere.authenticate(record.id, "ada");
    const after = here.resume(next);
    answer();
    await before;
    expect(await after).toMatchObject({ subject: "ada", refusal: null });
  });

  test("dead ids cost one read each, whoever keeps knocking: unknown, revoked, expired", async () => {
    const cluster = new Cluster();
    const { cache, way } = await cluster.node();
    const revoked = await cluster.session();
    await cluster.store.revoke({ session: revoked.id }, "logout");
    const expired = await cluster.session({ expiresAt: cluster.time.wall - 1 });
    for (const id of [unknownId(), revoked.id, expired.id]) {
      const { gets } = way;
      for (let knock = 0; knock < 1000; knock++) expect((await cache.read(id)).tier).toBe("store");
      expect(way.gets).toBe(gets + 1);
    }
    expect(cache.metrics().store.deadIdHits).toBe(3 * 999);
  });

  test("an id that was unknown can be created, here at once and elsewhere within the bound", async () => {
    const cluster = new Cluster();
    const [one, other] = [await cluster.node(), await cluster.node()];
    const record = recordAt(cluster.time.wall);
    for (const { cache } of [one, other]) expect((await cache.read(record.id)).held).toBeNull();
    const position = one.cache.position();
    await cluster.store.put(record, { expectedVersion: 0, change: "data" });
    one.cache.wrote(record, position);
    expect((await one.cache.read(record.id)).held?.record).toEqual(record);
    await cluster.time.pass(2001);
    expect((await other.cache.read(record.id)).held?.record).toEqual(record);
  });

  test("what is no id asks nobody", async () => {
    const cluster = new Cluster();
    const { cache, way } = await cluster.node();
    for (const id of ["", "../etc/passwd", "x".repeat(1e6)]) {
      expect(await cache.read(id)).toEqual({ held: null, tier: "store" });
    }
    expect(way.gets).toBe(0);
  });

  test("activity seen here outlives a newer copy of the same session", async () => {
    const cluster = new Cluster();
    const { cache } = await cluster.node();
    const record = await cluster.session();
    const { held } = await cache.read(record.id);
    if (!held) throw new Error("The session was stored.");
    const soon = cluster.time.wall + 100_000;
    expect(held.see(soon)).toBe(true);
    cache.wrote(await cluster.write(record), cache.position());
    const newer = cache.peek(compactId(record.id));
    expect(newer).toMatchObject({ record: { version: 2 }, lastSeenAt: soon });
    expect(newer?.see(soon + 1)).toBe(false);
  });

  test("the local tier is bounded by entries and by bytes", async () => {
    const cluster = new Cluster();
    const few = await cluster.node({ local: { maxEntries: 10 } });
    const small = await cluster.node({ local: { maxBytes: 50_000 } });
    for (let count = 0; count < 100; count++) {
      const record = await cluster.session({ data: { text: "x".repeat(4000) } });
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

describe("options that will not do", () => {
  const { store, time } = new Cluster();
  test.each([
    { stalenessBound: 0 },
    { stalenessBound: Number.POSITIVE_INFINITY },
    { local: { maxEntries: 0 } },
    { local: { maxBytes: 0.5 } },
    { local: { ttl: Number.NaN } },
    { single: true, dataVersion: () => 1 },
    { single: true, shared: new SharedInMemory() },
  ])("%o", (options) => {
    expect(() => createCache({ store, schedule: time.schedule, ...options })).toThrow(CoatcheckError);
  });
});

test("metrics tell what happened", async () => {
  const cluster = new Cluster();
  const { cache } = await cluster.node({ shared: new SharedInMemory() });
  const record = await cluster.session();
  const key = compactId(record.id);
  cache.peek(key);
  await cache.read(record.id);
  cache.peek(key);
  cluster.time.leap(2001);
  cache.peek(key);
  expect(cache.metrics()).toMatchObject({
    local: { entries: 1, hits: 1, misses: 1, refusals: 1 },
    shared: { hits: 0, misses: 1, breaker: "closed" },
    store: { reads: 1, failures: 0, latency: { count: 1 } },
    lease: { bound: 2000, age: 2001, isHeld: false },
    log: { polls: 1, failures: 0, marks: 0 },
  });
});

test("a closed cache asks nothing more", async () => {
  const time = new FakeTime();
  const cluster = new Cluster();
  const { cache, way } = await cluster.node({ schedule: time.schedule });
  await cache.close();
  const { polls } = way;
  await time.pass(10_000);
  expect(way.polls).toBe(polls);
});
