import { CompiledQuery, type Transaction } from "kysely";

/** One transaction on a PostgreSQL connection. */
export class PostgresSession {
  readonly #transaction: Transaction<unknown>;

  constructor(transaction: Transaction<unknown>) {
    this.#transaction = transaction;
  }

  /** Runs a statement and returns its rows. */
  async rows<Row>(statement: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    const query = CompiledQuery.raw(statement, [...parameters]);
    const { rows } = await this.#transaction.executeQuery<Row>({ ...query } as CompiledQuery<Row>);
    return rows;
  }
}
