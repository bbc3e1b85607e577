import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout } from "node:timers/promises";
import type { Driver, Rows, SqlValue } from "./database.ts";
import { createTablesSql, SQLITE_DIALECT } from "./schema.ts";

/** SQLITE_CONSTRAINT_UNIQUE and SQLITE_CONSTRAINT_PRIMARYKEY. */
const UNIQUE_VIOLATIONS: readonly unknown[] = [2067, 1555];
const SQLITE_BUSY = 5;
/** Milliseconds to wait for the transaction of another process. */
const MAX_WAIT = 10_000;
const RETRY_AFTER = 5;

/** Opens an SQLite file. Creates the file and its tables if they are missing. */
export function openSqlite(path: string): Driver {
  mkdirSync(dirname(path), { recursive: true });
  const sqlite = new DatabaseSync(path);
  sqlite.exec("PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON;");
  sqlite.exec(createTablesSql(SQLITE_DIALECT));
  // From now on SQLite does not wait for other processes, because waiting would block all requests of this process.
  // `retryWhileBusy` repeats a blocked transaction instead.
  sqlite.exec("PRAGMA busy_timeout = 0");

  async function run(sql: string, values: readonly SqlValue[]): Promise<Rows> {
    const statement = sqlite.prepare(sql);
    if (statement.columns().length > 0) return { rows: statement.all(...values), changedRowCount: 0 };
    return { rows: [], changedRowCount: Number(statement.run(...values).changes) };
  }

  // One connection serves all requests, so a statement of another request must not run inside a transaction.
  let lastTransaction: Promise<unknown> = Promise.resolve();

  /** Runs `attempt`, and repeats it while the transaction of another process blocks it. */
  async function retryWhileBusy<Result>(attempt: () => Promise<Result>): Promise<Result> {
    const until = performance.now() + MAX_WAIT;
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (!isBusy(error) || performance.now() > until) throw error;
      }
      await setTimeout(RETRY_AFTER);
    }
  }

  async function inTransaction<Result>(change: () => Promise<Result>): Promise<Result> {
    await retryWhileBusy(async () => sqlite.exec("BEGIN IMMEDIATE"));
    try {
      const result = await change();
      sqlite.exec("COMMIT");
      return result;
    } catch (error) {
      sqlite.exec("ROLLBACK");
      throw error;
    }
  }

  return {
    execute: (sql, values) =>
      retryWhileBusy(async () => {
        await lastTransaction;
        return await run(sql, values);
      }),
    async transaction(change) {
      const result = lastTransaction.then(() => inTransaction(() => change(run)));
      lastTransaction = result.catch(() => undefined);
      return await result;
    },
    isUniqueViolation: (error) => UNIQUE_VIOLATIONS.includes(codeOf(error)),
    async close() {
      await lastTransaction;
      sqlite.close();
    },
  };
}

/** Whether another connection holds the lock. The lowest byte of an extended result code is the primary result code. */
function isBusy(error: unknown): boolean {
  const code = codeOf(error);
  return typeof code === "number" && (code & 0xff) === SQLITE_BUSY;
}

/** Returns the extended result code of an SQLite error; undefined for any other error. */
function codeOf(error: unknown): unknown {
  return error instanceof Error && "errcode" in error ? error.errcode : undefined;
}
