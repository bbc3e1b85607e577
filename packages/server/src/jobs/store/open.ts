import { connectRedis, type NoticeListener } from "coatcheck/store/redis";
import { connectUpstash } from "coatcheck/store/upstash";
import type { Database } from "../../database-variable.ts";
import { PostgresJobStore } from "./postgres.ts";
import { RedisJobStore } from "./redis.ts";
import { SqliteJobStore } from "./sqlite.ts";
import type { JobStore } from "./store.ts";

/**
 * Opens the job store in the sessions' database, which all nodes share. Open the session store first, because it
 * creates the database.
 */
export async function openJobStore(database: Database, onNotice: NoticeListener): Promise<JobStore> {
  switch (database.kind) {
    case "sqlite":
      return new SqliteJobStore(database.path);
    case "postgres":
      return await PostgresJobStore.open(database.url);
    case "redis":
      return new RedisJobStore(await connectRedis(database.url, { onNotice }));
    case "upstash": {
      const { url, token } = database;
      return new RedisJobStore(await connectUpstash({ url, token }));
    }
  }
}
