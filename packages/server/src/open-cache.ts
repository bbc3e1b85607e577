import { createCache, redisShared, type SessionCache } from "coatcheck/cache";
import { postgresHints } from "coatcheck/store/postgres";
import { connectRedis } from "coatcheck/store/redis";
import type { Config } from "./config.ts";
import type { OpenStore } from "./open-store.ts";
import { StartError } from "./start-error.ts";

/** A cache, and how to disconnect from its shared tier. */
export interface OpenCache {
  readonly cache: SessionCache;
  disconnect(): Promise<void>;
}

/**
 * Opens the cache in front of the store: a local tier, and a shared tier in Redis if `REDIS_URL` is set. Without
 * `REDIS_URL`, nodes on PostgreSQL send each other hints through the database.
 *
 * @throws StartError if that Redis is unreachable at the start. The service tolerates later outages of it.
 */
export async function openCache(config: Config, { store, dataVersion }: OpenStore): Promise<OpenCache> {
  const options = {
    store,
    maxStaleness: config.maxStaleness,
    ...(dataVersion ? { dataVersion } : {}),
    ...(config.localCacheTtl === null ? {} : { local: { ttl: config.localCacheTtl } }),
  };
  const { database } = config;
  if (config.redisUrl === null) {
    const hints = database.kind === "postgres" && {
      hints: postgresHints({ connectionString: database.url }),
    };
    return { cache: createCache({ ...options, ...hints }), disconnect: async () => {} };
  }
  const { host } = new URL(config.redisUrl);
  try {
    const transport = await connectRedis(config.redisUrl);
    return {
      cache: createCache({
        ...options,
        shared: redisShared(transport, config.sharedCacheTtl === null ? {} : { ttl: config.sharedCacheTtl }),
      }),
      disconnect: () => transport.close(),
    };
  } catch (error) {
    throw new StartError([`Cannot connect to the Redis at REDIS_URL (${host}).`], error);
  }
}
