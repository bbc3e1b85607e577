import type { StoreStats } from "../../session/store.ts";
import type { PostgresDatabase } from "./database.ts";

/** Parameter: now. */
const COUNT_SESSIONS = `
  select (select count(*) from coatcheck_session) as total, count(*) as active,
    count(*) filter (where type = 'authenticated') as authenticated,
    min(created_at) as oldest, max(created_at) as newest
  from coatcheck_session s
  where state <> 'revoked' and ends_hour >= $1::bigint / 3600000 and ends_at > $1::bigint and not exists (
    select from coatcheck_mass_revocation m where m.epoch > s.epoch and (m.tenant is null or m.tenant = s.tenant)
  )`;

/** Counts the sessions as of `now`, epoch milliseconds. */
export async function countSessions(database: PostgresDatabase, now: number): Promise<StoreStats> {
  const counts = await database.first<Omit<StoreStats, "countedAt">>(COUNT_SESSIONS, [now]);
  return { ...counts, countedAt: now };
}
