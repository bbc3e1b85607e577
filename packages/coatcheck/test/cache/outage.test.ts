import { describe, expect, test, vi } from "vitest";
import { CoatcheckError } from "../../src/session/errors.ts";
import { compactId } from "../../src/session/token.ts";
import { Cluster, InMemorySharedTier } from "./fixtures.ts";

const DAY = 24 * 60 * 60_000;

describe("an outage of the store", () => {
  /** Starts a process that caches two sessions. Then its store fails, and its lease expires. */
  async function startOutage() {
    const cluster = new Cluster();
    const { cache, faultyStore } = await cluster.startNode();
    const [known, revoked] = [await cluster.storeSession(), await cluster.storeSession()];
    for (const { id } of [known, revoked]) await cache.read(id);
    cache.recordRevocation({ session: revoked.id });
    await cluster.time.advance(500);
    faultyStore.state = "down";
    await cluster.time.advance(3000);
    return { cluster, cache, faultyStore, known, revoked };
  }

  test("makes reads reject with STORE_UNAVAILABLE", async () => {
    const { cache, known } = await startOutage();
    const error = await cache.read(known.id).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CoatcheckError);
    expect(error).toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(cache.getCached(compactId(known.id))).toBeUndefined();
  });

  test("lets getStale() return copies that are at most `maxAge` old, except revoked ones", async () => {
    const { cache, known, revoked } = await startOutage();
    const key = compactId(known.id);
    expect(cache.getStale(key, 60_000)).toMatchObject({ record: { id: known.id } });
    expect(cache.getStale(key, 2999)).toBeUndefined();
    expect(cache.getStale(compactId(revoked.id), DAY)).toBeUndefined();
    cache.recordRevocation({ subject: "ada" });
    expect(cache.getStale(key, DAY)).toBeUndefined();
  });

  test("does not let getStale() return an expired session", async () => {
    const { cluster, cache, known } = await startOutage();
    const key = compactId(known.id);
    cluster.time.advanceWithoutTimers(known.idleTimeout - 3501);
    expect(cache.getStale(key, DAY)).toBeDefined();
    cluster.time.advanceWithoutTimers(1);
    expect(cache.getStale(key, DAY)).toBeUndefined();
  });

  test("opens the breaker, so that reads of a hung store fail immediately", async () => {
    const { cluster, cache, faultyStore, known } = await startOutage();
    faultyStore.state = "hung";
    for (let request = 0; request < 5; request++) {
      const reading = cache.read(known.id, { fresh: true }).catch(() => {});
      await cluster.time.advance(1001);
      await reading;
    }
    const { gets } = faultyStore;
    await expect(cache.read(known.id, { fresh: true })).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(faultyStore.gets).toBe(gets);
    expect(cache.metrics().store).toMatchObject({ breaker: "open", rejected: 1 });
  });

  test("ends half a second after the store has recovered, even if the wall clock was set back", async () => {
    const { cluster, cache, faultyStore, known } = await startOutage();
    for (let request = 0; request < 5; request++) {
      await cache.read(known.id, { fresh: true }).catch(() => {});
    }
    faultyStore.state = "up";
    const wallClock = vi.spyOn(Date, "now").mockReturnValue(Date.now() - 60 * 60_000);
    await cluster.time.advance(499);
    await expect(cache.read(known.id, { fresh: true })).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await cluster.time.advance(1);
    expect((await cache.read(known.id, { fresh: true })).cached?.record.id).toBe(known.id);
    wallClock.mockRestore();
  });
});

describe("an outage of the shared tier", () => {
  test.each(["down", "hung"] as const)(
    "delays only the first reads, which fall back to the store (%s)",
    async (state) => {
      const cluster = new Cluster();
      const shared = new InMemorySharedTier();
      const { cache } = await cluster.startNode({ shared });
      shared.state = state;
      for (let count = 0; count < 20; count++) {
        const record = await cluster.storeSession();
        const reading = cache.read(record.id);
        await cluster.time.advance(count < 5 ? 101 : 1);
        expect((await reading).tier).toBe("store");
      }
      expect(shared.gets).toBeLessThanOrEqual(5);
      expect(cache.metrics().shared?.breaker).toBe("open");
    },
  );
});
