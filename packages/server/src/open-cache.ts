import { createCache, redisShared, type SessionCache } from "coatcheck/cache";
import type { Encryption } from "coatcheck/encryption";
import { postgresHints } from "coatcheck/store/postgres";
import { connectRedis, type NoticeListener, type RedisTransport } from "coatcheck/store/redis";
import { connectUpstash } from "coatcheck/store/upstash";
import type { Config } from "./config.ts";
import type { Upstash } from "./database-variable.ts";
import type { OpenStore } from "./open-store.ts";
import { StartError } from "./start-error.ts";

/** A cache, and the function that disconnects it from its shared tier. */
export interface OpenCache {
  readonly cache: SessionCache;
  disconnect(): Promise<void>;
}

/** Timeout of one command to Upstash, in milliseconds. Each command is an HTTP request over the internet. */
const UPSTASH_DEADLINE = 1000;

/**
 * Opens the cache in front of the store: a local tier, and a shared tier if Redis or Upstash is configured. Nodes
 * notify each other of changed sessions through Redis subscriptions, or otherwise through PostgreSQL.
 *
 * @throws StartError if the configured Redis is unreachable at the start. The service tolerates later outages.
 */
export async function openCache(
  config: Config,
  { store, dataVersion, encryption }: OpenStore & { readonly encryption: Encryption | null },
  onNotice: NoticeListener,
): Promise<OpenCache> {
  const { database, redisUrl, upstash } = config;
  const options = {
    store,
    maxStaleness: config.maxStaleness,
    ...(dataVersion ? { dataVersion } : {}),
    ...(config.localCacheTtl === null ? {} : { local: { ttl: config.localCacheTtl } }),
  };
  const hints =
    database.kind === "postgres" && redisUrl === null
      ? { hints: postgresHints({ connectionString: database.url, onNotice }) }
      : {};
  const transport = await connectShared(redisUrl, upstash, onNotice);
  if (transport === null) return { cache: createCache({ ...options, ...hints }), disconnect: async () => {} };
  const tier = redisShared(transport, config.sharedCacheTtl === null ? {} : { ttl: config.sharedCacheTtl });
  const shared = encryption ? encryption.shared(tier) : tier;
  const deadlines = upstash ? { deadlines: { shared: UPSTASH_DEADLINE } } : {};
  return {
    cache: createCache({ ...options, ...hints, ...deadlines, shared }),
    disconnect: () => transport.close(),
  };
}

async function connectShared(
  redisUrl: string | null,
  upstash: Upstash | null,
  onNotice: NoticeListener,
): Promise<RedisTransport | null> {
  if (redisUrl !== null) {
    return await connectRedis(redisUrl, { onNotice }).catch((error) => {
      throw new StartError([`Cannot connect to the Redis at REDIS_URL (${new URL(redisUrl).host}).`], error);
    });
  }
  if (upstash === null) return null;
  try {
    const transport = await connectUpstash({ ...upstash, deadline: UPSTASH_DEADLINE });
    await transport.exec(["PING"]);
    return transport;
  } catch (error) {
    const { host } = new URL(upstash.url);
    throw new StartError([`Cannot connect to the Redis at UPSTASH_REDIS_REST_URL (${host}).`], error);
  }
}
