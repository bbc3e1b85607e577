import { describe, expect, test } from "vitest";
import { createCache } from "../../src/cache/index.ts";
import { CoatcheckError } from "../../src/session/errors.ts";
import { SessionManager } from "../../src/session/manager.ts";
import { compactId, newSessionId, pooledRandom } from "../../src/session/token.ts";
import { Cluster, FakeTime, idle, recordAt, SharedInMemory } from "./harness.ts";

const DAY = 24 * 60 * 60_000;
const unknownId = () => newSessionId(pooledRandom());

describe("a single process", () => {
  test("needs no lease: copies answer for ever", async () => {
    const cluster = new Cluster();
    const { cache, way } = await cluster.node({ single: true });
    const record = await cluster.session();
    await cache.read(record.id);
    const { polls } = way;
    await cluster.time.pass(20 * 60_000);
    expect(cache.peek(compactId(record.id))?.record).toEqual(record);
    expect(way.polls).toBe(polls);
  });

  test("refuses at once what it revoked, one session or many, and nothing is waited for", async () => {
    const cluster = new Cluster();
    const { cache } = await cluster.node({ single: true });
    const [first, second, spared] = [
      await cluster.session(),
      await cluster.session(),
      await cluster.session({ subject: "grace" }),
    ];
    for (const { id } of [first, second, spared]) await cache.read(id);
    for (const scope of [{ session: first.id }, { subject: "ada" }]) {
      await cluster.store.revoke(scope, "logout");
      cache.revoked(scope);
      await cache.settled();
      for (const id of "session" in scope ? [first.id] : [first.id, second.id]) {
        expect(cache.peek(compactId(id))).toBeUndefined();
        expect((await cache.read(id)).held?.record.state).toBe("revoked");
      }
    }
    expect(cache.peek(compactId(spared.id))).toBeDefined();
  });

  test("holds no load that a write overtook", async () => {
    const cluster = new Cluster();
    const { cache } = await cluster.node({ single: true });
    const record = await cluster.session();
    const position = cache.position();
    const loading = cache.read(record.id);
    const next = await cluster.write(record);
    cache.wrote(next, position);
    await loading;
    expect(cache.peek(compactId(record.id))?.record.version).toBe(2);
    cache.outdated(record.id);
    expect(cache.peek(compactId(record.id))).toBeUndefined();
  });

  test("holds no load that was answered before a write, and late", async () => {
    const cluster = new Cluster();
    const { cache, way } = await cluster.node({ single: true });
    const record = await cluster.session();
    const answer = way.slowDown();
    const loading = cache.read(record.id);
    await idle();
    await cluster.write(record);
    cache.outdated(record.id);
    answer();
    await loading;
    expect(cache.peek(compactId(record.id))).toBeUndefined();
  });

  test("does not take an id for dead that was created while it was looked for", async () => {
    const cluster = new Cluster();
    const { cache, way } = await cluster.node({ single: true });
    const record = recordAt(cluster.time.wall);
    const answer = way.slowDown();
    const loading = cache.read(record.id);
    await idle();
    await cluster.store.put(record, { expectedVersion: 0, change: "data" });
    cache.wrote(record, cache.position());
    answer();
    expect((await loading).held).toBeNull();
    expect((await cache.read(record.id)).held?.record).toEqual(record);
  });

  test.each(["one session", "many"])(
    "lets nobody join a load that a revocation of %s overtook",
    async (reach) => {
      const cluster = new Cluster();
      const { cache, way } = await cluster.node({ single: true });
      const record = await cluster.session();
      const scope = reach === "many" ? { subject: "ada" } : { session: record.id };
      const answer = way.slowDown();
      const before = cache.read(record.id);
      await idle();
      await cluster.store.revoke(scope, "logout");
      cache.revoked(scope);
      const after = cache.read(record.id);
      answer();
      await before;
      expect((await after).held?.record.state).toBe("revoked");
      expect(cache.peek(compactId(record.id))).toBeUndefined();
    },
  );

  test("begins to hold copies when a store that was away at the start is there", async () => {
    const cluster = new Cluster();
    const { cache, way } = await cluster.node({ single: true });
    way.state = "down";
    const late = await cluster.node({ single: true, store: way.asStore });
    way.state = "up";
    await cluster.time.pass(500);
    const record = await cluster.session();
    for (const each of [cache, late.cache]) {
      await each.read(record.id);
      expect(each.peek(compactId(record.id))).toBeDefined();
    }
  });

  test("serves a manager: revoked means refused, with no further read for who is let in", async () => {
    const cluster = new Cluster();
    const { cache, way } = await cluster.node({ single: true });
    const { clock, schedule } = cluster.time;
    const secrets = ["a secret for these tests"];
    const manager = new SessionManager({ store: cluster.store, secrets, cache, clock, schedule });
    const { token, record } = await manager.create({ subject: "ada" });
    for (let request = 0; request < 10; request++) {
      expect(await manager.resume(token)).toMatchObject({ id: record.id, tier: "local" });
    }
    expect(way.gets).toBe(0);
    await manager.revoke({ subject: "ada" }, "logout", { wait: "everywhere" });
    expect(await manager.resume(token)).toEqual({ refusal: "revoked" });
  });
});

describe("several processes on one SQLite file", () => {
  test("see each other's revocations with no delay at all", async () => {
    const cluster = new Cluster();
    let dataVersion = 1;
    const { cache, way } = await cluster.node({
      dataVersion: () => dataVersion,
      local: { ttl: 60 * 60_000 },
    });
    const record = await cluster.session();
    await cache.read(record.id);
    await cluster.time.pass(60_000);
    const { gets } = way;
    expect(cache.peek(compactId(record.id))).toBeDefined();

    await cluster.session();
    dataVersion++;
    expect(cache.peek(compactId(record.id))).toBeUndefined();
    expect(await cache.read(record.id)).toMatchObject({ tier: "local" });
    expect(way.gets).toBe(gets);

    await cluster.store.revoke({ session: record.id }, "logout");
    dataVersion++;
    expect((await cache.read(record.id)).held?.record.state).toBe("revoked");
    await cache.settled();
  });

  test("answer from nothing while the file cannot be read", async () => {
    const cluster = new Cluster();
    let fails = false;
    const dataVersion = () => {
      if (fails) throw new Error("disk I/O error");
      return 1;
    };
    const { cache } = await cluster.node({ dataVersion });
    const record = await cluster.session();
    await cache.read(record.id);
    expect(cache.peek(compactId(record.id))).toBeDefined();
    fails = true;
    expect(cache.peek(compactId(record.id))).toBeUndefined();
  });
});

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

describe("an outage of the store", () => {
  /** A process that held two sessions when its store went, and whose lease has lapsed since. */
  async function outage() {
    const cluster = new Cluster();
    const { cache, way } = await cluster.node();
    const [known, revoked] = [await cluster.session(), await cluster.session()];
    for (const { id } of [known, revoked]) await cache.read(id);
    cache.revoked({ session: revoked.id });
    await cluster.time.pass(500);
    way.state = "down";
    await cluster.time.pass(3000);
    return { cluster, cache, way, known, revoked };
  }

  test("is told as STORE_UNAVAILABLE, with the cause kept", async () => {
    const { cache, known } = await outage();
    const error = await cache.read(known.id).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CoatcheckError);
    expect(error).toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(cache.peek(compactId(known.id))).toBeUndefined();
  });

  test("leaves copies up to an age to the route that declares it, and none that is known to be revoked", async () => {
    const { cache, known, revoked } = await outage();
    const key = compactId(known.id);
    expect(cache.degraded(key, 60_000)).toMatchObject({ record: { id: known.id } });
    expect(cache.degraded(key, 2999)).toBeUndefined();
    expect(cache.degraded(compactId(revoked.id), DAY)).toBeUndefined();
    cache.revoked({ subject: "ada" });
    expect(cache.degraded(key, DAY)).toBeUndefined();
  });

  test("degraded brings no expired session back", async () => {
    const { cluster, cache, known } = await outage();
    const key = compactId(known.id);
    cluster.time.leap(known.idleTimeout - 3501);
    expect(cache.degraded(key, DAY)).toBeDefined();
    cluster.time.leap(1);
    expect(cache.degraded(key, DAY)).toBeUndefined();
  });

  test("opens the breaker, so that nobody waits for a store that hangs", async () => {
    const { cluster, cache, way, known } = await outage();
    way.state = "hung";
    for (let request = 0; request < 5; request++) {
      const reading = cache.read(known.id, { fresh: true }).catch(() => {});
      await cluster.time.pass(1001);
      await reading;
    }
    const { gets } = way;
    await expect(cache.read(known.id, { fresh: true })).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(way.gets).toBe(gets);
    expect(cache.metrics().store).toMatchObject({ breaker: "open", turnedAway: 1 });
  });
});

describe("an outage of the shared tier", () => {
  test.each(["down", "hung"] as const)(
    "(%s) costs speed only, and after a few calls not even that",
    async (state) => {
      const cluster = new Cluster();
      const shared = new SharedInMemory();
      const { cache } = await cluster.node({ shared });
      shared.state = state;
      for (let count = 0; count < 20; count++) {
        const record = await cluster.session();
        const reading = cache.read(record.id);
        await cluster.time.pass(101);
        expect((await reading).tier).toBe("store");
      }
      expect(shared.gets).toBeLessThanOrEqual(5);
      expect(cache.metrics().shared?.breaker).toBe("open");
    },
  );
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
