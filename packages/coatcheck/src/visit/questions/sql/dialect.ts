import { type RawBuilder, sql } from "kysely";
import type { DialectName } from "../database/read.ts";

/** A fragment of SQL. */
export type Sql<Value = unknown> = RawBuilder<Value>;

/** The fragments of SQL that differ between the databases. */
export interface Dialect {
  readonly name: DialectName;
  /** Whether `text` contains `part`, case-sensitive. */
  contains(text: Sql, part: string | Sql): Sql<boolean>;
  /**
   * The entries of a journey (the events of a visit, see `VisitJourneyRow`) as a table `e` with the columns `key`
   * (text or number, in order) and `value` (a JSON array).
   */
  entryTable(journey: Sql): Sql;
  /** The value at an index of the entry `e`, as text. */
  textAt(index: number): Sql<string>;
  /** The value at an index of the entry `e`, as an integer. */
  integerAt(index: number): Sql<number>;
  /** The amounts in a JSON object, as a table `e` with the columns `key` (text) and `value` (integer). */
  amountTable(object: Sql): Sql;
  /** An aggregate: the numbers as a JSON array in ascending order. */
  sortedList(number: Sql): Sql<string>;
  /** `text`, sorted by its bytes, so that both databases return the same order. */
  sortedByBytes(text: Sql): Sql;
  /**
   * A condition that is always true, but lets the database stop a scan after the deadline.
   *
   * @param number - an integer column whose values differ between the scanned rows. With a constant, the database would
   *   evaluate the condition only once.
   */
  withinBudget(number: Sql): Sql<boolean>;
}

/** SQLite. See `QueryThread` for `within_budget()`. Only one row in 251 calls it, which keeps the cost low. */
const sqliteDialect: Dialect = {
  name: "sqlite",
  contains: (text, part) => sql`instr(${text}, ${part}) > 0`,
  entryTable: (journey) => sql`json_each(${journey}) e`,
  textAt: (index) => sql`json_extract(e.value, ${sql.lit(`$[${index}]`)})`,
  integerAt: (index) => sql`json_extract(e.value, ${sql.lit(`$[${index}]`)})`,
  amountTable: (object) => sql`json_each(${object}) e`,
  sortedList: (number) => sql`json_group_array(${number} order by ${number})`,
  sortedByBytes: (text) => text,
  withinBudget: (number) => sql`(${number} % 251 <> 0 or within_budget())`,
};

/** PostgreSQL needs no condition to stop a query: each query has a `statement_timeout`. */
const postgresDialect: Dialect = {
  name: "postgres",
  contains: (text, part) => sql`strpos(${text}, ${part}) > 0`,
  entryTable: (journey) => sql`jsonb_array_elements((${journey})::jsonb) with ordinality e (value, key)`,
  textAt: (index) => sql`(e.value ->> ${sql.lit(index)})`,
  integerAt: (index) => sql`(e.value ->> ${sql.lit(index)})::bigint`,
  amountTable: (object) => sql`jsonb_each_text((${object})::jsonb) e`,
  sortedList: (number) => sql`coalesce(json_agg(${number} order by ${number}), '[]')::text`,
  sortedByBytes: (text) => sql`${text} collate "C"`,
  withinBudget: () => sql`true`,
};

/** The SQL fragments of each database. */
export const DIALECTS: Readonly<Record<DialectName, Dialect>> = {
  sqlite: sqliteDialect,
  postgres: postgresDialect,
};

/** Joins conditions with AND. */
export function allOf(conditions: readonly Sql[]): Sql<boolean> {
  return conditions.length > 0 ? sql`(${sql.join(conditions, sql` and `)})` : sql`true`;
}

/**
 * A sum; zero if there are no rows. It is a floating-point number, because a sum of amounts may exceed the largest
 * integer of JavaScript or of the database. Integers up to 2^53 are exact.
 */
export function sumOf(number: Sql): Sql<number> {
  return sql`coalesce(sum(cast(${number} as double precision)), cast(0 as double precision))`;
}
