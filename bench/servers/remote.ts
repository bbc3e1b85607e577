import { createClient } from "redis";
import { CacheServer } from "../../packages/coatcheck/test/faults/redis-server.ts";
import { startPostgres } from "../../packages/coatcheck/test/servers/postgres.ts";

/** Where the servers are, as environment. */
export interface Urls {
  readonly DATABASE_URL: string;
  readonly REDIS_URL: string;
}

/** A PostgreSQL, which keeps what it acknowledges, and a Redis, which keeps nothing on disk. */
export interface Servers {
  readonly env: Urls;
  /** The commands that Redis has run so far, by its own count; without those that ask whether it is there. */
  commands(): Promise<number>;
  stop(): Promise<void>;
}

/** Starts both for one measurement, with throw-away data. */
export async function startServers(): Promise<Servers> {
  const [postgres, redis] = await Promise.all([startPostgres(), CacheServer.start()]);
  const env = { DATABASE_URL: postgres.url, REDIS_URL: `redis://127.0.0.1:${redis.port}` };
  const client = await createClient({ url: env.REDIS_URL }).connect();
  return {
    env,
    async commands() {
      const counts = (await client.info("commandstats")).matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm);
      let total = 0;
      for (const [, name, calls] of counts) if (name !== "info" && name !== "ping") total += Number(calls);
      return total;
    },
    async stop() {
      client.destroy();
      await Promise.all([postgres.stop(), redis.stop()]);
    },
  };
}

/** Where they are, for a process that was told. */
export function urls(): Urls {
  const { DATABASE_URL = "", REDIS_URL = "" } = process.env;
  return { DATABASE_URL, REDIS_URL };
}

/** A client of that Redis. */
export async function connectedClient() {
  return await createClient({ url: urls().REDIS_URL }).connect();
}
