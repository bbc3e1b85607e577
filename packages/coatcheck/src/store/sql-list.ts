import { type SelectQueryBuilder, sql } from "kysely";
import type { Page, PageRequest, SessionFilter } from "../session/store.ts";
import { pageOf, readPageRequest } from "./page.ts";
import { FILTERS, recordOf, type SessionRow } from "./sql-row.ts";

/** The part of a list query that differs between the SQL databases. */
export interface ListSource<Schema, View extends keyof Schema, Row extends SessionRow> {
  /** Selects the rows of all sessions, with mass revocations applied. */
  readonly sessions: SelectQueryBuilder<Schema, View, Row>;
  /** Whether no column can hold a value. No session matches a filter with such a value. */
  readonly isUnstorable: (value: unknown) => boolean;
}

/**
 * Reads one page of the sessions that match a filter, newest first. The caller has checked filter and page.
 *
 * @throws CoatcheckError `VALIDATION_FAILED` when the limit is out of range or the cursor is malformed.
 */
export async function listSessions<Schema, View extends keyof Schema, Row extends SessionRow>(
  { sessions, isUnstorable }: ListSource<Schema, View, Row>,
  filter: SessionFilter,
  page: PageRequest,
): Promise<Page> {
  const { limit, after } = readPageRequest(page);
  if (Object.values(filter).some(isUnstorable)) return { records: [], next: null };
  let query = sessions;
  for (const [name, column] of FILTERS) {
    const value = filter[name];
    if (value !== undefined) query = query.where(sql<boolean>`${sql.ref(column)} = ${value}`);
  }
  const { liveAt } = filter;
  if (liveAt !== undefined) query = query.where(sql<boolean>`state = 'active' and ends_at > ${liveAt}`);
  if (after) query = query.where(sql<boolean>`(created_at, id) < (${after.createdAt}, ${after.id})`);
  const rows = await query
    .orderBy(sql`created_at`, "desc")
    .orderBy(sql`id`, "desc")
    .limit(limit + 1)
    .execute();
  return pageOf(rows.map(recordOf), limit);
}
