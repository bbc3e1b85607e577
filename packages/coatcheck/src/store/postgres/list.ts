import { sql } from "kysely";
import type { ListSource } from "../sql-list.ts";
import type { PostgresDatabase } from "./database.ts";
import type { PostgresSchema } from "./schema.ts";
import { isUnstorable, READ_COLUMNS } from "./statements.ts";

/** Returns the tables from which `list` reads, and the conditions that it uses. */
export function createListSource({ kysely }: PostgresDatabase): ListSource<PostgresSchema> {
  return {
    db: kysely,
    table: "coatcheck_session",
    view: "coatcheck_session_now",
    columns: READ_COLUMNS,
    expiryHour: sql`s.ends_hour`,
    isNotMassRevoked: sql`not exists (
      select from coatcheck_mass_revocation m where m.epoch > s.epoch and (m.tenant is null or m.tenant = s.tenant)
    )`,
    isWrittenBefore: (epoch) => sql`s.epoch < ${epoch}`,
    massRevocations: () =>
      kysely
        .selectFrom("coatcheck_mass_revocation")
        .select(({ fn }) => ["tenant", fn.max("epoch").as("position")])
        .groupBy("tenant")
        .execute(),
    isUnstorable,
  };
}
