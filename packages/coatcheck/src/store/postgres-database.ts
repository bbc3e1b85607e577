import { CompiledQuery, Kysely, PostgresDialect } from "kysely";
import { DeadlinePool, type PoolManner, type PostgresPool } from "./postgres-pool.ts";
import type { PostgresSchema } from "./postgres-schema.ts";

/** A PostgreSQL database, every call to which is over within a deadline. */
export class PostgresDatabase {
  /** For queries that are put together. */
  readonly kysely: Kysely<PostgresSchema>;
  readonly #pool: DeadlinePool;

  constructor(pool: PostgresPool, manner: PoolManner) {
    this.#pool = new DeadlinePool(pool, manner);
    this.kysely = new Kysely({ dialect: new PostgresDialect({ pool: this.#pool }) });
  }

  /** The rows that a statement answers. */
  async rows<Row>(statement: string, parameters: readonly unknown[]): Promise<Row[]> {
    const { rows } = await this.kysely.executeQuery<Row>({
      ...CompiledQuery.raw(statement, [...parameters]),
    });
    return rows;
  }

  /** The one row that a statement always answers. */
  async first<Row>(statement: string, parameters: readonly unknown[]): Promise<Row> {
    const [row] = await this.rows<Row>(statement, parameters);
    if (row === undefined) throw new Error("PostgreSQL answered no row where there always is one.");
    return row;
  }

  /** The number that a statement answers as `count`. */
  async count(statement: string, parameters: readonly unknown[]): Promise<number> {
    return (await this.first<{ count: number }>(statement, parameters)).count;
  }

  /** Closes the connections, also those of others on the same pool. */
  async end(): Promise<void> {
    await this.#pool.end();
  }
}
