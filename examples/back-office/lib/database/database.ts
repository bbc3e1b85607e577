import { AsyncLocalStorage } from "node:async_hooks";

/** A parameter of a statement. */
export type SqlValue = string | number | null;

/** What a statement returned, and the number of rows that it changed. */
export interface Rows {
  readonly rows: readonly unknown[];
  readonly changedRowCount: number;
}

/**
 * Runs one statement. Each `?` in `sql` stands for a parameter, in the order of `values`. `sql` must not contain a `?`
 * for anything else.
 */
export type Execute = (sql: string, values: readonly SqlValue[]) => Promise<Rows>;

/** Accesses a database. The statements must be valid in both SQLite and PostgreSQL. */
export interface Driver {
  readonly execute: Execute;
  /** Runs the statements of `change` as one transaction. Rolls back and rejects when `change` rejects. */
  transaction<Result>(change: (execute: Execute) => Promise<Result>): Promise<Result>;
  /** Whether an error says that a row with the same unique value exists. */
  isUniqueViolation(error: unknown): boolean;
  close(): Promise<void>;
}

/** Runs statements, either each by itself or all in one transaction. */
export class Queries {
  readonly #execute: Execute;

  constructor(execute: Execute) {
    this.#execute = execute;
  }

  async all<Row>(sql: string, ...values: readonly SqlValue[]): Promise<readonly Row[]> {
    return (await this.#execute(sql, values)).rows as Row[];
  }

  async one<Row>(sql: string, ...values: readonly SqlValue[]): Promise<Row | null> {
    const { rows } = await this.#execute(sql, values);
    return (rows[0] as Row | undefined) ?? null;
  }

  /** Changes rows. Returns the number of changed rows. */
  async run(sql: string, ...values: readonly SqlValue[]): Promise<number> {
    return (await this.#execute(sql, values)).changedRowCount;
  }

  /** Inserts a row. Returns its id; null if `ON CONFLICT DO NOTHING` prevented it. */
  async insert(sql: string, ...values: readonly SqlValue[]): Promise<number | null> {
    return (await this.one<{ readonly id: number }>(`${sql} RETURNING id`, ...values))?.id ?? null;
  }
}

/**
 * The application's database. It can count the statements of a request, so that pages and tests can show how few a
 * request needs.
 */
export class Database extends Queries {
  readonly #driver: Driver;
  readonly #counts: AsyncLocalStorage<{ statements: number }>;

  constructor(driver: Driver) {
    const counts = new AsyncLocalStorage<{ statements: number }>();
    super((sql, values) => {
      const count = counts.getStore();
      if (count) count.statements++;
      return driver.execute(sql, values);
    });
    this.#driver = driver;
    this.#counts = counts;
  }

  /** Runs `work`. Returns its result, and the number of statements that it ran outside of transactions. */
  async countStatements<Result>(work: () => Promise<Result>): Promise<readonly [Result, number]> {
    const count = { statements: 0 };
    const result = await this.#counts.run(count, work);
    return [result, count.statements];
  }

  /** Runs the statements of `change` as one transaction. Rolls back and rejects when `change` rejects. */
  async transaction<Result>(change: (queries: Queries) => Promise<Result>): Promise<Result> {
    return await this.#driver.transaction((execute) => change(new Queries(execute)));
  }

  /** Whether an error says that a row with the same unique value exists. */
  isUniqueViolation(error: unknown): boolean {
    return this.#driver.isUniqueViolation(error);
  }

  async close(): Promise<void> {
    await this.#driver.close();
  }
}
