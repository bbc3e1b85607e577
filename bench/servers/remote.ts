import { createClient } from "redis";
import { RedisCacheServer } from "../../packages/coatcheck/test/faults/redis-server.ts";
import { startPostgres } from "../../packages/coatcheck/test/servers/postgres.ts";

/** The environment variables that contain the servers' URLs. */
export interface ServerUrls {
  readonly DATABASE_URL: string;
  readonly REDIS_URL: string;
}

/** A running PostgreSQL server with durable commits and a running Redis server without persistence. */
export interface RunningServers {
  readonly env: ServerUrls;
  /** Reads from Redis how many commands it has run so far, except `PING` and `INFO`. */
  countCommands(): Promise<number>;
  /** Stops both servers. */
  stop(): Promise<void>;
}

/** Starts both servers for one measurement, with temporary data. */
export async function startServers(): Promise<RunningServers> {
  const [postgres, redis] = await Promise.all([startPostgres(), RedisCacheServer.start()]);
  const env = { DATABASE_URL: postgres.url, REDIS_URL: `redis://127.0.0.1:${redis.port}` };
  const client = await createClient({ url: env.REDIS_URL }).connect();
  return {
    env,
    async countCommands() {
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

/** Reads the servers' URLs from the environment variables of this process. */
export function readUrls(): ServerUrls {
  const { DATABASE_URL = "", REDIS_URL = "" } = process.env;
  return { DATABASE_URL, REDIS_URL };
}

/** Connects a client to the Redis server. */
export async function connectClient() {
  return await createClient({ url: readUrls().REDIS_URL }).connect();
}
