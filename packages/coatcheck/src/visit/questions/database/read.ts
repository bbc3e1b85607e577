import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type RawBuilder,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import { CoatcheckError } from "../../../session/errors.ts";

/** The SQL databases that the questions read. */
export type DialectName = "sqlite" | "postgres";

/** Runs queries in one read transaction, so that all of them read the same snapshot. */
export interface Reader {
  readonly dialect: DialectName;
  /** Runs a query and returns its rows. Integers are returned as numbers. */
  rows<Row>(query: RawBuilder<Row>): Promise<Row[]>;
}

/** A database that questions read. */
export interface ReadDatabase {
  /**
   * Calls `work` with a reader.
   *
   * @param deadline - latest end, by `performance.now()`.
   * @throws CoatcheckError `VALIDATION_FAILED` when a query exceeds the deadline; the query is then stopped.
   *   `STORE_UNAVAILABLE` for every failure of the database.
   */
  read<Answer>(deadline: number, work: (reader: Reader) => Promise<Answer>): Promise<Answer>;
  /** Stops running queries, and rejects later questions. Does not close the pool. */
  close(): Promise<void>;
}

/** The text and the parameters of a query. */
export interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** Kysely instances that only compile queries and never run them. */
const QUERY_COMPILERS = {
  sqlite: new Kysely<unknown>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  }),
  postgres: new Kysely<unknown>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  }),
} satisfies Record<DialectName, Kysely<unknown>>;

/** Compiles a query for a dialect. */
export function compile(dialect: DialectName, query: RawBuilder<unknown>): Statement {
  return query.compile(QUERY_COMPILERS[dialect]);
}

/** Returns the error of a query that exceeds the time budget. */
export function timeBudgetError(): CoatcheckError {
  return new CoatcheckError(
    "VALIDATION_FAILED",
    "The query takes longer than the option timeBudget allows. Narrow the range, or use fewer filters.",
    { faults: [{ path: "from", message: "makes the range too long for the time budget; narrow the range" }] },
  );
}

/** Returns a `STORE_UNAVAILABLE` error for a failure of the database. */
export function unavailableError(cause: unknown): CoatcheckError {
  if (cause instanceof CoatcheckError) return cause;
  return new CoatcheckError("STORE_UNAVAILABLE", "The visits could not be read; try again shortly.", {
    cause,
  });
}

/** Returns the error of every query after `close`. */
export function closedDatabaseError(): CoatcheckError {
  return new CoatcheckError(
    "STORE_UNAVAILABLE",
    "Cannot query visits: close() has closed the database connections.",
  );
}
