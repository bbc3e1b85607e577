import { createCache, redisShared, type SessionCache } from "coatcheck/cache";
import { postgresHints } from "coatcheck/store/postgres";
import { connectRedis } from "coatcheck/store/redis";
import type { Config } from "./config.ts";
import type { OpenStore } from "./open-store.ts";
import { StartError } from "./start-error.ts";

/** A cache, and how to let go of the server that it shares copies through. */
export interface OpenCache {
  readonly cache: SessionCache;
  disconnect(): Promise<void>;
}

/**
 * The caches in front of the store: in this process, and in Redis where `REDIS_URL` names one. Without it, nodes over
 * PostgreSQL tell each other through that.
 *
 * @throws StartError when that Redis cannot be reached. Once the service runs, it may come and go.
 */
export async function openCache(config: Config, { store, dataVersion }: OpenStore): Promise<OpenCache> {
  const options = {
    store,
    stalenessBound: config.stalenessBound,
    ...(dataVersion ? { dataVersion } : {}),
    ...(config.cacheTtl === null ? {} : { local: { ttl: config.cacheTtl } }),
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
      cache: createCache({ ...options, shared: redisShared(transport) }),
      disconnect: () => transport.close(),
    };
  } catch (error) {
    throw new StartError([`The Redis of REDIS_URL (${host}) cannot be reached.`], error);
  }
}
