import { connectRedis, type NoticeListener } from "coatcheck/store/redis";
import { connectUpstash } from "coatcheck/store/upstash";
import type { Database } from "../../database-variable.ts";
import type { JobBoard } from "./board.ts";
import { PostgresJobBoard } from "./postgres.ts";
import { RedisJobBoard } from "./redis.ts";
import { SqliteJobBoard } from "./sqlite.ts";

/**
 * Opens the board that the nodes of a database share. Open the session store first, because it creates the database.
 */
export async function openJobBoard(database: Database, onNotice: NoticeListener): Promise<JobBoard> {
  switch (database.kind) {
    case "sqlite":
      return new SqliteJobBoard(database.path);
    case "postgres":
      return await PostgresJobBoard.open(database.url);
    case "redis":
      return new RedisJobBoard(await connectRedis(database.url, { onNotice }));
    case "upstash": {
      const { url, token } = database;
      return new RedisJobBoard(await connectUpstash({ url, token }));
    }
  }
}
