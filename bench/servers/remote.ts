import { CacheServer } from "../../packages/coatcheck/test/faults/redis-server.ts";
import { startPostgres } from "../../packages/coatcheck/test/servers/postgres.ts";

/** A PostgreSQL, which keeps what it acknowledges, and a Redis, which keeps nothing on disk. */
export interface Servers {
  readonly env: { readonly DATABASE_URL: string; readonly REDIS_URL: string };
  stop(): Promise<void>;
}

/** Starts both for one measurement, with throw-away data. */
export async function startServers(): Promise<Servers> {
  const [postgres, redis] = await Promise.all([startPostgres(), CacheServer.start()]);
  return {
    env: { DATABASE_URL: postgres.url, REDIS_URL: `redis://127.0.0.1:${redis.port}` },
    async stop() {
      await Promise.all([postgres.stop(), redis.stop()]);
    },
  };
}
