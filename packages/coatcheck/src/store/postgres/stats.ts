import type { Kysely } from "kysely";
import type { StoreStats } from "../../session/store.ts";
import type { PostgresSchema } from "./schema.ts";

/** Counts the sessions as of `now`, epoch milliseconds. */
export async function countSessions(db: Kysely<PostgresSchema>, now: number): Promise<StoreStats> {
  return await db
    .selectFrom("coatcheck_session_now")
    .select(({ fn, and, eb }) => {
      const isLive = and([eb("state", "=", "active"), eb("ends_at", ">", now)]);
      return [
        fn.countAll<number>().as("total"),
        fn.countAll<number>().filterWhere(isLive).as("active"),
        fn
          .countAll<number>()
          .filterWhere(isLive)
          .filterWhere("type", "=", "authenticated")
          .as("authenticated"),
        fn.min("created_at").filterWhere(isLive).as("oldest"),
        fn.max("created_at").filterWhere(isLive).as("newest"),
      ];
    })
    .executeTakeFirstOrThrow();
}
