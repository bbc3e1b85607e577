import { CompiledQuery, Kysely, PostgresAdapter, PostgresDialect } from "kysely";
import type { PostgresPool } from "./driver.ts";
import { DeadlinePool, type DeadlinePoolOptions } from "./pool.ts";
import type { PostgresSchema } from "./schema.ts";

/**
 * Turns off Kysely's lock on migrations, because that lock does not work behind a transaction pooler. `migrate` takes
 * its own lock instead.
 */
class UnlockedAdapter extends PostgresAdapter {
  override async acquireMigrationLock(): Promise<void> {}
  override async releaseMigrationLock(): Promise<void> {}
}

class Dialect extends PostgresDialect {
  override createAdapter(): PostgresAdapter {
    return new UnlockedAdapter();
  }
}

/** Runs queries on a PostgreSQL database. Every query ends within a deadline. */
export class PostgresDatabase {
  /** The query builder, for queries that are composed at run time. */
  readonly kysely: Kysely<PostgresSchema>;
  readonly #pool: DeadlinePool;

  constructor(pool: PostgresPool, options: DeadlinePoolOptions) {
    this.#pool = new DeadlinePool(pool, options);
    this.kysely = new Kysely({ dialect: new Dialect({ pool: this.#pool }) });
  }

  /** Runs a statement and returns its rows. */
  async rows<Row>(statement: string, parameters: readonly unknown[]): Promise<Row[]> {
    const { rows } = await this.kysely.executeQuery<Row>({
      ...CompiledQuery.raw(statement, [...parameters]),
    });
    return rows;
  }

  /** Runs a statement that always returns one row, and returns that row. */
  async first<Row>(statement: string, parameters: readonly unknown[]): Promise<Row> {
    const [row] = await this.rows<Row>(statement, parameters);
    if (row === undefined)
      throw new Error("Unexpected PostgreSQL result: a statement that always returns one row returned none.");
    return row;
  }

  /** Runs a statement whose row has a `count`, and returns that number. */
  async count(statement: string, parameters: readonly unknown[]): Promise<number> {
    return (await this.first<{ count: number }>(statement, parameters)).count;
  }

  /** Whether a pooler such as PgBouncer is between this process and the server. */
  async isPooled(): Promise<boolean> {
    const client = await this.#pool.connect();
    try {
      return await client.isPooled();
    } finally {
      client.release();
    }
  }

  /** Ends the pool, which closes all of its connections. */
  async end(): Promise<void> {
    await this.#pool.end();
  }
}
