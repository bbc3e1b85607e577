import { expect, it } from "vitest";
import { describeWithProgram } from "../../../../../scripts/test-programs/describe.ts";
import { redisStore, type ServerNotice } from "../../../src/store/redis/store.ts";
import { fakeClock, makeRecord } from "../../../src/testing/index.ts";
import { CREATE_OPTIONS, callEveryMethod, expectUnavailable, startFixture } from "./store-fixtures.ts";

const LOST_KEY_MESSAGE =
  "Redis has lost a key of the session store (evicted or deleted), so it cannot distinguish ended sessions from live ones; " +
  "restore a backup, or end all sessions with revoke({ everyone: true }).";

describeWithProgram("redisStore on a server that loses keys", "redis", () => {
  it("every call rejects, including the first call, if the server may evict sessions", async () => {
    const { redis, store } = await startFixture({ maxmemory: "100mb", "maxmemory-policy": "allkeys-lru" });
    const message =
      "Redis may evict sessions (maxmemory-policy is allkeys-lru); set it to noeviction or a volatile policy.";
    await expectUnavailable(callEveryMethod(store), message);
    await redis.exec(["CONFIG", "SET", "maxmemory-policy", "volatile-lru"]);
    expect(await store.put(makeRecord(), CREATE_OPTIONS)).toBe("stored");
  });

  it("every call rejects within a second after the eviction policy has become unsafe, and `onNotice` receives the reason", async () => {
    const { redis } = await startFixture({ maxmemory: "100mb", "maxmemory-policy": "noeviction" });
    const clock = fakeClock();
    const notices: ServerNotice[] = [];
    const store = redisStore(redis, { clock, onNotice: (notice) => notices.push(notice) });
    await Promise.all(callEveryMethod(store));
    await redis.exec(["CONFIG", "SET", "maxmemory-policy", "allkeys-lfu"]);
    clock.pass(1000);
    await expectUnavailable(callEveryMethod(store), notices[0]?.message);
    expect(notices).toEqual([
      { kind: "unavailable", message: expect.stringMatching(/may evict sessions \(.* allkeys-lfu\)/) },
    ]);
    await redis.exec(["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    await Promise.all(callEveryMethod(store));
  });

  it.each(["head", "history", "pending"])(
    "every call rejects after the key %s is lost, until all sessions have been ended",
    async (key) => {
      const { redis, store } = await startFixture();
      const [ended, live] = [makeRecord({ tenant: "acme" }), makeRecord({ tenant: "umbrella" })];
      for (const record of [ended, live]) await store.put(record, CREATE_OPTIONS);
      const { cursor } = await store.changes(null);
      await store.revoke({ tenant: "acme" }, "admin");
      await redis.exec(["DEL", `{coatcheck}:${key}`]);
      await expectUnavailable(callEveryMethod(store), LOST_KEY_MESSAGE);
      await expectUnavailable([store.revoke({ tenant: "umbrella" }, "admin")], LOST_KEY_MESSAGE);

      await store.revoke({ everyone: true }, "admin");
      for (const { id } of [ended, live]) expect((await store.get(id))?.record.state).toBe("revoked");
      expect((await store.changes(cursor)).items).toContainEqual(
        expect.objectContaining({ scope: { everyone: true } }),
      );
      await store.sweep(0, 1000);
      for (const { id } of [ended, live]) expect((await store.get(id))?.record.state).toBe("revoked");
      const next = makeRecord({ tenant: "acme" });
      expect(await store.put(next, CREATE_OPTIONS)).toBe("stored");
      expect((await store.get(next.id))?.record).toEqual(next);
    },
  );

  it("calls succeed without the Redis keys `history` and `pending` if a sweep has left both empty", async () => {
    const { redis, store } = await startFixture();
    await store.put(makeRecord({ tenant: "acme" }), CREATE_OPTIONS);
    await store.revoke({ tenant: "acme" }, "admin");
    await store.sweep(0, 1000);
    expect(await redis.exec(["EXISTS", "{coatcheck}:history", "{coatcheck}:pending"])).toBe(0);
    await Promise.all(callEveryMethod(store));
  });
});
