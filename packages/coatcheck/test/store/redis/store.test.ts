import { describe, it } from "vitest";
import { connectRedis, type RedisTransport, redisStore } from "../../../src/store/redis/store.ts";
import { storeContract } from "../../../src/testing/store-suite.ts";
import { describeWithServer, temporaryPrefix } from "../../servers/fixtures.ts";

/** Milliseconds; long, because many tests share two cores. */
const DEADLINE = 5000;

async function deleteKeys(redis: RedisTransport, prefix: string): Promise<void> {
  const keys = (await redis.exec(["KEYS", `{${prefix}}*`])) as string[];
  if (keys.length > 0) await redis.exec(["UNLINK", ...keys]);
}

await describeWithServer("redis", "redis", (url) => {
  storeContract(
    { describe, it },
    {
      name: "Redis, two connections",
      open: async () => {
        const prefix = temporaryPrefix();
        const connect = () => connectRedis(url, { deadline: DEADLINE });
        const [one, two, cleaner] = [await connect(), await connect(), await connect()];
        return {
          store: redisStore(one, { prefix }),
          other: redisStore(two, { prefix }),
          cleanUp: async () => {
            await deleteKeys(cleaner, prefix);
            await cleaner.close();
          },
        };
      },
    },
  );
});
