import { describe, expect, test, vi } from "vitest";
import { CoatcheckError } from "../../src/session/errors.ts";
import { compactId } from "../../src/session/token.ts";
import { Cluster, SharedInMemory } from "./harness.ts";

const DAY = 24 * 60 * 60_000;

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

  test("is over half a second after the store is back, though the clock was set back meanwhile", async () => {
    const { cluster, cache, way, known } = await outage();
    for (let request = 0; request < 5; request++) {
      await cache.read(known.id, { fresh: true }).catch(() => {});
    }
    way.state = "up";
    const wallClock = vi.spyOn(Date, "now").mockReturnValue(Date.now() - 60 * 60_000);
    await cluster.time.pass(499);
    await expect(cache.read(known.id, { fresh: true })).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await cluster.time.pass(1);
    expect((await cache.read(known.id, { fresh: true })).held?.record.id).toBe(known.id);
    wallClock.mockRestore();
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
        await cluster.time.pass(count < 5 ? 101 : 1);
        expect((await reading).tier).toBe("store");
      }
      expect(shared.gets).toBeLessThanOrEqual(5);
      expect(cache.metrics().shared?.breaker).toBe("open");
    },
  );
});
