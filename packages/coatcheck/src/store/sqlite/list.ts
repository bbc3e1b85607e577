import type { DatabaseSync } from "node:sqlite";
import { sql } from "kysely";
import type { ListSource } from "../sql-list.ts";
import { hasLoneSurrogate } from "../sql-row.ts";
import { createKysely } from "./dialect.ts";
import type { Tables } from "./schema.ts";
import { COLUMNS, newestMassRevocation, tenantOfScope } from "./statements.ts";

/**
 * Returns the tables and conditions of `list`. A plus sign before a column prevents SQLite from using an index on that
 * column, which would not be in list order.
 */
export function createListSource(database: DatabaseSync): ListSource<Tables> {
  const db = createKysely(database);
  return {
    db,
    table: "session",
    view: "session_now",
    columns: COLUMNS,
    expiryHour: sql`+s.end_hour`,
    isNotMassRevoked: sql.raw(
      `+s.written_at > ${newestMassRevocation("'everyone'")}
       AND +s.written_at > ${newestMassRevocation("'tenant:' || s.tenant")}`,
    ),
    isWrittenBefore: (position) => sql`+s.written_at <= ${position}`,
    async massRevocations() {
      const rows = await db
        .selectFrom("mass_revocation")
        .select(({ fn }) => ["scope", fn.max("position").as("position")])
        .groupBy("scope")
        .execute();
      return rows.map(({ scope, position }) => ({ tenant: tenantOfScope(scope), position }));
    },
    isUnstorable: hasLoneSurrogate,
  };
}
