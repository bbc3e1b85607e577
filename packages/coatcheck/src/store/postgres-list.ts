import type { Kysely } from "kysely";
import type { Page, PageRequest, SessionFilter, StoreStats } from "../session/store.ts";
import { pageOf, readPageRequest } from "./page.ts";
import type { PostgresSchema } from "./postgres-schema.ts";
import { READ } from "./postgres-statements.ts";
import { FILTERS, isIllFormed, recordOf } from "./row.ts";

/** Whether no row can have this value: PostgreSQL's texts hold every character but one, and UTF-8 no half of a pair. */
export function isUnstorable(value: unknown): boolean {
  return isIllFormed(value) || (typeof value === "string" && value.includes("\0"));
}

/** One page of sessions, newest first. */
export async function listSessions(
  db: Kysely<PostgresSchema>,
  filter: SessionFilter,
  page: PageRequest,
): Promise<Page> {
  const { limit, after } = readPageRequest(page);
  if (Object.values(filter).some(isUnstorable)) return { records: [], next: null };
  let query = db.selectFrom("coatcheck_session_now").select(READ);
  for (const [name, column] of FILTERS) {
    const value = filter[name];
    if (value !== undefined) query = query.where(column, "=", value);
  }
  const { liveAt } = filter;
  if (liveAt !== undefined) query = query.where("state", "=", "active").where("ends_at", ">", liveAt);
  if (after) {
    query = query.where((is) =>
      is(is.refTuple("created_at", "id"), "<", is.tuple(after.createdAt, after.id)),
    );
  }
  const rows = await query
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .limit(limit + 1)
    .execute();
  return pageOf(rows.map(recordOf), limit);
}

/** Counts as of `now`. */
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
