import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeWithProgram } from "../../../../../scripts/test-programs/describe.ts";
import type { SessionFilter, SessionStore } from "../../../src/session/store.ts";
import { connectRedis, type RedisTransport, redisStore } from "../../../src/store/redis/store.ts";
import { makeRecord } from "../../../src/testing/records.ts";
import { storeContract } from "../../../src/testing/store-suite.ts";
import { createTemporaryPrefix, describeWithServer } from "../../servers/fixtures.ts";
import { type OwnRedis, startOwnRedis } from "./fixtures.ts";

/** Deadline in milliseconds. It is long, because many tests share two cores. */
const DEADLINE = 5000;

async function deleteKeysWithPrefix(redis: RedisTransport, prefix: string): Promise<void> {
  const keys = (await redis.exec(["KEYS", `{${prefix}}*`])) as string[];
  if (keys.length > 0) await redis.exec(["UNLINK", ...keys]);
}

await describeWithServer("redis", "redis", (url) => {
  storeContract(
    { describe, it },
    {
      name: "Redis, two connections",
      open: async () => {
        const prefix = createTemporaryPrefix();
        const connect = () => connectRedis(url, { deadline: DEADLINE });
        const [one, two, cleaner] = [await connect(), await connect(), await connect()];
        return {
          store: redisStore(one, { prefix }),
          other: redisStore(two, { prefix }),
          cleanUp: async () => {
            await deleteKeysWithPrefix(cleaner, prefix);
            await cleaner.close();
          },
        };
      },
    },
  );
});

describeWithProgram("the lists of redisStore", "redis", () => {
  let server: OwnRedis;
  let redis: RedisTransport;
  let store: SessionStore;

  beforeAll(async () => {
    server = await startOwnRedis();
    redis = await connectRedis(server.url, { deadline: DEADLINE });
    store = redisStore(redis);
    const createdAt = Date.now();
    const records = Array.from({ length: 1200 }, (_, index) =>
      makeRecord({
        createdAt: createdAt + index,
        tenant: index % 2 ? "quiet" : "busy",
        idleTimeout: index % 2 ? 1 : 3_600_000,
      }),
    );
    await Promise.all(records.map((record) => store.put(record, { expectedVersion: 0, change: "data" })));
    for (const { id } of records.slice(0, 9)) await store.revoke({ session: id }, "logout");
  });
  afterAll(async () => {
    await store.close();
    await server.stop();
  });

  /** Lists sessions, requires that there are `expected`, and returns how many rows Redis loaded for the list. */
  async function countLoadedRows(filter: SessionFilter, expected: number): Promise<number> {
    await redis.exec(["CONFIG", "RESETSTAT"]);
    expect((await store.list(filter, { limit: 20 })).records).toHaveLength(expected);
    const stats = String(await redis.exec(["INFO", "commandstats"]));
    const callsOf = (command: string) =>
      Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
    // A script that reads the head of the log does so with one HMGET, which is not a row, after one PERSIST.
    return callsOf("hmget") - callsOf("persist");
  }

  it("list() loads only rows whose state may match the filter", async () => {
    const liveAt = Date.now() + 60_000;
    expect(await countLoadedRows({ tenant: "quiet", liveAt }, 0)).toBe(0);
    expect(await countLoadedRows({ tenant: "busy", liveAt }, 20)).toBe(21);
    expect(await countLoadedRows({ liveAt }, 20)).toBe(21);
    expect(await countLoadedRows({ state: "active" }, 20)).toBe(21);
    expect(await countLoadedRows({ state: "revoked" }, 9)).toBe(9);
    for (let index = 0; index < 2; index++) {
      const tenant = `revoked-${index}`;
      await store.put(makeRecord({ createdAt: 1, tenant }), { expectedVersion: 0, change: "data" });
      await store.revoke({ tenant }, "admin");
    }
    expect(await countLoadedRows({ state: "revoked" }, 11)).toBe(11);
  });
});
