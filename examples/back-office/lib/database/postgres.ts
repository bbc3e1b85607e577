import pg from "pg";
import type { Driver, Rows, SqlValue } from "./database.ts";
import { createTablesSql, POSTGRES_DIALECT } from "./schema.ts";

/** The schema of the application's tables, which are in the same database as the sessions. */
const SCHEMA = "back_office";
/** The key of the advisory lock under which a process creates the tables. */
const SCHEMA_LOCK = 0x0ff1ce;
/** Unique violation (PostgreSQL, appendix A). */
const UNIQUE_VIOLATION = "23505";
/** The object id of the type `bigint`, which the driver returns as text by default. */
const BIGINT_OID = 20;

const types: pg.CustomTypesConfig = {
  getTypeParser: (id, format) => (id === BIGINT_OID ? Number : pg.types.getTypeParser(id, format)),
};

/**
 * Opens a database of PostgreSQL, and creates the tables if they are missing.
 *
 * @param onError receives the error of a connection that fails while no request uses it.
 */
export async function openPostgres(url: string, onError: (error: Error) => void): Promise<Driver> {
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    types,
    connectionTimeoutMillis: 5000,
    onConnect: (client) => client.query(`SET search_path TO ${SCHEMA}`),
  });
  pool.on("error", onError);
  try {
    await createTables(pool);
  } catch (error) {
    await pool.end();
    throw error;
  }
  return {
    execute: (sql, values) => run(pool, sql, values),
    async transaction(change) {
      const client = await pool.connect();
      let failure: Error | undefined;
      try {
        await client.query("BEGIN");
        const result = await change((sql, values) => run(client, sql, values));
        await client.query("COMMIT");
        return result;
      } catch (error) {
        await client.query("ROLLBACK").catch((lost: Error) => {
          failure = lost;
        });
        throw error;
      } finally {
        // A connection whose transaction could not be ended must not serve another request.
        client.release(failure);
      }
    },
    isUniqueViolation: (error) =>
      error instanceof Error && "code" in error && error.code === UNIQUE_VIOLATION,
    close: () => pool.end(),
  };
}

async function run(
  connection: pg.Pool | pg.PoolClient,
  sql: string,
  values: readonly SqlValue[],
): Promise<Rows> {
  let index = 0;
  const text = sql.replaceAll("?", () => `$${++index}`);
  const { rows, rowCount } = await connection.query(text, [...values]);
  return { rows, changedRowCount: rowCount ?? 0 };
}

/**
 * Creates missing tables under a lock. Without the lock, two processes that start at the same time could both find that
 * a table is missing.
 */
async function createTables(pool: pg.Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    await client.query("SELECT pg_advisory_xact_lock($1)", [SCHEMA_LOCK]);
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${SCHEMA}`);
    await client.query(createTablesSql(POSTGRES_DIALECT));
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  } finally {
    client.release();
  }
}
